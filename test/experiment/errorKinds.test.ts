import { expect, it } from "vitest"
import { isOfMachine, mayBeOfMachine } from "../../src/experiment/errorKinds.ts"

it("missing data, a full disk and an engine that is not here are of the machine; what was asked is not", () => {
  expect(["DatasetMissing", "RunDirectoryError", "BackendUnavailable"].map(isOfMachine)).toEqual([true, true, true])
  expect(["Diverged", "DataUnfit", "Crashed", "OptimizerError"].map(isOfMachine)).toEqual([false, false, false, false])
})

it("an engine or a process that failed may do better elsewhere, and what diverged does not", () => {
  expect(["Crashed", "EngineFailed", "Diverged", "OptimizerError"].map(mayBeOfMachine)).toEqual([
    true,
    true,
    false,
    false
  ])
})

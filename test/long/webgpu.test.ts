import { Sphere, Stiefel } from "finegrain"
import { Law, manifoldLaws, methods, optimizerLaws } from "finegrain/laws"
import { beforeAll, describe, expect, it } from "vitest"
import { use } from "../backends.ts"
import { noWebgpu, runsWebgpu } from "../webgpu.ts"

describe.skipIf(!runsWebgpu)(`laws on webgpu${noWebgpu === undefined ? "" : `, skipped: ${noWebgpu}`}`, () => {
  beforeAll(() => use("webgpu"))

  /** Laws that are broken; or that there are too few. */
  const broken = async (set: Law.LawSet) => {
    const reports = await Law.checkAll(set, { runs: 1, seed: 1 })
    return reports.length > 8 ? reports.filter(({ passed }) => !passed).map(Law.format) : [`${reports.length} laws`]
  }

  // The paper's manifolds are in everyBackend.test.ts.
  it("hold for the canonical metric and Cayley's retraction", async () => {
    const canonical = Stiefel.make([4, 2], { metric: Stiefel.canonical, retraction: Stiefel.cayley })
    // Its logarithm is a search by operations that stand here on their own, more of them than Dawn has memory for.
    const { dist: _, log: __, ...rest } = canonical
    expect(await broken(manifoldLaws(rest, { metric: "other" }))).toEqual([])
  })

  // FG-SGD's are in everyBackend.test.ts.
  it.each(Object.values(methods).filter(({ name }) => name !== methods.fgSgd.name))(
    "hold for $name",
    async (method) => {
      const set = optimizerLaws([Sphere.make([3, 3]), Stiefel.make([3, 3])], method, { longRuns: false })
      expect(await broken(set)).toEqual([])
    }
  )
})

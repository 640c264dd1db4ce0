import { Law, matrixLaws } from "finegrain/laws"
import { describe, it } from "vitest"
import { onEachBackend } from "../backends.ts"
import { runsWebgpu } from "../webgpu.ts"

const bind = Law.bind({ describe, it })

onEachBackend("laws of factorizations", (engine) => {
  // In software a case takes a GPU's kernels a second.
  bind(matrixLaws(), { runs: engine === "webgpu" ? 3 : 25 })
}, runsWebgpu ? ["webgpu"] : [])

import { kernelLaws, Law } from "finegrain/laws"
import { describe, it } from "vitest"
import { onEachBackend } from "../backends.ts"
import { runsWebgpu } from "../webgpu.ts"

const bind = Law.bind({ describe, it })

onEachBackend("laws of kernel orders", () => bind(kernelLaws(), { runs: 5 }), runsWebgpu ? ["webgpu"] : [])

import type { Backend } from "finegrain"
import { kernelLaws, Law } from "finegrain/laws"
import { describe, it } from "vitest"
import { onEachBackend } from "../backends.ts"
import { longWebgpu } from "../webgpu.ts"

const bind = Law.bind({ describe, it })

// On webgpu in software every shape compiles its shaders anew, which takes a second.
const suite = (engine: Backend.EngineName) => bind(kernelLaws(), { runs: engine === "webgpu" ? 2 : 5 })
onEachBackend("laws of kernel orders", suite, longWebgpu)

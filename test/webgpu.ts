import * as Effect from "effect/Effect"
import { Backend } from "finegrain"
import { isLong } from "./long.ts"

const found = await Effect.runPromise(Effect.result(Effect.provide(Backend.Backend, Backend.webgpu)))

/** Why there is no WebGPU here; undefined where there is. */
export const noWebgpu = found._tag === "Failure" ? found.failure.message : undefined

/** FINEGRAIN_REQUIRE_WEBGPU=1 lets tests fail, not be skipped, where WebGPU is missing. */
export const runsWebgpu = noWebgpu === undefined || process.env["FINEGRAIN_REQUIRE_WEBGPU"] === "1"

if (!runsWebgpu) process.stderr.write(`Tests on webgpu are skipped. ${noWebgpu}\n`)

/** WebGPU, beside other engines, for what takes a GPU in software long. */
export const longWebgpu = runsWebgpu && isLong ? ["webgpu"] as const : []

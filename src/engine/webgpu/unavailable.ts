import { BackendUnavailable } from "../Engine.ts"

/** That there is no WebGPU here, why, and what to do. */
export const unavailable = (reason: string, remedy: string): BackendUnavailable =>
  new BackendUnavailable({ backend: "webgpu", reason, remedy })

/** The first line of what was thrown; Dawn's others say where in its own calls. */
export const headline = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).split("\n")[0]!

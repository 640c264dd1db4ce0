import * as Effect from "effect/Effect"
import { Backend } from "finegrain"
import { hasNativePackages } from "./nativePackages.ts"

const found = hasNativePackages
  ? await Effect.runPromise(Effect.result(Effect.provide(Backend.Backend, Backend.layer("node"))))
  : undefined

/** FINEGRAIN_REQUIRE_NODE=1 lets tests fail, not be skipped, where TensorFlow's C library is missing. */
export const runsNode = found?._tag === "Success" || process.env["FINEGRAIN_REQUIRE_NODE"] === "1"

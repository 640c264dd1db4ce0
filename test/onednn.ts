import { createRequire } from "node:module"
import { load } from "../src/engine/wasm/onednn/library.ts"

const why = (): string | undefined => {
  try {
    createRequire(import.meta.url).resolve("koffi")
    load(2)
    return undefined
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

/** Why there is no oneDNN here; undefined where there is. */
const noOnednn = why()

/** FINEGRAIN_REQUIRE_ONEDNN=1 lets tests fail, not be skipped, where it is missing. */
export const runsOnednn = noOnednn === undefined || process.env["FINEGRAIN_REQUIRE_ONEDNN"] === "1"

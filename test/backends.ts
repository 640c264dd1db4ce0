import "@tensorflow/tfjs-backend-cpu"
import "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import "@tensorflow/tfjs-layers"
import { beforeAll, describe } from "vitest"

/** Runs a suite on every engine that every machine has. */
export const onEachBackend = (name: string, suite: (engine: string) => void): void => {
  for (const engine of ["cpu", "wasm"]) {
    describe(`${name} on ${engine}`, () => {
      beforeAll(async () => {
        await tf.setBackend(engine)
      })
      suite(engine)
    })
  }
}

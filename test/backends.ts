import * as Effect from "effect/Effect"
import { Backend } from "finegrain"
import { beforeAll, describe } from "vitest"

/** Makes an engine the one that runs the tensors. */
export const use = (name: Backend.Name): Promise<unknown> =>
  Effect.runPromise(Effect.provide(Backend.Backend, Backend.layer(name)))

/** Runs a suite on every engine that every machine has. */
export const onEachBackend = (name: string, suite: (engine: Backend.Name) => void): void => {
  for (const engine of ["cpu", "wasm"] as const) {
    describe(`${name} on ${engine}`, () => {
      beforeAll(() => use(engine))
      suite(engine)
    })
  }
}

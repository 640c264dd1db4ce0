import * as Effect from "effect/Effect"
import { Backend } from "finegrain"
import { beforeAll, describe } from "vitest"

/** Makes an engine the one that runs the tensors. */
export const use = (name: Backend.EngineName, options: Backend.EngineOptions = {}): Promise<unknown> =>
  Effect.runPromise(Effect.provide(Backend.Backend, Backend.layer(name, options)))

/** Runs a suite on every engine that every machine has; on webgpu as well where that is given as another. */
export const onEachBackend = (
  name: string,
  suite: (engine: Backend.EngineName) => void,
  others: ReadonlyArray<Backend.EngineName> = []
): void => {
  for (const engine of ["cpu", "wasm", ...others] as const) {
    describe(`${name} on ${engine}`, () => {
      beforeAll(() => use(engine))
      suite(engine)
    })
  }
}

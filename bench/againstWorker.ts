import * as Effect from "effect/Effect"
import type * as Finegrain from "finegrain"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import type * as LayerStep from "./layerStep.ts"
import { quantiles } from "./timing.ts"

/** A process of `bench/against.ts`: takes steps of a checkout's code whenever it is asked for some. */
const [checkout = "."] = process.argv.slice(2)
const from = (path: string): Promise<unknown> => import(pathToFileURL(resolve(checkout, path)).href)
const { Backend } = await from("src/index.ts") as typeof Finegrain
const { layerStep } = await from("bench/layerStep.ts") as typeof LayerStep

/** What is asked for: so many steps on a layer of side × side kernels of 3×3. */
export interface Asked {
  readonly collection: string
  readonly side: number
  readonly steps: number
}

/** Milliseconds a step: the shortest and the median. */
export interface Taken {
  readonly shortest: number
  readonly median: number
}

const warmUp = 200
const known = new Map<string, LayerStep.Repeated>()

const subject = ({ collection, side }: Asked): LayerStep.Repeated => {
  const found = known.get(collection) ?? layerStep([3, 3, side, side], collection)
  if (!known.has(collection)) { for (let i = 0; i < warmUp; i++) found.step() }
  known.set(collection, found)
  return found
}

await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasm))
process.on("message", (asked: Asked) => {
  const { step } = subject(asked)
  // The first one finds cold caches.
  step()
  const times = Array.from({ length: asked.steps }, () => {
    const start = performance.now()
    step()
    return performance.now() - start
  })
  process.send!({ shortest: Math.min(...times), median: quantiles(times)[1] } satisfies Taken)
})
process.send!("ready")

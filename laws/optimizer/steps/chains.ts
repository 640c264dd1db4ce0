/** Parts that are added to a chain. */
import * as tf from "@tensorflow/tfjs-core"
import * as Collection from "../../../src/collections/Collection.ts"
import * as Optimizer from "../../../src/optimizer/Optimizer.ts"
import { chain, type Transform } from "../../../src/optimizer/Transform.ts"
import * as Transforms from "../../../src/optimizer/transforms/index.ts"
import type { Law } from "../../Law.ts"
import * as Tolerance from "../../Tolerance.ts"
import type { Trials } from "./Trials.ts"

/** The chain with one more part in front of its last, its step size. */
const before = (transform: Transform, name: string, part: Transform): Transform => {
  const parts = transform.parts ?? []
  return chain(name, ...parts.slice(0, -1), part, ...parts.slice(-1))
}

/**
 * Rates of 1 change nothing, and accumulated batches are one.
 *
 * @internal
 */
export const chains = (
  { rounding, problem, transformOf, optimizerOf, weights, gradient, run, gap, shown }: Trials
): ReadonlyArray<Law> => [
  shown("rates of 1 change no bit", "rates(1) = identity", Tolerance.exact, (c) => {
    const p = problem(c.seed)
    const labels = [...new Set(p.collection.poms.flatMap(Collection.labelsOf))]
    const withRates = before(transformOf(c), "rates", Transforms.rates(Object.fromEntries(labels.map((l) => [l, 1]))))
    return gap(run(optimizerOf(p, c), c, 2).weights, run(Optimizer.make(p, withRates), c, 2).weights)
  }),
  shown("batches accumulate to one", "k gradients = their mean", rounding, (c) => {
    const p = problem(c.seed)
    const accumulating = Optimizer.make(p, chain("accumulating", Transforms.accumulate(3), transformOf(c)))
    const parts = [0, 1, 2].map((t) => gradient(c, t))
    let state = Optimizer.init(accumulating, weights(c))
    for (const g of parts) state = Optimizer.update(accumulating, state, g).state
    const whole = optimizerOf(p, c)
    const mean = tf.div(parts.reduce((a, b) => tf.add(a, b)), 3)
    const once = Optimizer.update(whole, Optimizer.init(whole, weights(c)), mean)
    return gap(p.arrangement.to(state.x), once.weights)
  })
]

/**
 * Defects of optimizers, each with the law that finds it.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as FusedKernels from "../../src/engine/FusedKernels.ts"
import type * as Manifold from "../../src/geometry/Manifold.ts"
import * as Euclidean from "../../src/geometry/manifolds/Euclidean.ts"
import * as Sphere from "../../src/geometry/manifolds/Sphere.ts"
import * as Stiefel from "../../src/geometry/manifolds/Stiefel.ts"
import * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import * as StepSize from "../../src/optimizer/StepSize.ts"
import { chain, pure, type Transform } from "../../src/optimizer/Transform.ts"
import * as Transforms from "../../src/optimizer/transforms/index.ts"
import { msign } from "../../src/optimizer/transforms/msign.ts"
import type { Mutant } from "../mutants/Mutant.ts"
import { adam, fgSgd, type Method, muon, type VariedHyperparameters } from "./Method.ts"
import { metricMutants } from "./metricLaws.ts"
import { muonMutants } from "./muonLaws.ts"
import { optimizerLaws } from "./optimizerLaws.ts"

const sphere = Sphere.make([3, 3])
const euclidean = Euclidean.make([3, 3])
const rotations = Stiefel.make([3, 3])

/** FG-SGD with another momentum, and with one more part before or after its step. */
const fgSgdWith = (
  parts: {
    readonly momentum?: (decay: number) => Transform
    readonly before?: Transform
    readonly step?: (h: VariedHyperparameters) => Transform
    readonly after?: Transform
  }
): Method => ({
  ...fgSgd,
  transform: (h) =>
    chain(
      "mutant",
      Transforms.pullback,
      Transforms.riemannian,
      chain("tangentProjection", (parts.momentum ?? ((decay) => Transforms.momentum({ decay })))(h.momentum)),
      ...(parts.before === undefined ? [] : [parts.before]),
      (parts.step ?? Transforms.curvatureStep)(h),
      ...(parts.after === undefined ? [] : [parts.after])
    )
})

const mutant = (name: string, killedBy: string, method: Method): Mutant => ({
  name,
  killedBy,
  laws: optimizerLaws([sphere, rotations], method)
})

const moved = (name: string, killedBy: string, retract: Manifold.Manifold["retract"]): Mutant => ({
  name,
  killedBy,
  laws: optimizerLaws([{ ...sphere, retract }], fgSgd)
})

/** Adam that takes every step for one long after its start. */
const biased = (): Transform => {
  const whole = Transforms.adam()
  return {
    ...whole,
    update: (u, state, at) => whole.update(u, { ...state as Transforms.AdamState, count: tf.scalar(1e4) }, at)
  }
}

let steps = 0

/** The catalogue of optimizers' mutants. */
export const optimizerMutants: ReadonlyArray<Mutant> = [
  ...metricMutants,
  ...muonMutants,
  mutant(
    "momentum that starts with the gradient twice",
    "Euclidean kernels follow the classical method",
    fgSgdWith({ before: pure("twice", (u, { step }) => step === 0 ? NestedTensors.scale(1.9, u) : u) })
  ),
  moved("weights moved without a retraction", "iterates stay on the manifold", (x, v) => tf.add(x, v)),
  moved(
    "rounding errors of 2e-6 left behind",
    "iterates stay on the manifold for 10,000 steps",
    (x, v) => tf.mul(sphere.retract(x, v), 1 + 2e-6)
  ),
  mutant(
    "momentum that is not transported",
    "states stay tangent",
    fgSgdWith({ momentum: (decay) => ({ ...Transforms.momentum({ decay }), carry: (state) => state }) })
  ),
  mutant(
    "momentum carried at its length",
    "states are carried linearly",
    fgSgdWith({
      momentum: (decay) => ({
        ...Transforms.momentum({ decay }),
        carry: (state) =>
          NestedTensors.map(state as NestedTensors.NestedTensors, (u) => tf.mul(u, tf.sqrt(tf.sum(tf.square(u)))))
      })
    })
  ),
  mutant(
    "step without its denominator",
    "steps obey the bound",
    fgSgdWith({ step: ({ schedule }) => Transforms.descend(schedule) })
  ),
  mutant(
    "gradient handed to the neighbouring kernel",
    "relabelled kernels move as before",
    fgSgdWith({
      before: pure("neighbour", (u) =>
        NestedTensors.map(u, (leaf) => {
          const last = leaf.shape[0]! - 1
          return tf.gather(leaf, tf.tensor1d([last, ...Array.from({ length: last }, (_, i) => i)], "int32"))
        }))
    })
  ),
  mutant(
    "step that depends on the POM's position",
    "POMs of one manifold step alike",
    fgSgdWith({ after: Transforms.perPom("position", (_, { poms }) => ({ factors: tf.range(1, 1 + poms.length) })) })
  ),
  {
    name: "Muon that takes all matrices of a layer for one",
    killedBy: "POMs do not share gradients",
    laws: optimizerLaws([euclidean], {
      ...muon,
      transform: ({ momentum, schedule }) =>
        chain(
          "mutant",
          Transforms.pullback,
          Transforms.momentum({ decay: momentum }),
          pure("as one", (u) =>
            NestedTensors.map(u, (leaf) =>
              tf.reshape(msign(tf.reshape(leaf, [-1, leaf.shape.at(-1)!])), leaf.shape))),
          Transforms.descend(schedule)
        )
    })
  },
  mutant(
    "wrong sign of the step",
    "small steps descend",
    fgSgdWith({ after: pure("reversed", (v) => NestedTensors.scale(-1, v)) })
  ),
  mutant(
    "kernel that takes the step twice",
    "the engine's step is the composed one",
    fgSgdWith({ after: pure("twice", (v) => NestedTensors.scale(FusedKernels.allowed() ? 2 : 1, v)) })
  ),
  mutant(
    "state outside of the state",
    "a restored state continues to the same bits",
    fgSgdWith({ after: pure("hidden", (v) => NestedTensors.scale(1 / (1 + (steps++ % 7)), v)) })
  ),
  mutant("Adam without correction of its start", "Euclidean kernels follow the classical method", {
    ...adam,
    transform: ({ schedule }) =>
      chain(
        "mutant",
        Transforms.pullback,
        Transforms.riemannian,
        biased(),
        Transforms.descend(schedule)
      )
  }),
  mutant("rates that always add a millionth", "rates of 1 change no bit", {
    ...fgSgd,
    // The law puts rates in front of the last part: here, of a step that notices them.
    transform: (h) => {
      const whole = fgSgd.transform(h)
      const last = Transforms.curvatureStep(h)
      return chain("mutant", ...whole.parts!.slice(0, -1), {
        ...last,
        update: (u, state, at) => last.update(NestedTensors.scale(1 + 1e-6 * (noticed++ % 3), u), state, at)
      })
    }
  }),
  mutant("accumulated gradients that count every batch as a step of momentum", "batches accumulate to one", {
    ...fgSgd,
    transform: (h) => {
      const theta = Transforms.momentum({ decay: 0.5 })
      return chain(
        "mutant",
        pure("early", (u, { step }) => NestedTensors.scale(1 / (1 + step), u)),
        chain("tangentProjection", Transforms.pullback, Transforms.riemannian, theta),
        Transforms.curvatureStep({ ...h, rule: StepSize.plain })
      )
    }
  })
]

let noticed = 0

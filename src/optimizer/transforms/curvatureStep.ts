/** The last transform of a chain: how far to go along the direction. */
import * as tf from "@tensorflow/tfjs-core"
import * as Collection from "../../collections/Collection.ts"
import { lengthsOf } from "../lengths.ts"
import type { Metric } from "../metrics.ts"
import type { PerPom } from "../PerPom.ts"
import * as Schedule from "../Schedule.ts"
import * as StepSize from "../StepSize.ts"
import type { Transform } from "../Transform.ts"
import { refusesMixedLeaves } from "./leaves.ts"
import { perPom, scaling } from "./perPom.ts"

/** How long steps are. */
export interface StepOptions {
  /** r(t). */
  readonly schedule: Schedule.Schedule
  /** g; default `StepSize.curvatureAware()`. */
  readonly rule?: StepSize.Rule
  /** Whose step it is, that of the points ω or of the weights W = ℜω; default `points`. */
  readonly metric?: Metric
}

/**
 * The step h of FG-SGD, v = −r(t)/g(R)·direction for every POM, with R the direction's norm over the whole POM; tells R
 * as `norms` and g as `denominators`. Source: Ozay 2019, algorithm 1.
 *
 * In the metric of weights the direction is one of W = ℜω, on a manifold that is ℜ times as large: its curvature is
 * c/ℜ², and distances on it, ρ among them, are ℜ times as long, with the smallest and the largest ℜ of the POM.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Sphere, Schedule, Transform, Transforms } from "finegrain"
 * const step = Transforms.curvatureStep({ schedule: Schedule.constant(0.8) })
 * const at = { step: 0, x: tf.tensor2d([[1], [0], [0]]), collection: Collection.pom(Sphere.make([3, 1])), scaling: [] }
 * // R = 2 and g = R(2 + R) = 8: the step is 0.8/8 of the direction.
 * const { direction } = step.update(tf.tensor2d([[0], [2], [0]]), Transform.stateless, at)
 * [...direction!.dataSync()].map(Math.abs) // => [0, 0.2, 0]
 * ```
 */
export const curvatureStep = (
  { metric = "points", rule = StepSize.curvatureAware(), schedule }: StepOptions
): Transform => metric === "points" ? named("curvatureStep", { rule, schedule }) : ofWeights({ rule, schedule })

const tells = ["norms", "denominators"]

/** The factors −r(t)/g with what is told of them. */
const factorsOf = (schedule: Schedule.Schedule, step: number, norms: tf.Tensor1D, denominators: tf.Tensor1D) => ({
  factors: tf.div(-Schedule.rateAt(schedule, step), denominators) as tf.Tensor1D,
  told: { norms, denominators }
})

/** The factors −r(t)/g on numbers at hand. */
const onHost =
  (schedule: Schedule.Schedule, denominatorsOf: NonNullable<StepSize.Rule["onHost"]>): PerPom["onHost"] =>
  (norms, { poms, step }) => {
    const rate = Math.fround(-Schedule.rateAt(schedule, step))
    const denominators = denominatorsOf(norms, Collection.curvatures({ poms }))
    return { factors: denominators.map((g) => rate / g), told: { norms, denominators } }
  }

type Step = Required<Omit<StepOptions, "metric">>

const refuses = ({ rule }: Step) => ({ poms }: Collection.Collection): string | undefined => {
  const unbounded = poms.find(({ curvature }) => !Number.isFinite(curvature.max))
  return rule === StepSize.plain || unbounded === undefined
    ? undefined
    : `${unbounded.manifold} has no finite bound of its sectional curvature, which the rule ${rule.name} needs: ` +
      "declare one, or use the plain rule (StepSize.plain, `--rule plain`)"
}

const named = (name: string, { rule, schedule }: Step): PerPom => {
  Schedule.expect(schedule)
  return perPom(
    name,
    (norms, { poms, step }) =>
      factorsOf(schedule, step, norms, rule.denominators(norms, Collection.curvatures({ poms }))),
    {
      tells,
      refuses: refuses({ rule, schedule }),
      ...(rule.onHost === undefined ? {} : { onHost: onHost(schedule, rule.onHost) })
    }
  )
}

const ofWeights = ({ rule, schedule }: Step): Transform => {
  Schedule.expect(schedule)
  return scaling("curvatureStep", (norms, { collection, scaling, step }) => {
    const curvatures = Collection.curvatures(collection)
    const lengths = rule === StepSize.plain ? undefined : lengthsOf(collection, scaling)
    const denominators = lengths === undefined
      ? rule.denominators(norms, curvatures)
      : rule.rescaled!(norms, curvatures, lengths)
    return factorsOf(schedule, step, norms, denominators)
  }, {
    tells,
    refuses: (collection) => {
      if (rule === StepSize.plain) return undefined
      if (rule.rescaled === undefined) {
        return `the rule ${rule.name} does not say how it changes where distances do, as in the metric of weights: ` +
          "give it `rescaled`, or use the metric of points"
      }
      return refusesMixedLeaves("the metric of weights")(collection) ?? refuses({ rule, schedule })(collection)
    }
  })
}

/**
 * The step of any other method, v = −r(t)·direction: `curvatureStep` with g = 1.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Sphere, Schedule, Transform, Transforms } from "finegrain"
 * const at = { step: 0, x: tf.tensor2d([[1], [0]]), collection: Collection.pom(Sphere.make([2, 1])), scaling: [] }
 * const descend = Transforms.descend(Schedule.constant(0.5))
 * const { direction } = descend.update(tf.tensor2d([[0], [2]]), Transform.stateless, at)
 * direction!.dataSync()[1] // => -1
 * ```
 */
export const descend = (schedule: Schedule.Schedule): PerPom => named("descend", { schedule, rule: StepSize.plain })

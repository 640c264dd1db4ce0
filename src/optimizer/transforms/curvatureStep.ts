import * as tf from "@tensorflow/tfjs-core"
import * as Collection from "../../collections/Collection.ts"
import type { PerPom } from "../PerPom.ts"
import * as Schedule from "../Schedule.ts"
import * as StepSize from "../StepSize.ts"
import { perPom } from "./perPom.ts"

/** How long steps are. */
export interface StepOptions {
  /** r(t). */
  readonly schedule: Schedule.Schedule
  /** g; default `StepSize.curvatureAware()`. */
  readonly rule?: StepSize.Rule
}

/**
 * The step h of FG-SGD, v = −r(t)/g(R)·direction for every POM, with R the direction's norm over the whole POM; tells R
 * as `norms` and g as `denominators`. Source: Ozay 2019, algorithm 1.
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
export const curvatureStep = ({ rule = StepSize.curvatureAware(), schedule }: StepOptions): PerPom =>
  named("curvatureStep", { rule, schedule })

const named = (name: string, { rule, schedule }: Required<StepOptions>): PerPom =>
  perPom(name, (norms, { poms, step }) => {
    const denominators = rule.denominators(norms, Collection.curvatures({ poms }))
    const factors = tf.div(-Schedule.rateAt(schedule, step), denominators) as tf.Tensor1D
    return { factors, told: { norms, denominators } }
  }, {
    tells: ["norms", "denominators"],
    refuses: ({ poms }) => {
      const unbounded = poms.find(({ curvature }) => !Number.isFinite(curvature.max))
      return rule === StepSize.plain || unbounded === undefined
        ? undefined
        : `${unbounded.manifold} has no finite bound of its sectional curvature, which the rule ${rule.name} needs: ` +
          "declare one, or use the plain rule (StepSize.plain, `--rule plain`)"
    }
  })

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

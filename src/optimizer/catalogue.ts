/**
 * The optimizers that configurations, flags and experiments name: a line each.
 */
import * as Catalogue from "../choices/Catalogue.ts"
import * as FgSgd from "./FgSgd.ts"
import type { Metric } from "./metrics.ts"
import type * as Schedule from "./Schedule.ts"
import type * as StepSize from "./StepSize.ts"
import { chain, type Transform } from "./Transform.ts"
import * as Transforms from "./transforms/index.ts"
import { byLabel, recommended } from "./transforms/rates.ts"

/** What the settings of a run say of its optimizer. */
export interface OptimizerSettings {
  readonly schedule: Schedule.Schedule
  readonly rule: StepSize.Rule
  /** θ in [0, 1). */
  readonly momentum: number
  readonly weightDecay: number
  /** Factors of the learning rate by label, or those that the network recommends; default none. */
  readonly rates?: Transforms.SaidRates
  /** Whether rates scale what the step rule gives, not what it gets; default false. */
  readonly ratesAfterRule?: boolean
  /** The largest norm of a direction of the whole network; default none. */
  readonly clip?: number
  /** Batches whose gradients are taken together; default 1. */
  readonly accumulate?: number
  /** d of an average of the points, kept on the manifolds: a ← nearest(d·a + (1 − d)·ω); default none. */
  readonly average?: number
  /** Whose steps they are, those of the points ω or of the weights W = ℜω; default `points`. */
  readonly metric?: Metric
}

/** An optimizer: what it makes of settings are the parts that lead from gradients to a direction. */
export interface Entry<in Given = never> extends Catalogue.Maker<Given, ReadonlyArray<Transform>> {
  /** Settings that it does not know; default none. */
  readonly ignores?: ReadonlyArray<"momentum" | "rule">
  /** Whether the length of its directions does not follow that of the gradient; default false. */
  readonly scaleFree?: boolean
}

const gradient = ({ metric = "points", weightDecay }: OptimizerSettings) => [
  ...(metric === "points" ? [Transforms.pullback] : []),
  Transforms.decay({ weight: weightDecay, metric }),
  Transforms.riemannian
]

/**
 * All optimizers by name.
 *
 * @example
 * ```ts
 * import { Catalogue, Optimizers } from "finegrain"
 * Catalogue.names(Optimizers.optimizers)[0] // => "fg-sgd"
 * ```
 */
export const optimizers = {
  "fg-sgd": {
    about: "the paper's: momentum in the tangent space, steps that adapt to curvature",
    make: ({ metric, momentum, weightDecay }) => [
      FgSgd.euclideanGradient(weightDecay, metric),
      FgSgd.tangentProjection(momentum)
    ]
  },
  nesterov: {
    about: "Riemannian SGD whose momentum looks ahead",
    ignores: ["rule"],
    make: (settings) => [...gradient(settings), Transforms.momentum({ decay: settings.momentum, nesterov: true })]
  },
  "riemannian-adam": {
    about: "Riemannian Adam: a second moment per matrix",
    ignores: ["momentum", "rule"],
    scaleFree: true,
    make: (settings) => [...gradient(settings), Transforms.adam()]
  },
  adamw: {
    about: "Riemannian Adam whose weight decay shrinks the weights and leaves the moments alone",
    ignores: ["momentum", "rule"],
    scaleFree: true,
    make: (settings) => {
      const { metric = "points", weightDecay } = settings
      return [
        ...gradient({ ...settings, weightDecay: 0 }),
        Transforms.adam(),
        Transforms.decoupledDecay({ weight: weightDecay, metric })
      ]
    }
  },
  amsgrad: {
    about: "Riemannian Adam whose second moments never fall",
    ignores: ["momentum", "rule"],
    scaleFree: true,
    make: (settings) => [...gradient(settings), Transforms.adam({ amsgrad: true })]
  },
  normalized: {
    about: "momentum, then steps of one length for every matrix",
    ignores: ["rule"],
    scaleFree: true,
    make: (settings) => [
      ...gradient(settings),
      Transforms.momentum({ decay: settings.momentum }),
      Transforms.steepest("frobenius")
    ]
  },
  "manifold-muon": {
    about: "momentum, then the steepest direction under the spectral norm",
    ignores: ["rule"],
    scaleFree: true,
    make: (settings) => [
      ...gradient(settings),
      Transforms.momentum({ decay: settings.momentum }),
      Transforms.steepest("spectral")
    ]
  }
} as const satisfies Catalogue.Catalogue<Entry<OptimizerSettings>>

/** The name of an optimizer, of these or of the user's own. */
export type OptimizerName = Catalogue.Name<typeof optimizers>

/** Whether a transform is a part, or has it among its parts. */
const contains = (transform: Transform, part: Transform): boolean =>
  transform === part || (transform.parts?.some((own) => contains(own, part)) ?? false)

/** Whether what an entry made can be a part of a chain: entries may be somebody else's. */
const isTransform = (part: unknown): boolean => {
  const { init, name, update } = Object(part) as Partial<Transform>
  return typeof name === "string" && typeof init === "function" && typeof update === "function"
}

/**
 * Why an optimizer cannot take the rates that a network recommends; undefined where it can, or where nobody asks.
 *
 * @internal
 */
export const recommendedProblem = (
  name: string,
  { metric = "points", rates }: Pick<OptimizerSettings, "metric" | "rates">,
  known: Catalogue.Catalogue<Entry> = optimizers
): string | undefined => {
  if (byLabel(rates)[recommended] === undefined) return undefined
  const own = Catalogue.names(known).filter((other) => known[other]?.scaleFree !== true).join(", ")
  return known[name]?.scaleFree === true
    ? `recommended rates are for steps in proportion to the gradient (${own}), and those of ${name} are not: ` +
      "give rates of their own, as curved=2"
    : metric === "weights"
    ? "recommended rates are for the metric of points: that of weights moves W as Euclidean kernels move already"
    : undefined
}

/**
 * The chain of an optimizer with all that the settings put around it: accumulated gradients first, then its direction,
 * rates and clipping, and the step size at the end.
 *
 * @throws RangeError for settings that make no sense.
 *
 * @example
 * ```ts
 * import { Optimizers, Schedule, StepSize } from "finegrain"
 * const settings = { schedule: Schedule.constant(0.1), rule: StepSize.plain, momentum: 0.9, weightDecay: 0 }
 * const { parts } = Optimizers.transform("riemannian-adam", { ...settings, rates: { St: 64 }, clip: 1 })
 * parts!.map(({ name }) => name) // => ["pullback", "decay", "riemannian", "adam", "rates", "clip", "descend"]
 * ```
 */
export const transform = (
  name: OptimizerName,
  settings: OptimizerSettings,
  known: Catalogue.Catalogue<Entry> = optimizers
): Transform => {
  const { accumulate = 1, average, clip, metric = "points", rates = {}, ratesAfterRule = false, rule, schedule } =
    settings
  const ignores = known[name]?.ignores ?? []
  const problem = recommendedProblem(name, settings, known)
  if (problem !== undefined) throw new RangeError(problem)
  const rated = Object.keys(rates).length === 0 ? [] : [Transforms.rates(rates)]
  const step = ignores.includes("rule")
    ? Transforms.descend(schedule)
    : Transforms.curvatureStep({ schedule, rule, metric })
  const direction = Catalogue.make(known, name, settings, settings)
  const strange = Array.isArray(direction) ? direction.findIndex((part) => !isTransform(part)) : 0
  if (strange >= 0) {
    throw new TypeError(`the optimizer ${name} makes something else than transforms, at place ${strange + 1}`)
  }
  if (metric === "weights" && direction.some((part) => contains(part, Transforms.pullback))) {
    throw new RangeError(
      `the optimizer ${name} has pullback among its parts, so its directions are those of the points: ` +
        "leave it out where its settings say metric: \"weights\", or use the metric of points"
    )
  }
  return chain(
    name,
    ...(accumulate === 1 ? [] : [Transforms.accumulate(accumulate)]),
    ...direction,
    ...(ratesAfterRule ? [] : rated),
    ...(clip === undefined ? [] : [Transforms.clip({ norm: clip })]),
    step,
    ...(ratesAfterRule ? rated : []),
    ...(metric === "points" ? [] : [Transforms.fromWeights]),
    ...(average === undefined ? [] : [Transforms.average({ decay: average })])
  )
}

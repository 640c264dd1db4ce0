import * as tf from "@tensorflow/tfjs-core"
import {
  Collection,
  Combinators,
  FgSgd,
  FixedRank,
  ManifoldMuon,
  Optimizer,
  Optimizers,
  RiemannianAdam,
  Schedule,
  Sphere,
  StepSize,
  Stiefel,
  Transform,
  Transforms
} from "finegrain"
import type { Row } from "./Row.ts"

const schedule = Schedule.constant(0.1)
const onSphere = Optimizer.onPoints(Collection.pom(Sphere.make([3, 1])))
const product = Optimizer.onPoints(Collection.pom(Combinators.product(Sphere.make([3, 1]), Stiefel.make([2, 2]))))

const refusals: ReadonlyArray<readonly [given: string, says: RegExp, run: () => unknown]> = [
  ["a momentum of 1", /momentum must be in \[0, 1\), not 1/, () => FgSgd.make(onSphere, { schedule, momentum: 1 })],
  [
    "a negative weight decay",
    /weight decay must be finite and not negative, and is -1/,
    () => FgSgd.make(onSphere, { schedule, weightDecay: -1 })
  ],
  [
    "an infinite weight decay",
    /weight decay must be finite/,
    () => FgSgd.make(onSphere, { schedule, weightDecay: Infinity })
  ],
  [
    "a manifold without a bound of its curvature",
    /no finite bound of its sectional curvature.*use the plain rule/,
    () => FgSgd.make(Optimizer.onPoints(Collection.pom(FixedRank.make([3, 3]))), { schedule })
  ],
  ["a β₂ of 1", /β₂ must be in \[0, 1\), not 1/, () => RiemannianAdam.make(onSphere, { schedule, beta2: 1 })],
  ["an ε of 0", /ε must be positive and finite, not 0/, () => RiemannianAdam.make(onSphere, { schedule, epsilon: 0 })],
  ["an infinite ε", /ε must be positive and finite/, () => Transforms.adam({ epsilon: Infinity })],
  ...[-3, 2.5, Number.NaN, Infinity].map((steps) =>
    [
      `${steps} iterations of dual ascent`,
      /dual ascent takes a whole number of steps, at least 0, not (-3|2\.5|NaN|Infinity)/,
      () => ManifoldMuon.make(onSphere, { schedule, steps })
    ] as const
  ),
  ...[0, Number.NaN, Infinity].map((rate) =>
    [
      `a rate of ${rate} for dual ascent`,
      /rate of dual ascent must be positive and finite, not (0|NaN|Infinity)/,
      () => ManifoldMuon.make(onSphere, { schedule, rate })
    ] as const
  ),
  [
    "Adam on one POM of several manifolds",
    /Adam treats every manifold in its own way.*make POMs of single manifolds/,
    () => RiemannianAdam.make(product, { schedule })
  ],
  [
    "a rate for what there is not",
    /no POM goes by "St": there is Sp/,
    () => Optimizer.make(onSphere, Transform.chain("own", Transforms.rates({ St: 2 }), Transforms.descend(schedule)))
  ],
  [
    "recommended rates without a network",
    /no POM has a recommended rate: networks recommend them/,
    () => FgSgd.make(onSphere, { schedule, rates: "recommended" })
  ],
  ["a rate of 0", /rate of Sp must be positive and finite, and is 0/, () => Transforms.rates({ Sp: 0 })],
  ["a norm of NaN to clip at", /norm to clip at must be positive/, () => Transforms.clip({ norm: Number.NaN })],
  [
    "an infinite norm to clip at",
    /norm to clip at must be positive and finite/,
    () => Transforms.clip({ norm: Infinity })
  ],
  [
    "clipping per what there is not",
    /clipping is per "pom" or per "network", not per "layer"/,
    () => Transforms.clip({ norm: 1, per: "layer" as "pom" })
  ],
  ...([["Adam", RiemannianAdam.make], ["FG-SGD", FgSgd.make]] as const).flatMap(([name, make]) => [
    [
      `${name} without a schedule`,
      /schedule must be one of Schedule, as Schedule\.constant\(0\.1\), not left out/,
      () => make(onSphere, {} as { readonly schedule: Schedule.Schedule })
    ] as const,
    [
      `a number as the schedule of ${name}`,
      /schedule must be one of Schedule, as Schedule\.constant\(0\.1\), not 0\.1/,
      () => make(onSphere, { schedule: 0.1 as unknown as Schedule.Schedule })
    ] as const
  ]),
  ["half a batch to accumulate", /positive integer, not 0\.5/, () => Transforms.accumulate(0.5)],
  ["an average of decay 1", /decay must be in \[0, 1\), not 1/, () => Transforms.average({ decay: 1 })],
  [
    "an optimizer of one's own whose gradients are those of the points, in the metric of weights",
    /own has pullback among its parts.*leave it out where its settings say metric: "weights"/,
    () => {
      const make = () => [Transform.chain("gradient", Transforms.pullback, Transforms.riemannian)]
      const settings = { schedule, rule: StepSize.plain, momentum: 0, weightDecay: 0, metric: "weights" } as const
      return Optimizers.transform("own", settings, { own: { about: "own", make } })
    }
  ],
  [
    "a chain without a step size",
    /riemannian tells no norms of directions: end it with a step size/,
    () => Optimizer.make(onSphere, Transforms.riemannian)
  ],
  [
    "points of another shape to begin with",
    /weights: expected shape \[3, 1\], got \[2, 3, 1\]/,
    () => Optimizer.init(FgSgd.make(onSphere, { schedule }), tf.ones([2, 3, 1]))
  ],
  [
    "gradients of another shape",
    /gradients: expected shape \[3, 1\], got \[2, 1\]/,
    () => {
      const optimizer = FgSgd.make(onSphere, { schedule })
      return Optimizer.step(optimizer, Optimizer.init(optimizer, tf.ones([3, 1])), tf.ones([2, 1]))
    }
  ],
  [
    "a part of a chain that throws",
    /The optimizer, own\/mine: no step today/,
    () => {
      const mine = Transform.pure("mine", () => {
        throw new Error("no step today")
      })
      const optimizer = Optimizer.make(onSphere, Transform.chain("own", mine, Transforms.descend(schedule)))
      return Optimizer.step(optimizer, Optimizer.init(optimizer, tf.ones([3, 1])), tf.ones([3, 1]))
    }
  ]
]

/** Optimizers that make no sense, or do not fit their problem. */
export const rows: ReadonlyArray<Row> = refusals.map(([given, says, run]) => ({
  area: "optimizers",
  given,
  says,
  run
}))

import * as Effect from "effect/Effect"
import { Combinators, Grouping, Interval, Manifold, Network, Sphere } from "finegrain"
import { Law, manifoldLaws } from "finegrain/laws"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Row, told } from "./Row.ts"

const sphere = Sphere.make([2, 2])
const sphereWith = (claims: Partial<Manifold.Manifold>) => () => Manifold.make({ ...sphere, ...claims })
const { frobenius } = sphere.norms
const refusedAs = (text: string) => `The definition of Sp(2,2) is refused: its ${text}.`
const interval = "It must be an interval, min ≤ max, without NaN"
const normInterval = "It must be an interval, 0 ≤ min ≤ max, without NaN"

const definitions = ([
  ["a curvature of NaN", { curvature: Interval.point(NaN) }, `curvature is [NaN, NaN]. ${interval}`],
  ["an upside-down curvature", { curvature: Interval.make(1, 0) }, `curvature is [1, 0]. ${interval}`],
  [
    "a negative dimension",
    { dimension: -1 },
    "dimension is -1. It must be a whole number from 0 to 4, the number of entries"
  ],
  [
    "half a dimension",
    { dimension: 2.5 },
    "dimension is 2.5. It must be a whole number from 0 to 4, the number of entries"
  ],
  [
    "more dimensions than entries",
    { dimension: 5 },
    "dimension is 5. It must be a whole number from 0 to 4, the number of entries"
  ],
  [
    "a dimension of NaN",
    { dimension: NaN },
    "dimension is NaN. It must be a whole number from 0 to 4, the number of entries"
  ],
  [
    "a negative norm",
    { norms: { ...sphere.norms, spectral: Interval.make(-1, 1) } },
    `spectral norm interval is [-1, 1]. ${normInterval}`
  ],
  [
    "an upside-down norm interval",
    { norms: { ...sphere.norms, frobenius: Interval.make(2, frobenius.min) } },
    `frobenius norm interval is [2, 1]. ${normInterval}`
  ],
  [
    "a norm interval of NaN",
    { norms: { ...sphere.norms, rowSum: Interval.make(0, NaN) } },
    `rowSum norm interval is [0, NaN]. ${normInterval}`
  ],
  [
    "a negative injectivity radius",
    { injectivityRadius: -1 },
    "injectivity radius is -1. It must be at least 0; 0 where it is unknown, Infinity where there is no cut"
  ],
  [
    "an injectivity radius of NaN",
    { injectivityRadius: NaN },
    "injectivity radius is NaN. It must be at least 0; 0 where it is unknown, Infinity where there is no cut"
  ],
  [
    "a retraction of order 3",
    { retractionOrder: 3 },
    "retraction order is 3. It must be 1, 2, or Infinity for the exponential map"
  ],
  [
    "a shape with a length of 0",
    { shape: [2, 0] },
    "shape is [2,0]. It must be a list of positive integers, or a list of such"
  ],
  [
    "nearest points that are neither",
    { nearestPoint: "roughly" as "exact" },
    "nearestPoint is roughly. It must be \"exact\", or \"projection\" where nearest points are not the nearest"
  ]
] as const).map(([given, claims, text]): Row => ({
  area: "manifolds",
  given: `a definition with ${given}`,
  run: sphereWith(claims as unknown as Partial<Manifold.Manifold>),
  says: refusedAs(text)
}))

const throwing = (at: Manifold.Family["at"]): Manifold.Family => ({ symbol: "Mine", name: "my own", at })
const plan = (family: Manifold.Family) => () =>
  Effect.fromResult(
    Network.planLayer("conv", [3, 3, 2, 2], {
      specification: [family],
      strategy: Grouping.PIO(),
      matricization: Combinators.perKernel
    }, 1)
  )
const atFault = (reason: string) =>
  `Layer "conv": its [3, 3, 2, 2] kernel cannot be seen perKernel on Mine: Mine refuses [3, 3], because ${reason}.`

const families: ReadonlyArray<Row> = [
  {
    area: "families",
    given: "one whose `at` throws",
    run: plan(throwing(() => {
      throw new Error("no such table")
    })),
    says: atFault("its `at` throws \"no such table\"")
  },
  {
    area: "families",
    given: "one whose `at` gives no Result",
    run: plan(throwing(() => sphere as never)),
    says: atFault("its `at` gives no Result")
  },
  {
    area: "families",
    given: "one whose `at` defines an impossible manifold",
    run: plan(throwing(() => Manifold.make({ ...sphere, dimension: -1 }) as never)),
    says: new RegExp(
      "^Layer \"conv\": .* Mine refuses .3, 3., because its `at` throws " +
        String.raw`"The definition of Sp\(2,2\) is refused: its dimension is -1`
    )
  }
]

const ownFamily =
  `export const mine = { symbol: "Mine", name: "my own", at: () => { throw new Error("no such table") } }\n`

const commands: ReadonlyArray<Row> = [
  ...[0, -1, 1e9].map((runs): Row => ({
    area: "laws",
    given: `\`laws sphere --runs ${runs}\``,
    run: () => told("laws", "sphere", `--runs=${runs}`),
    says: new RegExp(`Expected 1 to 100000 cases per law, got ${runs}`)
  })),
  {
    area: "laws",
    given: "a file with a family whose `at` throws",
    prepare: (directory) => writeFileSync(join(directory, "mine.ts"), ownFamily),
    run: (directory) => told("laws", join(directory, "mine.ts")),
    says: /mine\.ts, export mine: The family Mine fails at shape \[3, 3\]: its `at` throws "no such table"/,
    untouched: "everything"
  },
  {
    area: "laws",
    given: "a check in no case",
    run: () => Law.check(Law.flatten(manifoldLaws(sphere))[0]!, { runs: 0 }),
    says: /^".*" cannot be checked in 0 cases: no case would prove nothing$/
  }
]

/** Definitions, families and the command that checks them. */
export const rows: ReadonlyArray<Row> = [...definitions, ...families, ...commands]

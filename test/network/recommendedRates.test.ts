import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import {
  Collection,
  Combinators,
  FgSgd,
  Gradients,
  Grouping,
  Models,
  Network,
  Optimizer,
  Optimizers,
  Renormalization,
  Schedule,
  StepSize,
  type Transforms
} from "finegrain"
import { beforeAll, expect, it } from "vitest"
import { euclideanSquare } from "../../src/network/recommendedRates.ts"
import { use } from "../backends.ts"

beforeAll(() => use("wasm"))

const size = 3
const rate = 1e-4

/** Two convolutions, normalized or not, and a head. */
const model = (normalized: boolean) => {
  const convolution = (seed: number, filters: number) =>
    tfl.layers.conv2d({
      name: `conv${seed}`,
      ...(seed === 1 ? { inputShape: [5, 5, 6] } : {}),
      filters,
      kernelSize: size,
      useBias: false,
      padding: "same",
      kernelInitializer: tfl.initializers.heNormal({ seed })
    })
  const norm = () => normalized ? [tfl.layers.batchNormalization({ epsilon: 1e-5 })] : []
  return tfl.sequential({
    layers: [
      convolution(1, 8),
      ...norm(),
      tfl.layers.activation({ activation: "relu" }),
      convolution(2, 8),
      ...norm(),
      tfl.layers.activation({ activation: "relu" }),
      tfl.layers.globalAveragePooling2d({}),
      tfl.layers.dense({ name: "head", units: 4, kernelInitializer: tfl.initializers.heNormal({ seed: 3 }) })
    ]
  })
}

const plan = (specification: string, { normalized = true, ...options }: Network.NetworkOptions & {
  readonly normalized?: boolean
} = {}) => Effect.runSync(Network.make(model(normalized), { specification, seed: 5, ...options }))

const recommended = ({ problem }: Network.Network) =>
  Object.fromEntries(problem.collection.poms.map((pom) => [pom.name, pom.recommended]))

/** The angle between two filters of one layer, root mean square over the filters, in units of the rate. */
const turned = (before: Float32Array, after: Float32Array, filters: number): number => {
  const columns = (w: Float32Array) =>
    Array.from(
      { length: filters },
      (_, d) => Array.from({ length: w.length / filters }, (_, i) => w[i * filters + d]!)
    )
  const dot = (a: ReadonlyArray<number>, b: ReadonlyArray<number>) => a.reduce((sum, v, i) => sum + v * b[i]!, 0)
  const [from, to] = [columns(before), columns(after)]
  const squares = from.map((a, d) => {
    const moved = to[d]!.map((v, i) => v - a[i]!)
    return (dot(moved, moved) - dot(moved, a) ** 2 / dot(a, a)) / dot(a, a)
  })
  return Math.sqrt(squares.reduce((sum, v) => sum + v, 0) / filters) / rate
}

/** The angles by which one step of FG-SGD turns the filters of both convolutions. */
const angles = async (network: Network.Network, rates?: Transforms.SaidRates): Promise<ReadonlyArray<number>> => {
  const schedule = Schedule.constant(rate)
  const optimizer = FgSgd.make(network.problem, {
    schedule,
    rule: StepSize.plain,
    ...(rates === undefined ? {} : { rates })
  })
  const images = tf.randomNormal<tf.Rank>([24, 5, 5, 6], 0, 2, "float32", 7)
  const labels = tf.oneHot(Array.from({ length: 24 }, (_, i) => i % 4), 4)
  const initial = Optimizer.init(optimizer, network.variables)
  Network.assign(network, Optimizer.weightsOf(optimizer, { ...initial, scaling: Network.scaling(network) }))
  const lambdas = await Effect.runPromise(Network.deviations(network, images))
  const state = { ...initial, scaling: Network.scaling(network, lambdas) }
  const before = Optimizer.weightsOf(optimizer, state)
  Network.assign(network, before)
  const loss = () =>
    tf.losses.softmaxCrossEntropy(labels, network.model.apply(images, { training: true }) as tf.Tensor) as tf.Scalar
  const { grads } = Gradients.ofVariables(loss, network.variables)
  const { weights } = Optimizer.update(optimizer, state, network.variables.map(({ name }) => grads[name]!))
  return network.layers.map(({ shape, variable }) =>
    turned(before[variable]!.dataSync<"float32">(), weights[variable]!.dataSync<"float32">(), shape[3])
  )
}

it("are C·‖ω‖²/‖F_E‖² below a normalization, and 1/γ² elsewhere", () => {
  // Six input channels; ‖ω‖² is 1 on the sphere, 3 on the others; γ² is 1/3 and 1/9.
  for (const [symbol, square, gammaSquared] of [["Sp", 1, 1 / 3], ["Ob", 3, 1 / 9], ["St", 3, 1 / 9]] as const) {
    expect(recommended(plan(symbol))["conv1/0"]).toBeCloseTo(6 * square / euclideanSquare, 4)
    expect(recommended(plan(symbol, { policy: Renormalization.none }))["conv1/0"])
      .toBeCloseTo(6 * square / euclideanSquare, 4)
    expect(recommended(plan(symbol, { normalized: false }))["conv1/0"]).toBeCloseTo(1 / gammaSquared, 4)
  }
  // One sphere for all eight filters: ‖F‖² = γ²/8.
  expect(recommended(plan("Sp", { matricization: Combinators.whole }))["conv1/0"]).toBeCloseTo(1 / 8 / euclideanSquare)
})

it("are 1/γ² in a residual network without normalization, whose branches a scale follows", () => {
  const of = (model: "resnet-8" | "resnet-8-skipinit") => {
    const made = Models.models[model].make({ height: 8, width: 8, channels: 3, classes: 4, seed: 1 })
    const { problem: { collection: { poms } } } = Effect.runSync(Network.make(made, { specification: "St" }))
    return poms.flatMap(({ recommended }) => recommended ?? [])
  }
  expect([Math.min(...of("resnet-8-skipinit")), Math.max(...of("resnet-8-skipinit"))])
    .toEqual([expect.closeTo(9, 4) as number, expect.closeTo(9, 4) as number])
  expect(Math.max(...of("resnet-8"))).toBeCloseTo(64 * 3 / euclideanSquare, 3)
})

it("count the kernels of each filter by their own manifolds, and leave Euclidean ones alone", () => {
  const of = (strategy: Grouping.Strategy) => {
    const { layers: [conv], problem } = plan("Sp+Euc", { strategy })
    const poms = problem.collection.poms.filter(({ name }) => name.startsWith("conv1/"))
    return { kinds: conv!.kinds, poms }
  }
  // Filters all on spheres, or none: as if the layer had no Euclidean ones.
  const byOutput = of(Grouping.PO("contiguous")).poms
  expect(new Set(byOutput.map((pom) => pom.recommended))).toEqual(
    new Set([expect.closeTo(6 / euclideanSquare, 4) as number, undefined])
  )
  // Half of every filter on spheres, of norm² 3·γ², and half of a Euclidean filter.
  const byInput = of(Grouping.PI("contiguous")).poms
  const half = (3 / 3 + euclideanSquare / 2) / euclideanSquare * 3
  expect(new Set(byInput.map((pom) => pom.recommended))).toEqual(
    new Set([expect.closeTo(half, 4) as number, undefined])
  )
  expect(byInput.filter((pom) => Collection.labelsOf(pom).includes("curved")).length).toBe(3)
})

it.each(
  [
    ["Sp", {}],
    ["Ob", {}],
    ["St", {}],
    ["Sp+Ob+St", {}],
    ["Sp+Ob+St+Euc", {}],
    ["Sp+Ob+St+Euc", { strategy: Grouping.PO() }],
    ["Sp", { matricization: Combinators.perFilter }],
    ["St", { matricization: Combinators.whole, policy: Renormalization.none }]
  ] as const
)("turn filters by .45 to 1.2 of what Euclidean ones turn below a normalization: %s %o", async (text, options) => {
  const euclidean = await angles(plan("Euc"))
  const found = await angles(plan(text, options), "recommended")
  for (const [i, angle] of found.entries()) {
    // A step of Stiefel matrices follows 3 of 9 dimensions, √(1/3) = .58 of an isotropic gradient.
    expect(angle / euclidean[i]!).toBeGreaterThan(0.45)
    expect(angle / euclidean[i]!).toBeLessThan(1.2)
  }
})

it("hardly turn without them", async () => {
  const [, euclidean] = await angles(plan("Euc"))
  const [, oblique] = await angles(plan("Ob"))
  expect(oblique! / euclidean!).toBeLessThan(0.2)
})

it("are factors among others", async () => {
  const turn = async (rates: Transforms.SaidRates) => (await angles(plan("St"), rates))[0]!
  const once = await turn("recommended")
  expect(await turn({ recommended: 1 })).toBeCloseTo(once, 5)
  expect(await turn({ recommended: 2 }) / once).toBeCloseTo(2, 2)
  expect(await turn({ recommended: 2, St: 3 }) / once).toBeCloseTo(6, 2)
  expect(await turn({ recommended: 1, curved: 0.5 }) / once).toBeCloseTo(0.5, 2)
  expect((await angles(plan("Euc"), { Euc: 2 }))[0]).toBeCloseTo(2 * (await angles(plan("Euc")))[0]!, 3)
})

it("are refused where there are none, and by optimizers whose steps do not follow the gradient's length", () => {
  const schedule = Schedule.constant(rate)
  expect(() => FgSgd.make(plan("Euc").problem, { schedule, rates: "recommended" }))
    .toThrow("no POM has a recommended rate")
  const settings = { schedule, rule: StepSize.plain, momentum: 0, weightDecay: 0, rates: "recommended" } as const
  expect(() => Optimizers.transform("riemannian-adam", settings))
    .toThrow("recommended rates are for steps in proportion to the gradient (fg-sgd, nesterov)")
  expect(() => Optimizers.transform("fg-sgd", { ...settings, metric: "weights" }))
    .toThrow("recommended rates are for the metric of points")
})

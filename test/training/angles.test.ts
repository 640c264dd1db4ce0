import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import {
  Catalogue,
  Checkpoint,
  Collection,
  Measures,
  Models,
  Network,
  Optimizers,
  Schedule,
  StepSize,
  Trainer
} from "finegrain"
import { beforeAll, expect, it } from "vitest"
import { hardlyMoved, turnedShare } from "../../src/training/hardlyMoves.ts"
import { asked } from "../../src/training/measures/asked.ts"
import * as turns from "../../src/training/trainer/turns.ts"
import { use } from "../backends.ts"
import { tinyDataset } from "../tinyDataset.ts"

beforeAll(() => use("wasm"))

/** Two 1×1 convolutions of two channels, Euclidean, each kernel 2×2 one matrix of one POM; a bias for one. */
const plain = () => {
  const options = { filters: 2, kernelSize: 1 }
  const model = tfl.sequential({
    layers: [
      tfl.layers.conv2d({ ...options, name: "one", inputShape: [2, 2, 2], useBias: false }),
      tfl.layers.conv2d({ ...options, name: "two" })
    ]
  })
  return Effect.runSync(Network.make(model, { specification: "Euc" }))
}

/** What a step from some kernels and biases to others is measured as. */
const measured = async (
  network: Network.Network,
  before: ReadonlyArray<ReadonlyArray<number>>,
  after: ReadonlyArray<ReadonlyArray<number>>
) => {
  const [from, to] = [before, after].map((all) =>
    all.map((values, i) => tf.tensor([...values], network.variables[i]!.shape))
  )
  const found = turns.squares(network, from!, to!)!
  return turns.turnsOf(network, await found.data() as Float32Array)
}

it("angles are those between kernels as vectors: neither growth, biases nor what was 0 turn", async () => {
  const network = plain()
  const { layers } = await measured(network, [[1, 0, 0, 0], [3, 0, 0, 4], [1, 2]], [[0, 0, 2, 0], [6, 0, 0, 8], [
    7,
    -9
  ]])
  expect(layers).toEqual([expect.closeTo(90, 5) as number, 0])
  const zeros = [0, 0, 0, 0]
  const half = await measured(network, [[1, 1, 0, 0], zeros, [0, 0]], [[1, 0, 0, 0], [1, 0, 0, 0], [1, 1]])
  expect(half.layers).toEqual([expect.closeTo(45, 5) as number, 0])
  // Biases are POMs of no constrained layer.
  expect(half.poms.at(-1)).toBe(0)
})

it("small angles keep their digits in float32, where the product of both vectors has none left", async () => {
  const { layers } = await measured(plain(), [[1, 0, 0, 0], [1, 0, 0, 0], [0, 0]], [[1, 1e-5, 0, 0], [1, 0, 0, 1e-3], [
    0,
    0
  ]])
  expect(layers[0]! / (1e-5 * 180 / Math.PI)).toBeCloseTo(1, 5)
  expect(layers[1]! / (1e-3 * 180 / Math.PI)).toBeCloseTo(1, 5)
})

it("of an epoch they are root mean squares over the steps that measured them", () => {
  const once = turns.counted(undefined, { poms: [3, 0], layers: [1] })
  expect(turns.counted(once.turns, undefined)).toEqual({})
  const { turns: twice } = turns.counted(once.turns, { poms: [4, 0], layers: [7] })
  expect(turns.rootMeans(twice!)).toEqual({ poms: [Math.sqrt(12.5), 0], layers: [5] })
})

const measures = (["angles", "layer-angles"] as const).map((name) => asked(name, Measures.measures[name], {}))

const fgSgd = { schedule: Schedule.constant(0.1), rule: StepSize.curvatureAware(), momentum: 0.9, weightDecay: 0 }

/** Trains the small network for two epochs of twelve steps; a snapshot is taken after some step of the first. */
const train = (
  options: {
    readonly at?: number
    readonly from?: Checkpoint.Snapshot | undefined
    readonly asks?: boolean
    readonly accumulate?: number
    readonly batchSize?: number
  } = {}
) =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const model = Models.smallCnn({ ...tinyDataset, filters: [4, 6], seed: 1 })
    const network = yield* Network.make(model, { specification: "Sp+Euc", seed: 1 })
    const epochs: Array<Trainer.EpochDone> = []
    const steps: Array<Trainer.StepDone> = []
    let snapshot: Checkpoint.Snapshot | undefined
    const initial = yield* Effect.forEach(network.variables, (v) => Effect.promise(() => v.data()))
    const trainer = yield* Trainer.make({
      network,
      dataset: tinyDataset,
      schedule: Schedule.constant(0.1),
      transform: Optimizers.transform("fg-sgd", { ...fgSgd, accumulate: options.accumulate ?? 1 }),
      epochs: 2,
      batchSize: options.batchSize ?? 8,
      seed: 3,
      measures: options.asks === false ? [] : measures,
      from: options.from
    })
    const { tensorsLeaked } = yield* trainer.train((event) =>
      Effect.gen(function*() {
        if (event._tag === "EpochDone") epochs.push(event)
        else steps.push(event)
        if (event._tag === "StepDone" && event.step === options.at) snapshot = yield* trainer.snapshot
      })
    )
    const poms = network.problem.collection.poms
    model.dispose()
    return { epochs, initial, poms, snapshot, steps, tensorsLeaked }
  })))

it("are measured without a leak, by manifold and by layer, and a resumed run has the same to the bit", async () => {
  const whole = await train({ at: 7 })
  expect(whole.tensorsLeaked).toBe(0)
  const [{ measures: first }] = whole.epochs as [Trainer.EpochDone]
  expect(first!.map(({ name, readings }) => [name, Object.keys(readings)])).toEqual([
    ["angles", ["Sp", "Euc"].flatMap((symbol) => [symbol, `${symbol}, lower quartile`, `${symbol}, upper quartile`])],
    ["layer-angles", ["conv1", "conv2"]]
  ])
  for (const { readings } of first!) {
    expect(Object.values(readings).every((angle) => angle > 0 && angle < 90)).toBe(true)
  }
  expect(first![0]!.readings["Sp"]).toBeLessThan(first![0]!.readings["Euc"]!)
  const resumed = await train({ from: whole.snapshot! })
  const told = (epochs: ReadonlyArray<Trainer.EpochDone>) =>
    epochs.map(({ measures, turnedShare }) => ({ measures, turnedShare }))
  expect(told(resumed.epochs)).toEqual(told(whole.epochs))
  expect(whole.snapshot!.position.turns!.steps).toBeGreaterThan(0)
})

it("are told of every POM in steps that tell of POMs, and do not change what is trained", async () => {
  const [asking, silent] = [await train(), await train({ asks: false })]
  expect(silent.steps.map(({ loss }) => loss)).toEqual(asking.steps.map(({ loss }) => loss))
  expect(silent.epochs.map(({ measures }) => measures)).toEqual([undefined, undefined])
  const { angles } = silent.steps[0]!
  expect(Object.keys(angles!)).toEqual(silent.poms.map(({ name }) => name))
  const kernels = silent.poms.filter((pom) => /^conv\d\/\d/.test(pom.name))
  expect(kernels.length).toBeGreaterThan(4)
  // Filters that no image excites stand still.
  expect(kernels.filter(({ name }) => angles![name]! > 0).length).toBeGreaterThan(kernels.length / 2)
})

it("are those of steps that move kernels: while gradients accumulate they wait, also in a checkpoint", async () => {
  const accumulate = 4
  const whole = await train({ accumulate, at: 2 })
  // Steps 1, 2, 3, … of an epoch are asked to tell, of which every fourth moves.
  const told = whole.steps.filter(({ angles }) => angles !== undefined)
  expect(told.map(({ step }) => step)).toEqual([4, 8, 12, 16, 20, 24])
  expect(told.every(({ angles }) => Object.values(angles!).some((angle) => angle > 0))).toBe(true)
  // Nor is g known while gradients accumulate.
  expect(whole.steps.filter(({ factors }) => factors !== undefined)).toEqual(told)
  const { measures, turnedShare } = whole.epochs[0]!
  expect(measures!.flatMap(({ readings }) => Object.values(readings)).every((angle) => angle > 0)).toBe(true)
  expect(turnedShare).toBeGreaterThan(0)
  expect((await train({ accumulate, at: 11 })).snapshot!.position.turns!.steps).toBe(2)
  expect(whole.snapshot!.position.waiting).toEqual({ poms: true, turns: true })
  const bytes = Checkpoint.encode(whole.snapshot!)
  const { snapshot } = Result.getOrThrow(Checkpoint.decode(bytes, "checkpoint.bin"))
  const resumed = await train({ accumulate, from: snapshot })
  expect(resumed.steps.map(({ angles }) => angles)).toEqual(whole.steps.slice(2).map(({ angles }) => angles))
  expect(resumed.epochs.map(({ measures }) => measures)).toEqual(whole.epochs.map(({ measures }) => measures))
})

it("are none of an epoch in which nothing moved, and wait for the next", async () => {
  const { epochs, steps } = await train({ accumulate: 4, batchSize: 48 })
  expect(epochs.map(({ measures }) => measures!.map(({ readings }) => Object.keys(readings).length > 0))).toEqual([
    [false, false],
    [true, true]
  ])
  expect(epochs[0]!.turnedShare).toBe(undefined)
  expect(steps.map(({ angles }) => angles !== undefined)).toEqual([false, false, false, true])
})

it("of kernels on manifolds are held against Euclidean ones of their own layer, matrix by matrix", () => {
  const model = tfl.sequential({
    layers: [
      tfl.layers.conv2d({ name: "conv", inputShape: [4, 4, 4], filters: 2, kernelSize: 3 }),
      tfl.layers.conv2d({ name: "spheres", filters: 2, kernelSize: 1 })
    ]
  })
  const network = Effect.runSync(
    Network.make(model, { specification: "Sp+Euc", overrides: { spheres: { specification: "Sp" } } })
  )
  const { poms } = network.problem.collection
  const share = (of: (pom: Collection.Pom) => number) =>
    turnedShare(network, { poms: poms.map(of), layers: [0, 0] }).turnedShare
  const isCurved = (pom: Collection.Pom) => Collection.labelsOf(pom).includes("curved")
  // The layer without Euclidean kernels says nothing.
  expect(share((pom) => isCurved(pom) ? pom.name.startsWith("spheres") ? 1 : 2 : 40)).toBe(1 / 20)
  expect(share((pom) => isCurved(pom) ? 1 : 0)).toBe(undefined)
  expect(turnedShare(network, undefined)).toEqual({})
  const event = { epoch: 1, turnedShare: 1 / 20 } as Trainer.EpochDone
  expect(hardlyMoved(event)).toEqual({ _tag: "HardlyMoves", share: 1 / 20, epoch: 1 })
  expect(hardlyMoved({ ...event, turnedShare: 1 / 5 })).toBe(undefined)
  expect(hardlyMoved({ ...event, turnedShare: undefined })).toBe(undefined)
})

it("of kernels that float32 cannot square are no numbers, and a checkpoint keeps them as such", async () => {
  const zeros = [0, 0, 0, 0]
  const turned = await measured(plain(), [[1, 0, 0, 0], zeros, [0, 0]], [[0, 1e20, 0, 0], zeros, [0, 0]])
  expect(turned.layers).toEqual([Number.NaN, 0])
  const { snapshot } = await train({ at: 7 })
  const position = { ...snapshot!.position, ...turns.counted(undefined, turned) }
  const read = Result.getOrThrow(Checkpoint.decode(Checkpoint.encode({ ...snapshot!, position }), "checkpoint.bin"))
  expect(read.snapshot.position).toEqual(position)
})

it("are refused before the first step where no layer is on manifolds", async () => {
  const error = await Effect.runPromise(Effect.flip(Effect.scoped(Effect.gen(function*() {
    const model = tfl.sequential({
      layers: [tfl.layers.flatten({ inputShape: [8, 8, 1] }), tfl.layers.dense({ units: 3 })]
    })
    const network = yield* Network.make(model, { specification: "Euc" })
    const schedule = Schedule.constant(0.1)
    return yield* Trainer.make({ network, dataset: tinyDataset, schedule, epochs: 1, batchSize: 8, seed: 1, measures })
  }))))
  expect(error.message).toBe(
    "measures must be without angles, since no layer of the network has kernels whose angles could be measured, " +
      "not angles"
  )
})

it("are measures that settings name", () => {
  expect(Catalogue.names(Measures.measures)).toEqual(expect.arrayContaining(["angles", "layer-angles"]))
})

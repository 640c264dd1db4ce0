// @module-tag threads
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { type Checkpoint, Models, Network, Optimizers, Schedule, StepSize, TrainConfig, Trainer } from "finegrain"
import { expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"
import { runsNode } from "../nativeEngine.ts"
import { tinyDataset as dataset } from "../tinyDataset.ts"

const settings: Optimizers.OptimizerSettings = {
  schedule: Schedule.constant(0.02),
  rule: StepSize.curvatureAware(),
  momentum: 0.9,
  weightDecay: 1e-4,
  rates: { Sp: 2, bias: 0.5 },
  clip: 10,
  accumulate: 2
}

/** Weights at the end; a snapshot after three steps, or the start from one. */
const run = (
  name: Optimizers.OptimizerName,
  from?: Checkpoint.Snapshot,
  { evaluate = "average", ...more }: Partial<Optimizers.OptimizerSettings> & Pick<Trainer.TrainerOptions, "evaluate"> =
    {}
) =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const network = yield* Network.make(Models.smallCnn({ ...dataset, filters: [4], seed: 1 }), { seed: 2 })
    yield* Effect.addFinalizer(() => Effect.sync(() => network.model.dispose()))
    const trainer = yield* Trainer.make({
      network,
      dataset,
      schedule: settings.schedule,
      transform: Optimizers.transform(name, { ...settings, ...more }),
      epochs: 2,
      batchSize: 32,
      seed: 3,
      evaluate,
      ...(from === undefined ? {} : { from })
    })
    let snapshot: Checkpoint.Snapshot | undefined
    const progress = yield* trainer.train((event) =>
      Effect.gen(function*() {
        if (event._tag === "StepDone" && event.step === 3) snapshot = yield* trainer.snapshot
      })
    )
    const read = Effect.map(
      Effect.forEach(network.variables, (v) => Effect.promise(() => v.data())),
      (weights) => weights.map((w) => Array.from(w))
    )
    const before = yield* Effect.sync(() => tf.memory().numTensors)
    const evaluated = yield* trainer.evaluated(read)
    const { loss } = yield* trainer.evaluated(Trainer.evaluate(network, dataset, dataset.test, 100))
    const left = tf.memory().numTensors - before
    return { snapshot, progress, weights: yield* read, evaluated, loss, left }
  })))

onEachBackend("every optimizer of the catalogue", () => {
  it.each(Object.keys(Optimizers.optimizers))(
    "trains, leaks nothing, and goes on from a checkpoint to the same bits: %s",
    async (name) => {
      const whole = await run(name)
      expect(whole.progress.tensorsLeaked).toBe(0)
      expect(whole.progress.epochs.every(({ normBoundViolations }) => normBoundViolations === 0)).toBe(true)
      const resumed = await run(name, whole.snapshot)
      expect(resumed.weights).toEqual(whole.weights)
    }
  )

  it("takes other steps by the metric of weights, of which every one of these holds as well", async () => {
    const whole = await run("fg-sgd", undefined, { metric: "weights" })
    expect(whole.progress.tensorsLeaked).toBe(0)
    expect(whole.progress.epochs.every(({ normBoundViolations }) => normBoundViolations === 0)).toBe(true)
    expect((await run("fg-sgd", whole.snapshot, { metric: "weights" })).weights).toEqual(whole.weights)
    expect((await run("fg-sgd")).weights).not.toEqual(whole.weights)
  })

  it("tests and saves the average where there is one, or the last weights, and trains as without it", async () => {
    const [plain, averaged] = [await run("nesterov"), await run("nesterov", undefined, { average: 0.9 })]
    expect(averaged.weights).toEqual(plain.weights)
    expect(averaged.evaluated).not.toEqual(plain.weights)
    expect(averaged.left).toBe(0)
    const loss = ({ progress }: typeof plain) => progress.epochs.at(-1)!.testLoss
    expect(loss(averaged)).toBe(averaged.loss)
    expect(loss(averaged)).not.toBe(loss(plain))
    expect(averaged.progress.epochs.every(({ normBoundViolations }) => normBoundViolations === 0)).toBe(true)

    const resumed = await run("nesterov", averaged.snapshot, { average: 0.9 })
    expect([resumed.weights, resumed.evaluated]).toEqual([averaged.weights, averaged.evaluated])

    const last = await run("nesterov", undefined, { average: 0.9, evaluate: "last" })
    expect([last.evaluated, loss(last)]).toEqual([plain.weights, loss(plain)])
  })
}, runsNode ? ["node"] : [])

it("are told what they do not know", () => {
  const mistakes = (config: object) => TrainConfig.mistakes(config).map(({ text }) => text)
  expect(mistakes({ optimizer: "sgd" })[0]).toMatch(/optimizer.*fg-sgd/)
  expect(mistakes({ rates: { Sp: 0 } })[0]).toMatch(/rates/)
  expect(mistakes({ ratesAfterRule: true })).toEqual(["ratesAfterRule is set, but there are no rates"])
  expect(mistakes({ evaluate: "last" })).toEqual(["evaluate is set, but there is no average"])
  expect(mistakes({ average: 1 })[0]).toMatch(/average/)
  expect(mistakes({ collection: "DS", optimizer: "riemannian-adam" })).toEqual([])
  const config = Effect.runSync(TrainConfig.decode({ optimizer: "amsgrad" }, "test"))
  expect([...TrainConfig.idle(config).keys()]).toEqual(expect.arrayContaining(["momentum", "rule", "rho"]))
})

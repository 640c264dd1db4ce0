import * as Effect from "effect/Effect"
import { type Checkpoint, Controls, Models, Network, Schedule, Trainer, Variations } from "finegrain"
import { beforeAll, expect, it } from "vitest"
import { use } from "../backends.ts"
import { tinyDataset } from "../tinyDataset.ts"

beforeAll(() => use("cpu"))

const epochs = (...losses: ReadonlyArray<number>) =>
  losses.map((testLoss, i) => ({ epoch: 1 + i, testLoss, testAccuracy: testLoss / 10 }) as Trainer.EpochDone)

it("the best epoch is the first of the smallest values, as far as they fall enough", () => {
  expect(Controls.bestEpoch(epochs(3, 1, 1, 2))).toBe(2)
  expect(Controls.bestEpoch(epochs(3, 2.5, 1), { improvement: 1 })).toBe(3)
  expect(Controls.bestEpoch(epochs(3, 2.5), { improvement: 1 })).toBe(1)
  expect(Controls.bestEpoch(epochs(3, 1), { watch: "test-error" })).toBe(1)
})

it("a run ends so many epochs after its best", () => {
  const { told } = Controls.earlyStopping({ patience: 2 })
  expect([epochs(3, 1), epochs(3, 1, 2)].map(told)).toEqual([undefined, undefined])
  expect(told(epochs(3, 1, 2, 1))).toBe("the mean test loss was the best in epoch 2, 2 epochs ago")
})

it("rates fall after each plateau, counted anew, and as the epochs say, however often they are told", () => {
  const { control, schedule } = Controls.reduceOnPlateau(Schedule.constant(1), { patience: 2, factor: 0.5 })
  const rateAfter = (...losses: ReadonlyArray<number>) => {
    control.told(epochs(...losses))
    return schedule.rate(0)
  }
  expect(rateAfter(1, 1)).toBe(1)
  expect(rateAfter(1, 1, 2)).toBe(0.5)
  expect(rateAfter(1, 1, 2, 2)).toBe(0.5)
  expect(rateAfter(1, 1, 2, 2, 1)).toBe(0.25)
  expect(rateAfter(1, 2, 0, 2, 1)).toBe(0.5)
  expect(rateAfter()).toBe(1)
})

interface Told {
  readonly events: ReadonlyArray<Trainer.TrainingEvent>
  readonly middle: Checkpoint.Snapshot | undefined
  readonly weights: ReadonlyArray<ReadonlyArray<number>>
  readonly stopped: string | undefined
}

/** No epoch but the first counts as better. */
const never = { improvement: 1000 }

/** Trains, with a snapshot after step 8: within the third epoch, whose rate has fallen. */
const train = (from?: Checkpoint.Snapshot): Promise<Told> =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const network = yield* Network.make(Models.smallCnn({ ...tinyDataset, filters: [2], seed: 1 }), { seed: 2 })
    const { control, schedule } = Controls.reduceOnPlateau(Schedule.constant(0.1), { ...never, patience: 1 })
    const controls = [control, Controls.earlyStopping({ ...never, patience: 3 })]
    const vary = [
      { name: "mixup", vary: Variations.mixup(0.5) },
      { name: "cutout", vary: Variations.cutout() },
      { name: "erasing", vary: Variations.erasing() }
    ]
    const own = { network, dataset: tinyDataset, schedule, controls, vary, classWeights: [1, 2, 3] }
    const options = { ...own, epochs: 9, batchSize: 32, seed: 3, from }
    const run = yield* Trainer.make(options)
    const events: Array<Trainer.TrainingEvent> = []
    let middle: Checkpoint.Snapshot | undefined
    const { stopped } = yield* run.train((event) =>
      Effect.gen(function*() {
        events.push(event)
        if (event._tag === "StepDone" && event.step === 8) middle = yield* run.snapshot
      })
    )
    const weights = network.model.getWeights().map((weight) => Array.from(weight.dataSync()))
    return { events, middle, weights, stopped }
  })))

it("a run with controls, variations and weights of classes goes on to the same bits from within an epoch", async () => {
  const whole = await train()
  const steps = whole.events.filter((event) => event._tag === "StepDone")
  expect(steps.map(({ rate }) => Number(rate.toPrecision(6)))).toEqual(
    [0.1, 0.1, 0.01, 0.001].flatMap((rate) => [rate, rate, rate])
  )
  expect(whole.stopped).toContain("epoch 1, 3 epochs ago")
  const rest = await train(whole.middle)
  expect(rest.events.filter((event) => event._tag === "StepDone").map(({ step }) => step)).toEqual([9, 10, 11, 12])
  expect(rest.weights).toEqual(whole.weights)
})

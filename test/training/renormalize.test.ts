import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Scheduler from "effect/Scheduler"
import { Network, Optimizer, Renormalization, Schedule } from "finegrain"
import { beforeAll, expect, it } from "vitest"
import { renormalizeBy } from "../../src/training/trainer/renormalize.ts"
import { optimizerOf, type Standing, start } from "../../src/training/trainer/Session.ts"
import type { EpochDone } from "../../src/training/TrainingEvent.ts"
import { use } from "../backends.ts"

beforeAll(() => use("cpu"))

/** ℜ, the weights of the model, and the epoch that they are of; undefined where tensors have been freed. */
const told = Effect.fnUntraced(function*({ options: { network }, position, state }: Standing) {
  const { scaling } = yield* Ref.get(state)
  if (scaling.length === 0 || scaling.some((factor) => factor?.isDisposed !== false)) return undefined
  const { measuredIn } = yield* Ref.get(position)
  return [measuredIn, ...[...scaling, ...network.variables].map((tensor) => Array.from(tensor!.dataSync()))]
})

/** Gives a run another ℜ in steps of so many operations, and interrupts that after so many of them. */
const interrupted = (operations: number, steps: number) =>
  Effect.gen(function*() {
    const layer = tfl.layers.conv2d({ name: "own", inputShape: [1, 1, 2], filters: 2, kernelSize: 1, useBias: false })
    const model = tfl.sequential({ layers: [layer] })
    const network = yield* Network.make(model, { specification: "Sp", policy: Renormalization.frobenius })
    const options = { network, schedule: Schedule.constant(0.1), epochs: 2 }
    const optimizer = yield* optimizerOf(options)
    const standing: Standing = {
      options,
      optimizer,
      state: yield* Ref.make(Optimizer.init(optimizer, network.variables)),
      position: yield* Ref.make(start),
      epochsDone: yield* Ref.make<ReadonlyArray<EpochDone>>([])
    }
    yield* renormalizeBy(standing, [[2, 2]], 1)
    const before = yield* told(standing)
    const renormalizing = renormalizeBy(standing, [[4, 4]], 2)
    const fiber = yield* Effect.forkChild(
      Effect.provideService(renormalizing, Scheduler.MaxOpsBeforeYield, operations)
    )
    for (let step = 0; step < steps; step++) yield* Effect.yieldNow
    yield* Fiber.interrupt(fiber)
    const found = yield* told(standing)
    yield* renormalizeBy(standing, [[4, 4]], 2)
    const after = yield* told(standing)
    model.dispose()
    return { before, found, after }
  })

// Fewer operations in a step do not get on.
it.each([3, 4, 5, 6])(
  "ℜ is the earlier one or the next as a whole, wherever it is interrupted: %i",
  async (operations) => {
    for (let steps = 0; steps < 12; steps++) {
      const { after, before, found } = await Effect.runPromise(interrupted(operations, steps))
      expect([before, after]).toContainEqual(found)
      expect(after).not.toEqual(before)
    }
  }
)

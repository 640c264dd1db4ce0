// @module-tag threads
import * as tf from "@tensorflow/tfjs-core"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import {
  FgSgd,
  Models,
  NestedTensors,
  Network,
  Renormalization,
  Schedule,
  StepSize,
  Trainer,
  Transform
} from "finegrain"
import { expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"
import { tinyDataset as dataset } from "../tinyDataset.ts"
import { longWebgpu } from "../webgpu.ts"

const run = (
  options: Partial<Trainer.TrainerOptions & Network.NetworkOptions>,
  report: (event: Trainer.TrainingEvent, network: Network.Network) => Effect.Effect<void> = () => Effect.void
) =>
  Effect.scoped(Effect.gen(function*() {
    const network = yield* Network.make(Models.smallCnn({ ...dataset, filters: [4, 4], seed: 1 }), {
      seed: 2,
      ...options
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => network.model.dispose()))
    const trainer = yield* Trainer.make({
      network,
      dataset,
      schedule: Schedule.constant(0.1),
      epochs: 2,
      batchSize: 16,
      seed: 3,
      ...options
    })
    const progress = yield* trainer.train((event) => report(event, network))
    const weights = yield* Effect.forEach(network.variables, (v) => Effect.promise(() => v.data()))
    return { progress, weights: weights.map((w) => Array.from(w)) }
  }))

/** FG-SGD with a part of one's own in front. */
const ownChain = (part: (gradient: NestedTensors.NestedTensors, at: Transform.At) => NestedTensors.NestedTensors) =>
  Transform.chain(
    "own",
    Transform.pure("mine", (u, at) => part(u, at as unknown as Transform.At) as typeof u),
    FgSgd.transform({ schedule: Schedule.constant(0.1), momentum: 0.9 })
  )

/** Of a run that is refused, or ends soon. */
const oneEpoch = { dataset, schedule: Schedule.constant(0.1), epochs: 1, batchSize: 8, seed: 1 }

onEachBackend("the trainer", () => {
  it("learns, within the norms, and leaks nothing", async () => {
    const before = tf.memory()
    const { progress } = await Effect.runPromise(run({ epochs: 6 }))
    const last = progress.epochs.at(-1)!
    expect(last.testAccuracy).toBeGreaterThan(0.9)
    expect(progress.steps).toBe(36)
    expect(progress.tensorsLeaked).toBe(0)
    expect(progress.epochs.every(({ normBoundViolations }) => normBoundViolations === 0)).toBe(true)
    const after = tf.memory()
    expect([after.numTensors, after.numDataBuffers]).toEqual([before.numTensors, before.numDataBuffers])
  })

  it("gives the same bits for the same seed, and others for another", async () => {
    const first = await Effect.runPromise(run({}))
    const second = await Effect.runPromise(run({}))
    const other = await Effect.runPromise(run({ seed: 4 }))
    expect(second.weights).toEqual(first.weights)
    expect(other.weights).not.toEqual(first.weights)
  })

  it("counts the tensors that a step leaves behind", async () => {
    // A transform that keeps one tensor a step: the count must find it.
    const { progress } = await Effect.runPromise(run({
      epochs: 1,
      transform: ownChain((gradient) => {
        tf.keep(tf.scalar(1))
        return gradient
      })
    }))
    expect(progress.tensorsLeaked).toBe(progress.steps)
  })

  it("tells what curvature leaves of the step size of every POM: all of it where the rule is plain", async () => {
    const told = async (rule: StepSize.Rule) => {
      const found: Array<readonly [poms: ReadonlyArray<string>, factors: Readonly<Record<string, number>>]> = []
      await Effect.runPromise(run({ epochs: 1, rule }, (event, network) =>
        Effect.sync(() => {
          if (event._tag !== "StepDone" || event.factors === undefined) return
          found.push([network.problem.collection.poms.map(({ name }) => name), event.factors])
        })))
      return found
    }
    const [curved, plain] = [await told(StepSize.curvatureAware({ rho: 10 })), await told(StepSize.plain)]
    for (const [poms, factors] of [...curved, ...plain]) expect(Object.keys(factors)).toEqual(poms)
    const all = (found: typeof curved) => found.flatMap(([, factors]) => Object.values(factors))
    expect(all(plain).every((factor) => factor === 1)).toBe(true)
    expect(all(curved).every((factor) => factor > 0 && factor <= 1)).toBe(true)
    expect(Math.min(...all(curved))).toBeLessThan(1)
  })

  it("tells the norm of every POM in some fifty steps, of which the one of all POMs together is made", async () => {
    const steps: Array<Trainer.StepDone> = []
    const epochs = 12
    await Effect.runPromise(run({ epochs }, (event, network) =>
      Effect.sync(() => {
        if (event._tag !== "StepDone") return
        steps.push(event)
        if (event.gradientNorms === undefined) return
        expect(Object.keys(event.gradientNorms)).toEqual(network.problem.collection.poms.map(({ name }) => name))
      })))
    const told = steps.filter(({ gradientNorms }) => gradientNorms !== undefined)
    expect([steps.length, told.length]).toEqual([72, 36])
    expect(told.every(({ factors }) => factors !== undefined)).toBe(true)
    for (const { gradientNorm, gradientNorms = {} } of told) {
      const norms = Object.values(gradientNorms)
      expect(norms.every((norm) => norm >= 0)).toBe(true)
      expect(Math.sqrt(norms.reduce((sum, norm) => sum + norm ** 2, 0)) / gradientNorm).toBeCloseTo(1, 5)
    }
  })

  it("rescales by γ alone without λ", async () => {
    const largest = async (measureLambda: boolean) => {
      const options = { epochs: 1, specification: "Sp", policy: Renormalization.unclamped, measureLambda }
      const { progress } = await Effect.runPromise(run(options))
      return progress.epochs[0]!.norms.find(({ norm }) => norm === "frobenius")!.largest
    }
    expect(await largest(false)).toBeCloseTo(1 / Math.sqrt(3), 5)
    // Pixels vary by less than 1.
    expect(await largest(true)).toBeGreaterThan(0.6)
  })

  it("reports a norm above its bound", async () => {
    // A policy that promises more than its γ keeps.
    const { gamma } = Renormalization.unit
    const { progress } = await Effect.runPromise(run({
      epochs: 1,
      policy: { ...Renormalization.unit, gamma: (manifold) => 2 * gamma(manifold) }
    }))
    expect(progress.epochs[0]!.normBoundViolations).toBeGreaterThan(0)
  })

  it("stops at a gradient that is not finite, naming layer, step, quantity, with the last good weights", async () => {
    let good: ReadonlyArray<ReadonlyArray<number>> = []
    let now: ReadonlyArray<ReadonlyArray<number>> = []
    const failing = run({
      transform: ownChain((gradient, { step }) => {
        let leaf = 0
        return step < 3 ? gradient : NestedTensors.map(gradient, (g) => leaf++ === 0 ? tf.mul(g, Number.NaN) : g)
      })
    }, (_event, network) =>
      Effect.gen(function*() {
        const values = yield* Effect.forEach(network.variables, (v) => Effect.promise(() => v.data()))
        good = values.map((w) => Array.from(w))
      })).pipe(
        Effect.tapError(() =>
          Effect.sync(() => {
            now = good
          })
        )
      )
    const before = tf.memory().numTensors
    const error = await Effect.runPromise(Effect.flip(failing))
    expect(tf.memory().numTensors).toBe(before)
    expect(error).toMatchObject({ _tag: "Diverged", step: 3, quantity: "gradient norm" })
    expect(error.message).toMatch(/step 3: gradient norm of conv1\/\d+ is NaN/)
    expect(now.flat().every(Number.isFinite)).toBe(true)
  })

  it("stops at features that are no numbers, instead of weights of 0", async () => {
    const model = Models.smallCnn({ ...dataset, filters: [4, 4, 4], seed: 1 })
    // The second is added to about as much again, of either sign, and overflows.
    for (const name of ["conv1", "conv2"]) {
      const bias = model.getLayer(name).trainableWeights[1]!.read() as tf.Variable
      bias.assign(tf.fill(bias.shape, 3e38))
    }
    const error = await Effect.runPromise(Effect.flip(Effect.scoped(Effect.gen(function*() {
      const network = yield* Network.make(model, { specification: "Sp" })
      const trainer = yield* Trainer.make({ network, ...oneEpoch })
      return yield* trainer.train(() => Effect.void)
    }))))
    // Engines sum 3e38 in other orders, and some overflow a layer before others.
    expect(error).toMatchObject({ _tag: "Diverged", step: 0, quantity: "λ" })
    expect(error.message).toMatch(/step 0: λ of conv[23] is (NaN|Infinity)/)
  })

  it("refuses kernels that are no numbers", async () => {
    const model = Models.smallCnn({ ...dataset, filters: [4], seed: 1 })
    const kernel = model.trainableWeights[0]!.read() as tf.Variable
    kernel.assign(tf.fill(kernel.shape, Number.NaN))
    const error = await Effect.runPromise(Effect.flip(Effect.scoped(Effect.gen(function*() {
      const network = yield* Network.make(model, { specification: "St" })
      return yield* Trainer.make({ network, ...oneEpoch })
    }))))
    expect(error._tag).toBe("OffManifold")
  })

  it("refuses a model that does not fit the dataset", async () => {
    const fitting = (size: { readonly height?: number; readonly classes?: number }) =>
      Effect.runPromise(Effect.flip(Effect.scoped(Effect.gen(function*() {
        const network = yield* Network.make(Models.smallCnn({ ...dataset, ...size, filters: [4], seed: 1 }))
        return yield* Trainer.make({ network, ...oneEpoch })
      }))))
    expect((await fitting({ height: 9 })).message).toMatch(/model's input.*expected shape \[8, 8, 1\], got \[9, 8, 1\]/)
    expect((await fitting({ classes: 4 })).message).toMatch(/model's output.*expected shape \[3\], got \[4\]/)
  })

  it("can be interrupted between steps and frees everything", async () => {
    const before = tf.memory().numTensors
    const exit = await Effect.runPromise(Effect.gen(function*() {
      const third = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(
        run(
          { epochs: 10_000 },
          (event) => event.step === 3 ? Effect.asVoid(Deferred.succeed(third, undefined)) : Effect.void
        )
      )
      yield* Deferred.await(third)
      yield* Fiber.interrupt(fiber)
      return yield* Fiber.await(fiber)
    }))
    expect(Exit.hasInterrupts(exit)).toBe(true)
    expect(tf.memory().numTensors).toBe(before)
  })
}, longWebgpu)

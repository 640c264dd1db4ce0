// @module-tag threads
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import fc from "fast-check"
import {
  Collection,
  Combinators,
  Euclidean,
  FgSgd,
  Grouping,
  NestedTensors,
  Network,
  Optimizer,
  Schedule,
  Sphere,
  StepSize,
  Stiefel,
  TensorTree,
  Transform,
  Transforms
} from "finegrain"
import { expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"

const smallModel = (seed: number) =>
  tfl.sequential({
    layers: [
      tfl.layers.conv2d({
        inputShape: [6, 6, 2],
        filters: 4,
        kernelSize: 3,
        activation: "relu",
        kernelInitializer: tfl.initializers.heNormal({ seed })
      }),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: 3, kernelInitializer: tfl.initializers.heNormal({ seed: seed + 1 }) })
    ]
  })

const lossGradients = (variables: ReadonlyArray<tf.Variable>, model: tfl.LayersModel, x: tf.Tensor, y: tf.Tensor) => {
  const { grads, value } = tf.variableGrads(
    () => tf.losses.meanSquaredError(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar,
    [...variables]
  )
  value.dispose()
  return variables.map(({ name }) => grads[name]!)
}

const failing = Transform.pure("failing", () => {
  throw new Error("no way")
})

const maxGap = (a: ReadonlyArray<tf.Tensor>, b: ReadonlyArray<tf.Tensor>) =>
  Math.max(...a.map((x, i) => tf.tidy(() => tf.max(tf.abs(tf.sub(x, b[i]!))).dataSync()[0]!)))

onEachBackend("FG-SGD", () => {
  it.each([
    ["clipped", [Transforms.riemannian, Transforms.clip({ norm: 1 })]],
    ["clipped by POM", [Transforms.riemannian, Transforms.clip({ norm: 1, per: "pom" })]],
    ["divided by its moments", [Transforms.riemannian, Transforms.adam()]],
    ["divided by the largest of its moments", [Transforms.riemannian, Transforms.adam({ amsgrad: true })]]
  ])("tells that a gradient's square is no number, when it is %s", (_, parts) => {
    const step = Transforms.descend(Schedule.constant(0.1))
    for (const manifold of [Sphere.make([3, 1]), Euclidean.make([3, 1])]) {
      const problem = Optimizer.onPoints(Collection.pom(manifold))
      const optimizer = Optimizer.make(problem, Transform.chain("own", Transforms.pullback, ...parts, step))
      const state = Optimizer.init(optimizer, tf.tensor2d([[1], [0], [0]]))
      const { told } = Optimizer.update(optimizer, state, tf.tensor2d([[0], [3e19], [4e19]]))
      // What is told is what refuses the step: of a norm of 0 it would be taken.
      expect(told["norms"]!.dataSync()[0]).toBeNaN()
    }
  })

  it("with Euclidean kernels is SGD with momentum, as TensorFlow.js has it", async () => {
    const x = tf.randomNormal([8, 6, 6, 2], 0, 1, "float32", 3)
    const y = tf.randomNormal([8, 3], 0, 1, "float32", 4)
    const ours = smallModel(5)
    const theirs = smallModel(5)
    const network = await Effect.runPromise(Network.make(ours, { specification: "Euc", strategy: Grouping.PI() }))
    const optimizer = FgSgd.make(network.problem, { schedule: Schedule.constant(0.05), momentum: 0.9 })
    const sgd = tf.train.momentum(0.05, 0.9)
    let state = Optimizer.init(optimizer, network.variables)
    const before = network.variables.map((v) => tf.clone(v))
    for (let t = 0; t < 10; t++) {
      sgd.minimize(() => tf.losses.meanSquaredError(y, theirs.apply(x, { training: true }) as tf.Tensor) as tf.Scalar)
      const updated = Optimizer.update(optimizer, state, lossGradients(network.variables, ours, x, y))
      Network.assign(network, updated.weights)
      state = updated.state
    }
    const reference = theirs.trainableWeights.map((w) => w.read())
    expect(maxGap(network.variables, before)).toBeGreaterThan(1e-2)
    // Ten steps of two float32 formulas for one number of order 1.
    expect(maxGap(network.variables, reference)).toBeLessThan(2e-6)
  })

  it("leaves no tensor behind in a step, successful or failed", () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 0.9), fc.constantFrom(0, 1e-3), fc.boolean(), (momentum, weightDecay, fails) => {
        const stack = Collection.stack([
          { name: "a", indices: [0, 2], manifold: Sphere.make([3, 3]) },
          { name: "b", indices: [1], manifold: Stiefel.make([3, 3]) },
          { name: "c", indices: [3, 4], manifold: Euclidean.make([3, 3]) }
        ])
        const hyperparameters = { schedule: Schedule.constant(0.1), momentum, weightDecay }
        const optimizer = Optimizer.make(
          stack,
          Transform.chain("test", FgSgd.transform(hyperparameters), ...(fails ? [failing] : []))
        )
        const weights = tf.randomNormal([5, 3, 3])
        const gradients = tf.randomNormal([5, 3, 3])
        const state = Optimizer.init(optimizer, weights)
        const before = tf.memory().numTensors
        try {
          const updated = Optimizer.update(optimizer, state, gradients)
          TensorTree.dispose([updated.weights, updated.told])
          Optimizer.dispose(updated.state)
          expect(fails).toBe(false)
        } catch (error) {
          if (!fails) throw error
        }
        expect(tf.memory().numTensors).toBe(before)
        // The given state is untouched and alive.
        expect(TensorTree.leaves([state.x, state.memory]).every((leaf) => !leaf.isDisposed)).toBe(true)
        Optimizer.dispose(state)
        tf.dispose([weights, gradients])
      })
    )
  })

  it("names the transform that fails", async () => {
    const problem = Optimizer.onPoints(Collection.pom(Sphere.make([3, 1])))
    const broken = Transform.pure("mine", () => {
      throw new Error("no step today")
    })
    const step = Transforms.descend(Schedule.constant(0.1))
    const optimizer = Optimizer.make(problem, Transform.chain("chain", Transform.chain("inner", broken), step))
    const state = Optimizer.init(optimizer, tf.ones([3, 1]))
    const error = await Effect.runPromise(Effect.flip(Optimizer.step(optimizer, state, tf.ones([3, 1]))))
    expect(error).toMatchObject({ _tag: "OptimizerError", stage: "chain/inner/mine", reason: "no step today" })
  })

  it("refuses gradients of other shapes, naming which", async () => {
    const problem = Optimizer.onPoints(Collection.pom(Combinators.product(Sphere.make([3, 1]), Sphere.make([2, 2]))))
    const optimizer = FgSgd.make(problem, { schedule: Schedule.constant(0.1) })
    const state = Optimizer.init(optimizer, [tf.ones([3, 1]), tf.ones([2, 2])] as const)
    const wrong = Optimizer.step(optimizer, state, [tf.ones([3, 1]), tf.ones([2, 3])] as const)
    const error = await Effect.runPromise(Effect.flip(wrong))
    expect(error.message).toBe("gradients[1]: expected shape [2, 2], got [2, 3]")
  })

  it("lets a researcher put a part of their own between the stages", () => {
    const sphere = Sphere.make([3, 1])
    const seen: Array<string> = []
    const mine = Transform.pure("mine", (direction) => {
      seen.push("mine")
      return direction
    })
    const optimizer = Optimizer.make(
      Optimizer.onPoints(Collection.pom(sphere)),
      Transform.chain(
        "own",
        FgSgd.euclideanGradient(0),
        FgSgd.tangentProjection(0.9),
        mine,
        FgSgd.stepSize({ schedule: Schedule.constant(0.1) })
      )
    )
    Optimizer.update(optimizer, Optimizer.init(optimizer, sphere.random(1)), tf.ones([3, 1]))
    expect(seen).toEqual(["mine"])
  })

  it("keeps every step within r·min(R, 1/(2ρ + R)) on curved POMs", () => {
    const sphere = Sphere.make([3, 3])
    fc.assert(
      fc.property(
        fc.integer(),
        fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
        fc.double({ min: 1e-3, max: 10, noNaN: true }),
        (seed, size, rate) =>
          tf.tidy(() => {
            const { collection } = Collection.stack([
              { name: "a", indices: [0, 1, 2], manifold: sphere },
              { name: "b", indices: [3], manifold: sphere }
            ])
            const x = collection.manifold.random(seed)
            const direction = NestedTensors.scale(size, collection.manifold.randomTangent(seed + 1, x))
            const step = Transforms.curvatureStep({ schedule: Schedule.constant(rate) })
            const { direction: v, told } = step.update(direction, {}, { step: 0, x, collection, scaling: [] })
            const lengths = tf.sqrt(collection.squaredNorms(x, v!)).dataSync()
            for (const [i, R] of told!["norms"]!.dataSync().entries()) {
              // Rounding of a handful of float32 operations.
              expect(lengths[i]).toBeLessThanOrEqual(rate * Math.min(R, 1 / (2 + R)) * (1 + 1e-5))
            }
          })
      ),
      { numRuns: 30 }
    )
  })

  it("uses as many tensor operations for many kernels and groups as for few", async () => {
    const operations = async (channels: number, groups: Grouping.Strategy, specification: string) => {
      const model = tfl.sequential({
        layers: [tfl.layers.conv2d({ inputShape: [5, 5, channels], filters: channels, kernelSize: 3, useBias: false })]
      })
      const network = await Effect.runPromise(Network.make(model, { specification, strategy: groups }))
      const optimizer = FgSgd.make(network.problem, { schedule: Schedule.constant(0.1), momentum: 0.9 })
      const state = Optimizer.init(optimizer, network.variables)
      const { kernels } = await tf.profile(() =>
        Optimizer.update(optimizer, state, network.variables.map(tf.onesLike)).told["norms"]!
      )
      return kernels.length
    }
    const counts = []
    for (const strategy of [Grouping.PI(), Grouping.PO(), Grouping.PIO()]) {
      counts.push(await operations(4, strategy, "Sp+Ob+St+Euc"), await operations(16, strategy, "Sp+Ob+St+Euc"))
    }
    expect(new Set(counts).size).toBe(1)
    const [mixed = 0] = counts
    expect(mixed).toBeLessThanOrEqual(2 * await operations(16, Grouping.PIO(), "St"))
  })

  it("moves the same whether kernels are one tensor or factors of a product", () => {
    const sphere = Sphere.make([2, 2])
    const stiefel = Stiefel.make([2, 2])
    const x = Combinators.product(sphere, stiefel, sphere).random(3) as ReadonlyArray<tf.Tensor>
    const g = [0, 1, 2].map((i) => tf.reshape(tf.sin(tf.range(i, i + 4)), [2, 2]))
    const apart = FgSgd.make(
      Optimizer.onPoints(
        Collection.join<ReadonlyArray<tf.Tensor>>(
          Collection.pom(sphere),
          Collection.pom(stiefel),
          Collection.pom(sphere)
        )
      ),
      { schedule: Schedule.constant(0.3), momentum: 0.9 }
    )
    const together = FgSgd.make(
      Collection.stack([
        { name: "0", indices: [0], manifold: sphere },
        { name: "1", indices: [1], manifold: stiefel },
        { name: "2", indices: [2], manifold: sphere }
      ]),
      { schedule: Schedule.constant(0.3), momentum: 0.9 }
    )
    let [a, b] = [Optimizer.init(apart, x), Optimizer.init(together, tf.stack([...x]))]
    for (let t = 0; t < 3; t++) {
      a = Optimizer.update(apart, a, g).state
      const updated = Optimizer.update(together, b, tf.stack(g))
      b = updated.state
      expect(maxGap(a.x, tf.unstack(updated.weights))).toBeLessThan(1e-6)
    }
  })
})

it("refuses hyperparameters that make no sense", () => {
  const problem = Optimizer.onPoints(Collection.pom(Sphere.make([3, 1])))
  const schedule = Schedule.constant(0.1)
  expect(() => FgSgd.make(problem, { schedule, momentum: 1 })).toThrow(/momentum must be in \[0, 1\)/)
  expect(() => FgSgd.make(problem, { schedule, weightDecay: -1 })).toThrow(
    /weight decay must be finite and not negative/
  )
  const unknown = { ...Sphere.make([3, 1]), curvature: { min: -Infinity, max: Infinity } }
  expect(() => FgSgd.make(Optimizer.onPoints(Collection.pom(unknown)), { schedule })).toThrow(/no finite bound/)
  expect(() => FgSgd.make(Optimizer.onPoints(Collection.pom(unknown)), { schedule, rule: StepSize.plain })).not
    .toThrow()
})

import * as tf from "@tensorflow/tfjs-core"
import {
  Collection,
  Euclidean,
  FgSgd,
  FusedKernels,
  Optimizer,
  Schedule,
  Sphere,
  StepFusion,
  StepSize,
  Tensors
} from "finegrain"
import { expect, it } from "vitest"
import { kernels } from "../../src/engine/Step.ts"
import { lengthsOf } from "../../src/optimizer/lengths.ts"
import { onEachBackend } from "../backends.ts"

const sphere = Sphere.make([2, 1])
const schedule = Schedule.constant(0.1)

onEachBackend("the metric of weights", () => {
  it("knows the smallest and the largest ℜ of POMs of any size, in any order, rescaled or not", async () => {
    // 1100 matrices in one POM: more than a round compares, and more than two.
    const sizes = [1, 1100, 40]
    const owners = sizes.flatMap((size, pom) => Array.from({ length: size }, () => pom))
    const indices = (pom: number) => owners.flatMap((owner, i) => owner === pom ? [(i * 11) % owners.length] : [])
    const { collection } = Collection.stack([
      ...sizes.map((_, pom) => ({ name: String(pom), indices: indices(pom), manifold: sphere })),
      { name: "flat", indices: [owners.length, owners.length + 1], manifold: Euclidean.make([2, 1]) }
    ])
    const factors = Float32Array.from(owners, (_, i) => 0.5 + ((i * 37) % 1141) / 1000)
    const scaling = [tf.tensor(factors, [owners.length, 1, 1]), undefined]
    const { largest, smallest } = Tensors.region(() => ({ ...lengthsOf(collection, scaling)! }))
    const own = (pom: number) => factors.filter((_, i) => collection.leaves![0]!.owners[i] === pom)
    expect([...await smallest.data()]).toEqual([...[0, 1, 2].map((pom) => Math.min(...own(pom))), 1])
    expect([...await largest.data()]).toEqual([...[0, 1, 2].map((pom) => Math.max(...own(pom))), 1])
    tf.dispose([smallest, largest, ...scaling.filter((factor) => factor !== undefined)])
  })

  it("is never taken by kernels that know the points only", () => {
    const problem = Optimizer.onPoints(Collection.pom(Sphere.make([3, 3])))
    const weights = FgSgd.make(problem, { schedule, metric: "weights" })
    expect(StepFusion.interpretation(weights)).toBe("composed")
    const points = FgSgd.make(problem, { schedule })
    const fused = tf.getKernel(kernels.direction, tf.getBackend()) !== undefined && FusedKernels.allowed()
    expect(StepFusion.interpretation(points)).toBe(fused ? "fused" : "composed")
  })
})

it("moves W by −(r/g)·Π(∂L/∂W), as Euclidean kernels", () => {
  const optimizer = FgSgd.make(Optimizer.onPoints(Collection.pom(sphere)), {
    schedule,
    rule: StepSize.plain,
    metric: "weights"
  })
  const small = 1e-3
  const state = { ...Optimizer.init(optimizer, tf.tensor2d([[1], [0]])), scaling: [tf.scalar(0.25)] }
  const { told, weights } = Optimizer.update(optimizer, state, tf.tensor2d([[7], [small]]))
  expect(told["norms"]!.dataSync()[0]).toBeCloseTo(small, 6)
  expect(weights.dataSync()[1]! / (-0.1 * small)).toBeCloseTo(1, 5)
})

it("refuses a rule that does not say what it becomes", () => {
  const problem = Optimizer.onPoints(Collection.pom(sphere))
  const own: StepSize.Rule = { name: "own", denominators: (norms) => tf.add(norms, 1) }
  expect(() => FgSgd.make(problem, { schedule, rule: own, metric: "weights" })).toThrow(
    /rule own does not say how it changes.*give it `rescaled`, or use the metric of points/
  )
  expect(FgSgd.make(problem, { schedule, rule: own }).transform.name).toBe("FG-SGD")
})

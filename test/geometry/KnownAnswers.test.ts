import * as tf from "@tensorflow/tfjs-core"
import type { NestedTensors } from "finegrain"
import {
  Collection,
  Combinators,
  FgSgd,
  type Manifold,
  Matrices,
  Optimizer,
  Schedule,
  Sphere,
  Stiefel,
  TensorTree
} from "finegrain"
import { expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"

/** Runs FG-SGD on one POM until the gradient is at rounding level. */
const minimize = <P extends NestedTensors.NestedTensors>(
  manifold: Manifold.Manifold<P>,
  start: P,
  gradient: (x: P) => P,
  steps: number,
  rate: number,
  momentum = 0.5
): P => {
  const optimizer = FgSgd.make(Optimizer.onPoints(Collection.pom(manifold)), {
    schedule: Schedule.constant(rate),
    momentum
  })
  let state = Optimizer.init(optimizer, start)
  for (let t = 0; t < steps; t++) {
    const g = tf.tidy(() => gradient(state.x) as tf.TensorContainer) as P
    const updated = Optimizer.update(optimizer, state, g)
    Optimizer.dispose(state)
    TensorTree.dispose([g, updated.weights, updated.told])
    state = updated.state
  }
  TensorTree.dispose(state.memory)
  return state.x
}

const maxAbs = (x: tf.Tensor) => tf.max(tf.abs(x)).dataSync()[0]!

// A symmetric matrix with the spectrum 3, 2, 0.5, 0.3, 0.1 in a known basis: the eigen-decomposition is the
// construction.
const basis = () => Stiefel.make([5, 5]).random(11)
const covariance = () => {
  const q = basis()
  return tf.matMul(tf.mul(q, tf.tensor1d([3, 2, 0.5, 0.3, 0.1])), q, false, true)
}
const leading = () => tf.slice(basis(), [0, 0], [5, 2])
const projector = (x: tf.Tensor) => tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D, false, true)

const pcaGradient = (c: tf.Tensor) => (x: tf.Tensor) => tf.mul(tf.matMul(c as tf.Tensor2D, x as tf.Tensor2D), -2)

// Procrustes: argmin ‖AX − B‖ over orthogonal X is the polar factor of AᵀB.
const a = () => tf.tensor2d([[2, 0.3, 0], [0, 1.5, 0.2], [0.1, 0, 1], [0.5, 0.5, 0.5]])
const b = () =>
  tf.add<tf.Tensor2D>(tf.matMul(a(), Stiefel.make([3, 3]).random(5) as tf.Tensor2D), tf.mul(normal([4, 3]), 0.1))
const normal = (shape: [number, number]) =>
  tf.tensor2d(Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(7 * i + 1)), shape)
const procrustes = () => Matrices.polar(tf.matMul(a(), b(), true))
const procrustesGradient = (x: tf.Tensor) =>
  tf.mul(tf.matMul(a(), tf.sub(tf.matMul(a(), x as tf.Tensor2D), b()) as tf.Tensor2D, true), 2)

// The mean of points on the sphere for the squared chordal distance: the normalized sum.
const cloud = () => tf.add(tf.mul(Sphere.make([3, 1]).random(3, [20]), 0.4), tf.tensor3d([[[0.8], [0], [0.6]]]))
const mean = () => Sphere.make([3, 1]).nearest(tf.mean(cloud(), 0))
const meanGradient = (x: tf.Tensor) => tf.mul(tf.sub(x, tf.mean(cloud(), 0)), 2)

onEachBackend("FG-SGD reaches the known optimum", () => {
  for (const metric of [Stiefel.embedded, Stiefel.canonical]) {
    for (const retraction of [Stiefel.qr, Stiefel.polar, Stiefel.cayley]) {
      it(`leading subspace of a covariance matrix, ${metric.name} metric, ${retraction.name} retraction`, () => {
        const manifold = Stiefel.make([5, 2], { metric, retraction })
        const x = minimize(manifold, manifold.random(2), pcaGradient(covariance()), 300, 0.2)
        // The subspace is determined to rounding over the eigenvalue gap of 1.5.
        expect(maxAbs(tf.sub(projector(x), projector(leading())))).toBeLessThan(1e-5)
      })
    }
  }

  it("orthogonal Procrustes", () => {
    const manifold = Stiefel.make([3, 3])
    // From the component of O(3) that holds the answer: the two are not connected.
    const start = manifold.retract(procrustes(), tf.mul(manifold.randomTangent(9, procrustes()), 0.7))
    const x = minimize(manifold, start, procrustesGradient, 400, 0.2)
    expect(maxAbs(tf.sub(x, procrustes()))).toBeLessThan(1e-5)
  })

  it("mean on the sphere", () => {
    const manifold = Sphere.make([3, 1])
    const x = minimize(manifold, manifold.random(4), meanGradient, 200, 0.3)
    expect(maxAbs(tf.sub(x, mean()))).toBeLessThan(1e-5)
  })

  it("a product of all three, as one POM", () => {
    const M = Combinators.product(
      Stiefel.make([5, 2]),
      Combinators.product(Stiefel.make([3, 3]), Sphere.make([3, 1]))
    )
    const rotation = Stiefel.make([3, 3])
    const start = [
      Stiefel.make([5, 2]).random(2),
      [
        rotation.retract(procrustes(), tf.mul(rotation.randomTangent(9, procrustes()), 0.5)),
        Sphere.make([3, 1]).random(4)
      ]
    ] as const
    const [x, [y, z]] = minimize(
      M,
      start,
      ([x, [y, z]]) => [pcaGradient(covariance())(x), [procrustesGradient(y), meanGradient(z)]] as const,
      600,
      0.2
    )
    expect(maxAbs(tf.sub(projector(x), projector(leading())))).toBeLessThan(1e-5)
    expect(maxAbs(tf.sub(y, procrustes()))).toBeLessThan(1e-5)
    expect(maxAbs(tf.sub(z, mean()))).toBeLessThan(1e-5)
  })
})

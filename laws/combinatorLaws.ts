/** The laws of combinators, and what it is for two manifolds to be one. */
import * as tf from "@tensorflow/tfjs-core"
import fc from "fast-check"
import * as Combinators from "../src/collections/combinators.ts"
import type * as Manifold from "../src/geometry/Manifold.ts"
import * as Oblique from "../src/geometry/manifolds/Oblique.ts"
import * as Sphere from "../src/geometry/manifolds/Sphere.ts"
import * as NestedTensors from "../src/numerics/NestedTensors.ts"
import * as Seed from "../src/numerics/Seed.ts"
import * as Shape from "../src/numerics/Shape.ts"
import { type Law, law, type LawSet } from "./Law.ts"
import * as Tolerance from "./Tolerance.ts"

const source = "the definition of the Riemannian product; do Carmo 1992, chapter 1"

const ends = (M: Pick<Manifold.Manifold, "curvature" | "norms">): ReadonlyArray<number> =>
  [M.curvature, M.norms.spectral, M.norms.frobenius, M.norms.rowSum, M.norms.columnSum].flatMap(({ max, min }) => [
    min,
    max
  ])

const apart = (a: number, b: number) => (a === b ? 0 : Math.abs(a - b) / (1 + Math.abs(b)))

/**
 * Two manifolds are one through an arrangement of entries: the same metadata, and operate-then-arrange =
 * arrange-then-operate.
 *
 * `matrices: false` leaves the norm intervals out, for arrangements that change which matrices the norms speak of.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Combinators, Sphere } from "finegrain"
 * import { isomorphic, Law } from "finegrain/laws"
 * const sphere = Sphere.make([3, 2])
 * const laws = isomorphic("twice", sphere, Combinators.transposed(Combinators.transposed(sphere)), (x: tf.Tensor) => x)
 * const reports = await Law.checkAll(laws, { runs: 3 })
 * reports.every(({ passed }) => passed) // => true
 * ```
 */
export const isomorphic = <P extends NestedTensors.NestedTensors, Q extends NestedTensors.NestedTensors>(
  name: string,
  A: Manifold.Manifold<P>,
  B: Manifold.Manifold<Q>,
  to: (x: P) => Q
): LawSet => {
  const size = Math.max(1, Shape.entries(A.shape))
  const gap = (a: P, b: Q): tf.Tensor => {
    const difference = NestedTensors.leaves(NestedTensors.sub(to(a), b)).map((leaf) => tf.max(tf.abs(leaf)))
    return difference.reduce((s, t) => tf.maximum(s, t), tf.scalar(0) as tf.Tensor)
  }
  const operations: Law = law({
    name: `${name}: operations`,
    equation: "f_B(arrange(x)) = arrange(f_A(x))",
    source,
    arbitrary: fc.nat({ max: 9999 }),
    tolerance: Tolerance.rounding(size, 4),
    residual: (seed) => {
      const x = A.random(seed, [2])
      const u = NestedTensors.map(x, (leaf) => Seed.normalTensor(seed + 1, leaf.shape))
      const v = A.randomTangent(seed + 2, x)
      const y = A.retract(x, v)
      const scalar = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b)))
      return tf.stack([
        gap(A.project(x, u), B.project(to(x), to(u))),
        gap(A.gradient(x, u), B.gradient(to(x), to(u))),
        gap(y, B.retract(to(x), to(v))),
        gap(A.transport(x, y, v), B.transport(to(x), to(y), to(v))),
        gap(
          A.nearest(NestedTensors.add(x, NestedTensors.scale(0.2, u))),
          B.nearest(to(NestedTensors.add(x, NestedTensors.scale(0.2, u))))
        ),
        scalar(A.inner(x, u, v), B.inner(to(x), to(u), to(v))),
        scalar(A.norm(x, v), B.norm(to(x), to(v))),
        tf.max(B.residual(to(y))),
        ...(A.exp === undefined ? [] : [gap(A.exp(x, v), B.exp!(to(x), to(v)))]),
        ...(A.log === undefined ? [] : [gap(A.log(x, y), B.log!(to(x), to(y)))]),
        ...(A.dist === undefined ? [] : [scalar(A.dist(x, y), B.dist!(to(x), to(y)))])
      ])
    }
  })
  const metadata: Law = law({
    name: `${name}: metadata`,
    equation: "dimension, curvature, norms, retraction order and injectivity radius agree",
    source,
    arbitrary: fc.constant(0),
    tolerance: Tolerance.measured(1e-12, "a handful of float64 operations"),
    residual: () =>
      Math.max(
        Math.abs(A.dimension - B.dimension),
        apart(A.retractionOrder, B.retractionOrder),
        apart(A.injectivityRadius, B.injectivityRadius),
        ...ends(A).map((end, i) => apart(end, ends(B)[i]!))
      )
  })
  return { name, parents: [], laws: [operations, metadata], notApplicable: [] }
}

/** The combinators that the laws speak of; replace one to see them fail. */
export type Combinator = Pick<
  typeof Combinators,
  "product" | "power" | "scaled" | "transposed" | "partition" | "kernelArrangement" | "columns"
>

/**
 * The laws of the combinators: products nest, associate and have a unit; a power is a product; scaling composes;
 * transposing is an involution; matricizations are bijections; a partition is its parts; the oblique manifold is
 * columns of spheres.
 *
 * @example
 * ```ts
 * import { Sphere, Stiefel } from "finegrain"
 * import { combinatorLaws, Law } from "finegrain/laws"
 * const laws = combinatorLaws(Sphere.make([3, 3]), Stiefel.make([3, 3]))
 * const reports = await Law.checkAll(laws, { runs: 2 })
 * reports.filter(({ passed }) => !passed).map(Law.format) // => []
 * ```
 */
export const combinatorLaws = (
  A: Manifold.Manifold,
  B: Manifold.Manifold,
  combinators: Combinator = Combinators
): LawSet => {
  const { columns, kernelArrangement, partition, power, product, scaled, transposed } = combinators
  const identity = <P>(x: P) => x
  const sets = [
    isomorphic("product has a unit", A, product(A, product()), (x) => [x, []] as const),
    isomorphic(
      "product is associative",
      product(A, product(B, A)),
      product(product(A, B), A),
      ([a, [b, c]]) => [[a, b], c] as const
    ),
    isomorphic("products flatten", product(A, product(B, A)), product(A, B, A), ([a, [b, c]]) => [a, b, c] as const),
    isomorphic("factors permute", product(A, B), product(B, A), ([a, b]) => [b, a] as const),
    isomorphic(
      "a power is a product",
      product(A, A, A),
      power(A, 3),
      (factors) => tf.stack([...factors], factors[0].rank - A.shape.length)
    ),
    isomorphic("scaling by one is the identity", A, scaled(A, 1), identity),
    isomorphic("scaling composes", scaled(A, 6), scaled(scaled(A, 2), 3), identity),
    isomorphic("transposing is an involution", A, transposed(transposed(A)), identity),
    isomorphic(
      "a partition is its parts",
      product(A, B, A, A),
      partition([{ indices: [2, 0, 3], manifold: A }, { indices: [1], manifold: B }]),
      (factors) => tf.stack([...factors], factors[0].rank - A.shape.length)
    ),
    isomorphic("oblique is columns of spheres", columns(Sphere.make([3, 1]), 4), Oblique.make([3, 4]), identity)
  ]
  const scaledNorms = law({
    name: "scaling scales what it should",
    equation: "norms(sM) = s·norms(M), K(sM) = K(M)/s², c(s·x) = 0",
    source,
    arbitrary: fc.record({ seed: fc.nat({ max: 9999 }), s: fc.constantFrom(0.25, 0.5, 3) }),
    tolerance: Tolerance.rounding(Shape.size(A.shape), 4),
    residual: ({ s, seed }) => {
      const M = scaled(A, s)
      const onto = tf.max(M.residual(tf.mul(A.random(seed, [2]), s)))
      return tf.maximum(
        onto,
        Math.max(
          apart(M.norms.spectral.max, s * A.norms.spectral.max),
          apart(M.norms.rowSum.min, s * A.norms.rowSum.min),
          apart(M.curvature.max, A.curvature.max / s ** 2)
        )
      )
    }
  })
  const bijections = Combinators.matricizations.map((matricization) =>
    law({
      name: `${matricization.name} is a bijection`,
      equation: "from(to(m)) = m, to(from(k)) = k, ‖from(k)‖ = ‖k‖",
      source: "Ozay 2019, section 3",
      arbitrary: fc.tuple(
        fc.nat({ max: 9999 }),
        ...[4, 4, 4, 4].map((max) => fc.integer({ min: 1, max })) as [
          fc.Arbitrary<number>,
          fc.Arbitrary<number>,
          fc.Arbitrary<number>,
          fc.Arbitrary<number>
        ]
      ),
      tolerance: Tolerance.exact,
      residual: ([seed, ...shape]) => {
        const { from, to } = kernelArrangement(matricization, shape)
        const [inputs, outputs] = matricization.grid(shape)
        const kernel = Seed.normalTensor(seed, [2, ...shape])
        const stack = from(kernel)
        const expected = [2, inputs * outputs, ...matricization.matrix(shape)]
        if (stack.shape.join() !== expected.join()) return Infinity
        // A permutation of the entries: each one once.
        const entries = tf.reshape(tf.range(0, kernel.size / 2), [...shape])
        const seen = tf.unique(tf.reshape(from(entries), [-1])).values.size
        return tf.add(tf.max(tf.abs(tf.sub(to(stack), kernel))), Math.abs(seen - entries.size))
      }
    })
  )
  return {
    name: `combinators on ${A.name} and ${B.name}`,
    parents: sets,
    laws: [scaledNorms, ...bijections],
    notApplicable: []
  }
}

/** Combinators with defects: products, powers, scalings, partitions and arrangements. */
import * as tf from "@tensorflow/tfjs-core"
import * as Combinators from "../../src/collections/combinators.ts"
import type * as Manifold from "../../src/geometry/Manifold.ts"
import * as Sphere from "../../src/geometry/manifolds/Sphere.ts"
import * as Stiefel from "../../src/geometry/manifolds/Stiefel.ts"
import * as Interval from "../../src/numerics/Interval.ts"
import { combinatorLaws } from "../combinatorLaws.ts"
import type { Mutant } from "./Mutant.ts"

const sphere = Sphere.make([3, 3])
const rotations = Stiefel.make([3, 3])

const broken = (name: string, killedBy: string, defect: Partial<typeof Combinators>): Mutant => ({
  name,
  killedBy,
  laws: combinatorLaws(sphere, rotations, { ...Combinators, ...defect })
})

/** @internal */
export const combinatorMutants: ReadonlyArray<Mutant> = [
  broken("unit with a dimension", "product has a unit: metadata", {
    product: ((...factors: Array<Manifold.Manifold>) => {
      const M = Combinators.product(...factors)
      return { ...M, dimension: M.dimension + (factors.length === 2 ? 1 : 0) }
    }) as typeof Combinators.product
  }),
  broken("unit that acts", "product has a unit: operations", {
    product: ((...factors: Array<Manifold.Manifold>) => {
      const M = Combinators.product(...factors)
      return factors.length === 2 && Array.isArray(factors[1]!.shape) && factors[1]!.shape.length === 0
        ? { ...M, inner: () => tf.scalar(0) }
        : M
    }) as typeof Combinators.product
  }),
  broken("product that forgets its last factor", "products flatten: operations", {
    product: ((...factors: Array<Manifold.Manifold>) => {
      const M = Combinators.product(...factors)
      return factors.length === 3
        ? {
          ...M,
          retract: (
            x: ReadonlyArray<tf.Tensor>,
            v: ReadonlyArray<tf.Tensor>
          ) => [...M.retract(x as never, v as never).slice(0, 2), x[2]!]
        }
        : M
    }) as unknown as typeof Combinators.product
  }),
  broken("curvature of the first factor only", "factors permute: metadata", {
    product: ((...factors: Array<Manifold.Manifold>) => ({
      ...Combinators.product(...factors),
      curvature: factors[0]?.curvature ?? Interval.point(0)
    })) as typeof Combinators.product
  }),
  broken("off-by-one exponent", "a power is a product: metadata", {
    power: ((M: Manifold.Manifold, k: number) => ({
      ...Combinators.power(M, k),
      dimension: (k - 1) * M.dimension
    })) as typeof Combinators.power
  }),
  broken("power with the metric of one factor", "a power is a product: operations", {
    power: ((M: Manifold.Manifold, k: number) => ({
      ...Combinators.power(M, k),
      inner: (x: tf.Tensor, u: tf.Tensor, v: tf.Tensor) => tf.max(M.inner(x, u, v), -1)
    })) as typeof Combinators.power
  }),
  broken("scaling that forgets to scale back", "scaling composes: operations", {
    scaled: ((M: Manifold.Manifold, s: number) => ({
      ...Combinators.scaled(M, s),
      retract: (x: tf.Tensor, v: tf.Tensor) => M.retract(tf.div(x, s), tf.div(v, s))
    })) as typeof Combinators.scaled
  }),
  broken("stale ℜ: every scale doubled", "scaling by one is the identity: operations", {
    scaled: ((M: Manifold.Manifold, s: number) => Combinators.scaled(M, 2 * s)) as typeof Combinators.scaled
  }),
  broken("stale ℜ in the metadata", "scaling by one is the identity: metadata", {
    scaled: ((M: Manifold.Manifold, s: number) => ({
      ...Combinators.scaled(M, s),
      norms: Combinators.scaled(M, 2).norms
    })) as typeof Combinators.scaled
  }),
  broken("curvature multiplied by the scale", "scaling composes: metadata", {
    scaled: ((M: Manifold.Manifold, s: number) => ({
      ...Combinators.scaled(M, s),
      curvature: Interval.map(M.curvature, (k) => k * (s + 1))
    })) as typeof Combinators.scaled
  }),
  broken("norms that do not scale", "scaling scales what it should", {
    scaled: ((M: Manifold.Manifold, s: number) => ({
      ...Combinators.scaled(M, s),
      norms: M.norms
    })) as typeof Combinators.scaled
  }),
  broken("sum instead of mean in the transpose", "transposing is an involution: operations", {
    transposed: (M) => {
      const T = Combinators.transposed(M)
      return { ...T, project: (x, u) => tf.mul(2, T.project(x, u)) }
    }
  }),
  broken("transpose without its norms", "transposing is an involution: metadata", {
    transposed: (M) => ({
      ...Combinators.transposed(M),
      norms: { ...M.norms, rowSum: Interval.sum(M.norms.rowSum, M.norms.rowSum) }
    })
  }),
  broken("off-by-one group", "a partition is its parts: operations", {
    partition: (parts) =>
      Combinators.partition(parts.map(({ indices, manifold }) => ({
        manifold,
        indices: indices.map((i) => (i + 1) % parts.flatMap((part) => part.indices).length)
      })))
  }),
  broken("partition with the dimension of its first part", "a partition is its parts: metadata", {
    partition: (parts) => ({ ...Combinators.partition(parts), dimension: parts[0]!.manifold.dimension })
  }),
  broken("nested product with a factor exchanged", "product is associative: operations", {
    product: ((...factors: Array<Manifold.Manifold>) => {
      const M = Combinators.product(...factors)
      const nested = Array.isArray((factors[0]?.shape as ReadonlyArray<unknown> | undefined)?.[0])
      return nested ? { ...M, inner: (...args: Parameters<typeof M.inner>) => tf.mul(2, M.inner(...args)) } : M
    }) as unknown as typeof Combinators.product
  }),
  broken("nested product with one dimension too many", "product is associative: metadata", {
    product: ((...factors: Array<Manifold.Manifold>) => {
      const M = Combinators.product(...factors)
      const nested = Array.isArray((factors[0]?.shape as ReadonlyArray<unknown> | undefined)?.[0])
      return { ...M, dimension: M.dimension + (nested ? 1 : 0) }
    }) as typeof Combinators.product
  }),
  broken("flat product of the wrong order", "products flatten: metadata", {
    product: ((...factors: Array<Manifold.Manifold>) => {
      const M = Combinators.product(...factors)
      return { ...M, retractionOrder: factors.length === 3 ? 7 : M.retractionOrder }
    }) as typeof Combinators.product
  }),
  broken("second factor's metric dropped", "factors permute: operations", {
    product: ((...factors: Array<Manifold.Manifold>) => {
      const M = Combinators.product(...factors)
      return {
        ...M,
        inner: (x: ReadonlyArray<tf.Tensor>, u: ReadonlyArray<tf.Tensor>, v: ReadonlyArray<tf.Tensor>) =>
          factors[0]?.inner(x[0]!, u[0]!, v[0]!) ?? tf.scalar(0)
      }
    }) as unknown as typeof Combinators.product
  }),
  broken("columns that are rows", "oblique is columns of spheres: operations", {
    columns: (M, n) => ({ ...Combinators.columns(M, n), project: (_x, u) => u })
  }),
  broken("columns with a dimension too many", "oblique is columns of spheres: metadata", {
    columns: (M, n) => ({ ...Combinators.columns(M, n), dimension: n * M.dimension + 1 })
  }),
  ...Combinators.matricizations.map(({ name }) =>
    broken(`${name} with two axes exchanged on the way back`, `${name} is a bijection`, {
      kernelArrangement: (matricization, shape) => {
        const arrangement = Combinators.kernelArrangement(matricization, shape)
        return { ...arrangement, to: (m) => tf.reshape(tf.reverse(m, -1), arrangement.to(m).shape) }
      }
    })
  )
]

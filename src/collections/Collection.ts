/** Collections of POMs: one product manifold per weight, its factors grouped, with norms and scaling by group. */
import * as tf from "@tensorflow/tfjs-core"
import { partArrangement } from "../geometry/combinators/partition.ts"
import { power } from "../geometry/combinators/power.ts"
import { product, productCurvature } from "../geometry/combinators/product.ts"
import type { Arrangement } from "../geometry/combinators/rearranged.ts"
import type * as Manifold from "../geometry/Manifold.ts"
import type * as Interval from "../numerics/Interval.ts"
import * as NestedTensors from "../numerics/NestedTensors.ts"
import * as Shape from "../numerics/Shape.ts"

/** A product of weight manifolds (POM): its name, the manifold of its factors, and the metadata a step size needs. */
export interface Pom {
  readonly name: string
  readonly manifold: string
  readonly factors: number
  readonly dimension: number
  readonly curvature: Interval.Interval
  /**
   * What else it goes by, as for learning rates: its manifold's symbol, its kind of parameter, `layers/` and its
   * layer's name.
   */
  readonly labels?: ReadonlyArray<string>
  /** The factor of the learning rate that a network recommends, as `rates: "recommended"` has it. */
  readonly recommended?: number
}

/**
 * A collection of POMs: a product manifold together with the grouping of its factors, each group with a step of its
 * own.
 *
 * Source: Ozay 2019, definition 1.
 */
export interface Collection<P extends NestedTensors.NestedTensors = NestedTensors.NestedTensors> {
  readonly manifold: Manifold.Manifold<P>
  readonly poms: ReadonlyArray<Pom>
  /** ‖u‖² over each whole POM; shape [poms]. */
  readonly squaredNorms: (x: P, u: P) => tf.Tensor1D
  /** Multiplies each POM's part of u by its factor; `factors` has shape [poms]. */
  readonly scale: (factors: tf.Tensor1D, u: P) => P
  /**
   * What every leaf of a point holds, from left to right; undefined where a leaf holds factors of several manifolds.
   */
  readonly leaves: ReadonlyArray<FactorStack> | undefined
}

const known = new WeakMap<ReadonlyArray<Pom>, ReadonlyArray<Interval.Interval>>()

/**
 * The sectional curvatures of the POMs: the same array in every step, so that a step rule may keep what it derives from
 * them.
 *
 * @example
 * ```ts
 * import { Collection, Sphere } from "finegrain"
 * Collection.curvatures(Collection.pom(Sphere.make([3, 1]))) // => [{ min: 1, max: 1 }]
 * ```
 */
export const curvatures = ({ poms }: { readonly poms: ReadonlyArray<Pom> }): ReadonlyArray<Interval.Interval> => {
  const found = known.get(poms) ?? poms.map(({ curvature }) => curvature)
  known.set(poms, found)
  return found
}

/** A leaf of a point: factors on one manifold, and the number of the POM that each belongs to. */
export interface FactorStack {
  readonly manifold: Manifold.Manifold
  readonly owners: Int32Array
}

/**
 * All that a POM goes by: its labels or, where nobody gave it any, the symbol in its manifold's name.
 *
 * @example
 * ```ts
 * import { Collection, Sphere } from "finegrain"
 * Collection.labelsOf(Collection.pom(Sphere.make([3, 1])).poms[0]!) // => ["Sp"]
 * ```
 */
export const labelsOf = ({ labels, manifold }: Pom): ReadonlyArray<string> => labels ?? [manifold.replace(/\(.*$/s, "")]

/**
 * A collection whose POMs go by labels, and have the factors of the learning rate that are recommended for them.
 *
 * @example
 * ```ts
 * import { Collection, Sphere } from "finegrain"
 * const labelled = Collection.labelled(Collection.pom(Sphere.make([3, 1])), () => ["Sp", "kernel"])
 * Collection.labelsOf(labelled.poms[0]!) // => ["Sp", "kernel"]
 * ```
 */
export const labelled = <P extends NestedTensors.NestedTensors>(
  collection: Collection<P>,
  labels: (pom: Pom) => ReadonlyArray<string>,
  recommended: (pom: Pom) => number | undefined = () => undefined
): Collection<P> => ({
  ...collection,
  poms: collection.poms.map((pom) => {
    const rate = recommended(pom)
    return { ...pom, labels: labels(pom), ...(rate === undefined ? {} : { recommended: rate }) }
  })
})

/**
 * One POM that is a whole manifold, in general a product.
 *
 * @example
 * ```ts
 * import { Collection, Combinators, Sphere, Stiefel } from "finegrain"
 * Collection.pom(Combinators.product(Sphere.make([3, 1]), Stiefel.make([4, 2]))).poms.length // => 1
 * ```
 */
export const pom = <P extends NestedTensors.NestedTensors>(
  manifold: Manifold.Manifold<P>,
  name: string = manifold.name
): Collection<P> => ({
  manifold,
  poms: [{
    name,
    manifold: manifold.name,
    factors: 1,
    dimension: manifold.dimension,
    curvature: manifold.curvature
  }],
  squaredNorms: (x, u) => tf.reshape(manifold.inner(x, u, u), [1]),
  scale: (factors, u) => NestedTensors.scale(tf.reshape(factors, []) as tf.Scalar, u),
  leaves: isOfTensors(manifold) ? [{ manifold, owners: Int32Array.of(0) }] : undefined
})

/** Points of this manifold are single tensors. */
const isOfTensors = (manifold: { readonly shape: unknown }): manifold is Manifold.Manifold =>
  Shape.isShape(manifold.shape)

/**
 * The power Mᵏ with its k factors shared among POMs; `owners` says which one every factor belongs to.
 */
const grouped = (
  manifold: Manifold.Manifold,
  poms: ReadonlyArray<Member>,
  owners: Int32Array
): Collection<tf.Tensor> => ({
  manifold: power(manifold, owners.length),
  poms: poms.map(({ indices, name }) => ({
    name,
    manifold: manifold.name,
    factors: indices.length,
    dimension: indices.length * manifold.dimension,
    curvature: indices.length === 1 ? manifold.curvature : productCurvature([manifold, manifold])
  })),
  squaredNorms: (x, u) =>
    tf.unsortedSegmentSum(manifold.inner(x, u, u), tf.tensor1d(owners, "int32"), poms.length) as tf.Tensor1D,
  scale: (factors, u) => NestedTensors.scaleItems(tf.gather(factors, tf.tensor1d(owners, "int32")), u),
  leaves: [{ manifold, owners }]
})

/**
 * Several collections side by side: the product of their manifolds with all their POMs.
 *
 * @example
 * ```ts
 * import { Collection, Sphere } from "finegrain"
 * const one = Collection.pom(Sphere.make([3, 1]))
 * const both = Collection.join(one, Collection.join(one, one))
 * both.poms.length // => 3
 * ```
 */
export const join = <const Ps extends ReadonlyArray<NestedTensors.NestedTensors>>(
  ...parts: { readonly [K in keyof Ps]: Collection<Ps[K]> }
): Collection<Ps> => {
  const all = parts as ReadonlyArray<Collection>
  const counts = all.map(({ poms }) => poms.length)
  return {
    manifold: product<Ps>(
      ...all.map(({ manifold }) => manifold) as unknown as { readonly [K in keyof Ps]: Manifold.Manifold<Ps[K]> }
    ),
    poms: all.flatMap(({ poms }) => poms),
    squaredNorms: (x, u) => tf.concat(all.map((part, i) => part.squaredNorms(x[i]!, u[i]!))) as tf.Tensor1D,
    scale: (factors, u) => {
      const shares = all.length === 1 ? [factors] : tf.split(factors, counts)
      return all.map((part, i) => part.scale(shares[i] as tf.Tensor1D, u[i]!)) as unknown as Ps
    },
    leaves: all.every(({ leaves }) => leaves !== undefined)
      ? all.flatMap(({ leaves }, i) => {
        const before = counts.slice(0, i).reduce((a, b) => a + b, 0)
        return leaves!.map(({ manifold, owners }) => ({ manifold, owners: owners.map((pom) => before + pom) }))
      })
      : undefined
  }
}

/** One POM of a stack: the members that it takes, and their manifold. */
export interface Member {
  readonly name: string
  readonly indices: ReadonlyArray<number>
  readonly manifold: Manifold.Manifold
}

/** The POMs of a stack of matrices by manifold, and the arrangement that sorts the stack accordingly. */
export interface StackCollection {
  readonly collection: Collection<ReadonlyArray<tf.Tensor>>
  readonly arrangement: Arrangement<ReadonlyArray<tf.Tensor>, tf.Tensor>
  /** The manifolds, one per tensor of a point, with the indices of its members. */
  readonly kinds: ReadonlyArray<{ readonly manifold: Manifold.Manifold; readonly indices: ReadonlyArray<number> }>
}

/**
 * A collection over a stack of matrices `[count, m, n]`: all members with one manifold become one tensor, whatever POMs
 * they belong to, so that a step runs a number of operations that depends on the number of manifolds only.
 *
 * @throws RangeError unless the POMs are disjoint and cover the stack.
 *
 * @example
 * ```ts
 * import { Collection, Sphere, Stiefel } from "finegrain"
 * const sphere = Sphere.make([3, 3])
 * const { collection, kinds } = Collection.stack([
 *   { name: "a", indices: [3, 0], manifold: sphere },
 *   { name: "b", indices: [2], manifold: Stiefel.make([3, 3]) },
 *   { name: "c", indices: [1], manifold: sphere }
 * ])
 * kinds.map(({ indices }) => indices) // => [[0, 1, 3], [2]]
 * collection.poms.map(({ name }) => name) // => ["a", "c", "b"]
 * ```
 */
export const stack = (members: ReadonlyArray<Member>): StackCollection => {
  const manifolds = [...new Set(members.map(({ manifold }) => manifold))]
  const kinds = manifolds.map((manifold) => {
    const own = members.filter((member) => member.manifold === manifold)
    // In the order of the stack, so that neighbours in memory stay neighbours whatever POMs they belong to.
    const owned = own.flatMap(({ indices }, pom) => indices.map((index) => ({ index, pom })))
      .toSorted((a, b) => a.index - b.index)
    return { manifold, own, indices: owned.map(({ index }) => index), owners: Int32Array.from(owned, ({ pom }) => pom) }
  })
  return {
    collection: join<ReadonlyArray<tf.Tensor>>(
      ...kinds.map(({ manifold, own, owners }) => grouped(manifold, own, owners))
    ),
    arrangement: partArrangement(kinds.map(({ indices }) => indices), manifolds[0]?.shape ?? []),
    kinds: kinds.map(({ manifold, indices }) => ({ manifold, indices }))
  }
}

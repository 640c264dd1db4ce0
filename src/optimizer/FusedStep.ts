import * as tf from "@tensorflow/tfjs-core"
import * as Collection from "../collections/Collection.ts"
import * as Fused from "../engine/Fused.ts"
import type { Arrangement } from "../geometry/combinators/rearranged.ts"
import * as Form from "../geometry/Form.ts"
import type * as Manifold from "../geometry/Manifold.ts"
import * as Points from "../numerics/Points.ts"
import type * as FgSgd from "./FgSgd.ts"

/** The kernels of an engine that has the whole step, in two sweeps. */
export const kernels = { direction: "FinegrainStepDirection", move: "FinegrainStepMove" } as const

/** A leaf of ω as a kernel sees it. */
export interface Leaf {
  readonly manifold: Manifold.Manifold
  /** undefined: the kernel only brings entries to and from their places, and the manifold's own operations do the rest. */
  readonly form: Form.Form | undefined
  /** Matrices, and entries of each. */
  readonly count: number
  readonly size: number
  /** POM of every matrix. */
  readonly owners: Int32Array
  /** The variable that the entries belong to. */
  readonly variable: number
  /** Where every matrix begins in the variable, and how far every entry is from there, in the order of the form's rows. */
  readonly bases: Int32Array
  readonly deltas: Int32Array
  /** The place of every entry within a matrix of the leaf, in the order of the form's rows. */
  readonly local: Int32Array
  /** Euclidean, and in the variable's own order: there are no matrices to be told apart. */
  readonly flat: boolean
}

/** What the kernels need to know of a problem. */
export interface Plan {
  readonly leaves: ReadonlyArray<Leaf>
  /** Sizes of the variables. */
  readonly variables: ReadonlyArray<number>
  readonly poms: number
}

/** Above so many entries the matrix products of the composition are faster than four matrices side by side. */
const largestMatrix = 1 << 12
/** Up to here float32 counts exactly. */
const largestIndex = 1 << 24

const sizeOf = (shape: Points.Shape) => shape.reduce((a, b) => a * b, 1)
const range = (size: number) => Float32Array.from({ length: size }, (_, i) => i)

const isShape = (tree: Points.ShapeTree): tree is Points.Shape => tree.every((length) => typeof length === "number")
const shapesOf = (tree: Points.ShapeTree): ReadonlyArray<Points.Shape> =>
  isShape(tree) ? [tree] : tree.flatMap(shapesOf)

const nest = (tree: Points.ShapeTree, leaf: (index: number, shape: Points.Shape) => tf.Tensor): Points.Points => {
  let index = 0
  const go = (node: Points.ShapeTree): Points.Points => isShape(node) ? leaf(index++, node) : node.map(go)
  return go(tree)
}

/** The values of every leaf after `from` has arranged variables filled by `fill`. */
const arranged = <P extends Points.Points, W extends Points.Points>(
  { from, shape }: Arrangement<P, W>,
  fill: (size: number, variable: number) => Float32Array
): ReadonlyArray<Float32Array> => {
  const leaves = tf.tidy(
    () => [...Points.leaves(from(nest(shape, (i, s) => tf.tensor(fill(sizeOf(s), i), [...s])) as W))]
  )
  // Not within the region: it would look for tensors among millions of numbers.
  const values = leaves.map((leaf) => leaf.dataSync<"float32">())
  tf.dispose(leaves)
  return values
}

/** Runs a synchronous region on an engine whose tensors can be read at once; a GPU's cannot. */
const readable = <A>(region: () => A): A => {
  const engine = tf.getBackend()
  if (engine !== "webgpu") return region()
  // The engine is there, so that this takes effect before the promise is kept.
  void tf.setBackend("cpu")
  try {
    return region()
  } finally {
    void tf.setBackend(engine)
  }
}

/** A value for every entry, different enough that an arrangement which also computes with entries does not go unseen. */
const probe = (size: number, variable: number) =>
  Float32Array.from({ length: size }, (_, i) => Math.fround(Math.sin(1 + i * 12.9898 + variable * 78.233)))

const leafOf = (
  { manifold, owners }: { readonly manifold: Manifold.Manifold; readonly owners: Int32Array },
  places: Float32Array,
  variables: Float32Array,
  sizes: ReadonlyArray<number>
): Leaf | undefined => {
  const count = owners.length
  const size = sizeOf(manifold.shape)
  const variable = variables[0]
  if (places.length !== count * size || variable === undefined || variables.some((v) => v !== variable)) {
    return undefined
  }
  const base = (m: number) => places[m * size]!
  const separable = places.every((place, i) => place === base(Math.floor(i / size)) + places[i % size]! - base(0))
  if (!separable) return undefined
  const declared = Form.of(manifold)
  const flat = declared?.name === "Euclidean" && count === 1 && size === sizes[variable] &&
    places.every((p, i) => p === i)
  const form = flat || size <= Math.min(largestMatrix, Fused.largest(tf.getBackend())) ? declared : undefined
  const { columns, rows } = form ?? { columns: 1, rows: size }
  const local = Int32Array.from(
    { length: size },
    (_, e) => form?.transposed === true ? (e % columns) * rows + Math.floor(e / columns) : e
  )
  return {
    manifold,
    form,
    count,
    size,
    owners,
    variable,
    bases: Int32Array.from({ length: count }, (_, m) => base(m)),
    deltas: local.map((e) => places[e]! - base(0)),
    local,
    flat
  }
}

/**
 * A problem as the kernels see it: which entry of which variable every entry of ω is, found by arranging numbers in place of weights.
 *
 * undefined where the arrangement does more than move the entries of whole matrices.
 */
const derive = <P extends Points.Points, W extends Points.Points>(
  { arrangement, collection }: FgSgd.Problem<P, W>
): Plan | undefined => {
  const sizes = shapesOf(arrangement.shape as Points.ShapeTree).map(sizeOf)
  if (collection.leaves === undefined || collection.leaves.length === 0) return undefined
  if (sizes.some((size) => size === 0 || size > largestIndex)) return undefined
  const [places, variables, probed] = readable(() =>
    [
      arranged(arrangement, range),
      arranged(arrangement, (size, i) => new Float32Array(size).fill(i)),
      arranged(arrangement, probe)
    ] as const
  )
  const leaves = collection.leaves.map((leaf, i) => leafOf(leaf, places[i]!, variables[i]!, sizes))
  const known = leaves.filter((leaf) => leaf !== undefined)
  const probes = sizes.map(probe)
  const seen = sizes.map((size) => new Uint8Array(size))
  const moves = known.length === leaves.length && known.every((leaf, i) =>
    places[i]!.every((place, e) => {
      seen[leaf.variable]![place]!++
      return probed[i]![e] === probes[leaf.variable]![place]
    })
  )
  return moves && seen.every((times) => times.every((t) => t === 1))
    ? { leaves: known, variables: sizes, poms: collection.poms.length }
    : undefined
}

/** By problem, and by engine: each has its own limit. */
const plans = new WeakMap<object, Map<string, Plan | undefined>>()

const derived = <P extends Points.Points, W extends Points.Points>(problem: FgSgd.Problem<P, W>): Plan | undefined => {
  const engine = tf.getBackend()
  const known = plans.get(problem) ?? new Map<string, Plan | undefined>()
  plans.set(problem, known)
  if (!known.has(engine)) known.set(engine, derive(problem))
  return known.get(engine)
}

/** An optimizer, as far as its way of computing depends on it. */
type Optimizer<P extends Points.Points, W extends Points.Points> = Pick<FgSgd.FgSgd<P, W>, "problem" | "replaced">

/**
 * The plan by which the engine takes the whole step in its own two kernels; undefined where it has none, where a stage was replaced,
 * where the arrangement is not one of matrices, and under automatic differentiation.
 *
 * @internal
 */
export const planOf = <P extends Points.Points, W extends Points.Points>(
  { problem, replaced }: Optimizer<P, W>
): Plan | undefined =>
  !replaced && Fused.allowed() && tf.engine().state.gradientDepth === 0 &&
    tf.getKernel(kernels.direction, tf.getBackend()) !== undefined
    ? derived(problem)
    : undefined

/**
 * How the steps of an optimizer are computed on the present engine: `fused`, `composed`, or `fused; composed on …` with the manifolds
 * whose operations have no kernel.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Backend, Collection, FgSgd, FusedStep, Grassmann, Sphere, StepSize } from "finegrain"
 * await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasm))
 * const on = (manifold: typeof sphere) => FgSgd.make(FgSgd.onPoints(Collection.pom(manifold)), { schedule: StepSize.constant(1) })
 * const sphere = Sphere.make([3, 3])
 * FusedStep.interpretation(on(sphere)) // => "fused"
 * FusedStep.interpretation(on(Grassmann.make([3, 2]))) // => "fused; composed on Gr(3,2)"
 * ```
 */
export const interpretation = <P extends Points.Points, W extends Points.Points>(
  optimizer: Optimizer<P, W>
): string => {
  const plan = planOf(optimizer)
  if (plan === undefined) return "composed"
  const composed = new Set(plan.leaves.filter(({ form }) => form === undefined).map(({ manifold }) => manifold.name))
  return composed.size === 0 ? "fused" : `fused; composed on ${[...composed].join(", ")}`
}

/** Tensors by their role and a number. */
const named = (roles: Readonly<Record<string, ReadonlyArray<tf.Tensor | undefined>>>): Record<string, tf.Tensor> => {
  const inputs: Record<string, tf.Tensor> = {}
  for (const [role, tensors] of Object.entries(roles)) {
    for (const [i, tensor] of tensors.entries()) {
      if (tensor !== undefined) inputs[`${role}${i}`] = tensor
    }
  }
  return inputs
}

const run = (
  name: string,
  inputs: Record<string, tf.Tensor>,
  attributes: object
): ReadonlyArray<tf.Tensor> => {
  const outputs = tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap)
  return Array.isArray(outputs) ? outputs : [outputs]
}

/** As many numbers as there are factors, broadcast over a leaf. */
const overFactors = (values: tf.Tensor, { manifold }: Leaf, leaf: tf.Tensor) =>
  leaf.rank === manifold.shape.length ? tf.reshape(values, []) : Points.expandTo(values, leaf.rank)

const like = <P extends Points.Points>(points: P, leaves: ReadonlyArray<tf.Tensor>): P => {
  let index = 0
  return Points.map(points, () => leaves[index++]!)
}

/**
 * The five stages in two sweeps over all weights, with the step sizes between them; what the composed stages compute, to rounding.
 * The next point, momentum and weights; R and g of every POM.
 *
 * Runs inside a region of the caller.
 *
 * @internal
 */
export const sweep = <P extends Points.Points, W extends Points.Points>(
  plan: Plan,
  { hyperparameters: { momentum, rule, schedule, weightDecay }, problem, state }: FgSgd.Context<P, W>,
  gradients: W
): readonly [x: P, momentum: P, weights: W, norms: tf.Tensor1D, denominators: tf.Tensor1D] => {
  const x = Points.leaves(state.x)
  const before = Points.leaves(state.momentum)
  const variables = Points.leaves(gradients)
  const { scaling } = state
  const swept = run(
    kernels.direction,
    named({ x, momentum: momentum === 0 ? [] : before, gradient: variables, scaling }),
    { plan, momentum, weightDecay }
  )
  const known = swept.at(-1) as tf.Tensor1D

  const composed = plan.leaves.flatMap((leaf, i) => {
    if (leaf.form !== undefined) return []
    const riemannian = leaf.manifold.gradient(x[i]!, swept[i]!)
    const direction = momentum === 0 ? riemannian : tf.add(riemannian, tf.mul(momentum, before[i]!))
    const owners = tf.tensor1d(leaf.owners, "int32")
    const inner = tf.reshape(leaf.manifold.inner(x[i]!, direction, direction), [leaf.count])
    return [{ leaf, i, owners, direction, squares: tf.unsortedSegmentSum(inner, owners, plan.poms) }]
  })
  const squares = composed.reduce((sum, part) => tf.add(sum, part.squares), known)

  const norms = tf.sqrt(tf.relu(squares))
  const denominators = rule.denominators(norms, Collection.curvatures(problem.collection))
  const factors = tf.div(-schedule.rate(state.step), denominators) as tf.Tensor1D

  const at = new Map(composed.map(({ direction, i, leaf, owners }) => {
    const v = tf.mul(direction, overFactors(tf.gather(factors, owners), leaf, direction))
    const y = leaf.manifold.retract(x[i]!, v)
    return [i, { y, direction: momentum === 0 ? direction : leaf.manifold.transport(x[i]!, y, direction) }]
  }))
  const moved = run(kernels.move, {
    ...named({ x: x.map((leaf, i) => at.get(i)?.y ?? leaf), direction: swept.slice(0, plan.leaves.length), scaling }),
    factors
  }, { plan, momentum, shapes: variables.map(({ shape }) => shape) })
  return [
    like(state.x, plan.leaves.map((_, i) => at.get(i)?.y ?? moved[i]!)),
    momentum === 0
      ? Points.map(state.momentum, tf.clone)
      : like(state.momentum, plan.leaves.map((_, i) => at.get(i)?.direction ?? swept[i]!)),
    like(gradients, moved.slice(plan.leaves.length)),
    norms,
    denominators
  ]
}

/** Chains that an engine takes as one: recognized, planned, and run in two sweeps. */
import * as tf from "@tensorflow/tfjs-core"
import * as Kernels from "../engine/FusedKernels.ts"
import * as Step from "../engine/Step.ts"
import type { Arrangement } from "../geometry/combinators/rearranged.ts"
import type * as Manifold from "../geometry/Manifold.ts"
import * as MatrixForm from "../geometry/MatrixForm.ts"
import * as NestedTensors from "../numerics/NestedTensors.ts"
import * as Shape from "../numerics/Shape.ts"
import type { TensorTree } from "../numerics/TensorTree.ts"
import type { Optimizer, Problem, State } from "./contract.ts"
import { recognize, type Recognized } from "./fusable.ts"
import type { AtPoms } from "./PerPom.ts"
import type { Told, Transform } from "./Transform.ts"

/** A leaf as the kernels see it, with its manifold for what they leave to be composed. */
interface LeafOnManifold extends Step.StepLeaf {
  readonly manifold: Manifold.Manifold
}

/** What the kernels and the composed parts need to know of a problem. */
interface PlanOnManifolds extends Step.StepPlan {
  readonly leaves: ReadonlyArray<LeafOnManifold>
}

/** A plan, and what the chain asks of the kernels. */
export interface RecognizedStep {
  readonly plan: PlanOnManifolds
  readonly recognized: Recognized
}

/** Above so many entries the matrix products of the composition are faster than four matrices side by side. */
const largestMatrix = 1 << 12
/** Up to here float32 counts exactly. */
const largestIndex = 1 << 24

const range = (size: number) => Float32Array.from({ length: size }, (_, i) => i)

/** The values of every leaf after `from` has arranged variables filled by `fill`. */
const arranged = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  { from, shape }: Arrangement<P, W>,
  fill: (size: number, variable: number) => Float32Array
): ReadonlyArray<Float32Array> => {
  const filled = (of: Shape.Shape, variable: number) => tf.tensor(fill(Shape.size(of), variable), [...of])
  const leaves = tf.tidy(() => [...NestedTensors.leaves(from(NestedTensors.ofShapes(shape, filled) as W))])
  // Not within the region: it would look for tensors among millions of numbers.
  const values = leaves.map((leaf) => leaf.dataSync<"float32">())
  tf.dispose(leaves)
  return values
}

/** Whether the present engine's tensors can be read at once; a GPU's cannot. */
const readsAtOnce = () => tf.getBackend() !== "webgpu"

/** Runs a synchronous region on an engine whose tensors can be read at once. */
const readable = <A>(region: () => A): A => {
  const engine = tf.getBackend()
  if (readsAtOnce()) return region()
  // The engine is there, so that this takes effect before the promise is kept.
  void tf.setBackend("cpu")
  try {
    return region()
  } finally {
    void tf.setBackend(engine)
  }
}

/**
 * A value for every entry, different enough that an arrangement which also computes with entries does not go unseen.
 */
const probe = (size: number, variable: number) =>
  Float32Array.from({ length: size }, (_, i) => Math.fround(Math.sin(1 + i * 12.9898 + variable * 78.233)))

const leafOf = (
  { manifold, owners }: { readonly manifold: Manifold.Manifold; readonly owners: Int32Array },
  places: Float32Array,
  variables: Float32Array,
  sizes: ReadonlyArray<number>
): LeafOnManifold | undefined => {
  const count = owners.length
  const size = Shape.size(manifold.shape)
  const variable = variables[0]
  if (places.length !== count * size || variable === undefined || variables.some((v) => v !== variable)) {
    return undefined
  }
  const base = (m: number) => places[m * size]!
  const separable = places.every((place, i) => place === base(Math.floor(i / size)) + places[i % size]! - base(0))
  if (!separable) return undefined
  const declared = MatrixForm.of(manifold)
  const flat = declared?.name === "Euclidean" && count === 1 && size === sizes[variable] &&
    places.every((p, i) => p === i)
  const form = flat || size <= Math.min(largestMatrix, Kernels.largest(tf.getBackend())) ? declared : undefined
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
 * A problem as the kernels see it: which entry of which variable every entry of ω is, found by arranging numbers in
 * place of weights.
 *
 * undefined where the arrangement does more than move the entries of whole matrices.
 */
const derive = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  { arrangement, collection }: Problem<P, W>
): PlanOnManifolds | undefined => {
  const sizes = Shape.leaves(arrangement.shape as Shape.ShapeTree).map(Shape.size)
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
const plans = new WeakMap<object, Map<string, PlanOnManifolds | undefined>>()

const derived = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  problem: Problem<P, W>
): PlanOnManifolds | undefined => {
  const engine = tf.getBackend()
  const known = plans.get(problem) ?? new Map<string, PlanOnManifolds | undefined>()
  plans.set(problem, known)
  if (!known.has(engine)) known.set(engine, derive(problem))
  return known.get(engine)
}

/** By transform, since it does not change. */
const recognitions = new WeakMap<object, Recognized | undefined>()

const recognized = ({ transform }: { readonly transform: Transform }): Recognized | undefined => {
  if (!recognitions.has(transform)) recognitions.set(transform, recognize(transform))
  return recognitions.get(transform)
}

/**
 * The plan by which the engine takes the whole step in its own two kernels; undefined where it has none, where the
 * chain is another than they know, where the arrangement is not one of matrices, and under automatic differentiation.
 *
 * @internal
 */
export const planOf = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  optimizer: Optimizer<P, W>
): RecognizedStep | undefined => {
  const kernelsHere = Kernels.allowed() && tf.engine().state.gradientDepth === 0 &&
    tf.getKernel(Step.kernels.direction, tf.getBackend()) !== undefined
  const chain = kernelsHere ? recognized(optimizer) : undefined
  const plan = chain === undefined ? undefined : derived(optimizer.problem)
  return chain === undefined || plan === undefined ? undefined : { plan, recognized: chain }
}

/**
 * How the steps of an optimizer are computed on the present engine: `fused`, `composed`, or `fused; composed on …` with
 * the manifolds whose operations have no kernel.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Backend, Collection, FgSgd, StepFusion, Grassmann, Optimizer, Sphere, Schedule } from "finegrain"
 * await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasm))
 * const sphere = Sphere.make([3, 3])
 * const on = (manifold: typeof sphere) =>
 *   FgSgd.make(Optimizer.onPoints(Collection.pom(manifold)), { schedule: Schedule.constant(1) })
 * StepFusion.interpretation(on(sphere)) // => "fused"
 * StepFusion.interpretation(on(Grassmann.make([3, 2]))) // => "fused; composed on Gr(3,2)"
 * ```
 */
export const interpretation = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  optimizer: Optimizer<P, W>
): string => {
  const fused = planOf(optimizer)
  if (fused === undefined) return "composed"
  const leaves = fused.plan.leaves.filter(({ form }) => form === undefined)
  const composed = new Set(leaves.map(({ manifold }) => manifold.name))
  return composed.size === 0 ? "fused" : `fused; composed on ${[...composed].join(", ")}`
}

/** Tensors by their role and a number. */
const named = (roles: Readonly<Record<string, ReadonlyArray<tf.Tensor | undefined>>>): Record<string, tf.Tensor> => {
  const inputs: Record<string, tf.Tensor> = {}
  for (const [role, tensors] of Object.entries(roles)) {
    for (const [i, tensor] of tensors.entries()) {
      if (tensor !== undefined) inputs[Step.inputName(role, i)] = tensor
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
const overFactors = (values: tf.Tensor, { manifold }: LeafOnManifold, leaf: tf.Tensor) =>
  leaf.rank === manifold.shape.length ? tf.reshape(values, []) : NestedTensors.expandTo(values, leaf.rank)

const like = <P extends NestedTensors.NestedTensors>(points: P, leaves: ReadonlyArray<tf.Tensor>): P =>
  NestedTensors.mapIndexed(points, (_, i) => leaves[i]!)

/** Part of a tree of states under names. */
const partAt = (tree: TensorTree, path: ReadonlyArray<string>): TensorTree =>
  path.reduce((node, name) => (node as Readonly<Record<string, TensorTree>>)[name]!, tree)

/** The tree with another part under names. */
const withPart = (tree: TensorTree, path: ReadonlyArray<string>, part: TensorTree): TensorTree => {
  const [name, ...rest] = path
  if (name === undefined) return part
  const node = tree as Readonly<Record<string, TensorTree>>
  return { ...node, [name]: withPart(node[name]!, rest, part) }
}

/** The factors of the scalings between the sweeps, and all that they tell. */
interface Scaled {
  readonly factor: tf.Tensor1D
  readonly told: Told
}

/** On numbers at hand, where that is known to give the same bits. */
const scaledOnHost = (
  [scaling, ...more]: Recognized["scalings"],
  squares: tf.Tensor,
  at: AtPoms
): Scaled | undefined => {
  if (scaling?.onHost === undefined || more.length > 0 || !readsAtOnce()) return undefined
  const norms = squares.dataSync<"float32">().map((square) => Math.sqrt(Math.max(square, 0)))
  const { factors, told } = scaling.onHost(norms, at)
  return {
    factor: tf.tensor1d(factors),
    told: Object.fromEntries(Object.entries(told).map(([name, values]) => [name, tf.tensor1d(values)]))
  }
}

/** By the engine's operations. */
const scaledByEngine = (scalings: Recognized["scalings"], squares: tf.Tensor, at: AtPoms): Scaled => {
  const norms = tf.sqrt(tf.relu(squares)) as tf.Tensor1D
  const told: Array<Told> = []
  let factor: tf.Tensor1D | undefined
  for (const scaling of scalings) {
    const next = scaling.factors(factor === undefined ? norms : tf.mul(norms, tf.abs(factor)), at)
    if (next.told !== undefined) told.push(next.told)
    factor = factor === undefined ? next.factors : tf.mul(factor, next.factors)
  }
  return { factor: factor ?? tf.onesLike(norms), told: Object.assign({}, ...told) as Told }
}

/**
 * A step in two sweeps over all weights, with the step sizes between them; what the composed one computes, to rounding.
 *
 * Runs inside a region of the caller.
 *
 * @internal
 */
export const sweep = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  { plan, recognized: { momentum, path, scalings, weightDecay } }: RecognizedStep,
  { problem }: Optimizer<P, W>,
  state: State<P>,
  gradients: W
): { readonly x: P; readonly memory: TensorTree; readonly weights: W; readonly told: Told } => {
  const x = NestedTensors.leaves(state.x)
  const remembered = path === undefined ? undefined : partAt(state.memory, path) as P
  const before = momentum === 0 || remembered === undefined ? [] : NestedTensors.leaves(remembered)
  const variables = NestedTensors.leaves(gradients)
  const { scaling } = state
  const swept = run(
    Step.kernels.direction,
    named({ x, momentum: before, gradient: variables, scaling }),
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

  const poms = { poms: problem.collection.poms, step: state.step }
  const { factor, told } = scaledOnHost(scalings, squares, poms) ?? scaledByEngine(scalings, squares, poms)

  const at = new Map(composed.map(({ direction, i, leaf, owners }) => {
    const v = tf.mul(direction, overFactors(tf.gather(factor, owners), leaf, direction))
    const y = leaf.manifold.retract(x[i]!, v)
    return [i, { y, direction: momentum === 0 ? direction : leaf.manifold.transport(x[i]!, y, direction) }]
  }))
  const moved = run(Step.kernels.move, {
    ...named({ x: x.map((leaf, i) => at.get(i)?.y ?? leaf), direction: swept.slice(0, plan.leaves.length), scaling }),
    factors: factor
  }, { plan, momentum, shapes: variables.map(({ shape }) => shape) })
  const memory = momentum === 0 || remembered === undefined
    ? state.memory
    : withPart(state.memory, path!, like(remembered, plan.leaves.map((_, i) => at.get(i)?.direction ?? swept[i]!)))
  return {
    x: like(state.x, plan.leaves.map((_, i) => at.get(i)?.y ?? moved[i]!)),
    memory,
    weights: like(gradients, moved.slice(plan.leaves.length)),
    told
  }
}

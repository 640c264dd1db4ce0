/** A step as two sweeps of the engine. */
import * as tf from "@tensorflow/tfjs-core"
import * as Step from "../../engine/Step.ts"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import type { TensorTree } from "../../numerics/TensorTree.ts"
import type { Optimizer, State } from "../contract.ts"
import type { Recognized } from "../fusable.ts"
import type { AtPoms } from "../PerPom.ts"
import type { Told } from "../Transform.ts"
import type { LeafOnManifold, PlanOnManifolds } from "./derive.ts"
import { readsAtOnce } from "./readsAtOnce.ts"

/** A plan, and what the chain asks of the kernels. */
export interface RecognizedStep {
  readonly plan: PlanOnManifolds
  readonly recognized: Recognized
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

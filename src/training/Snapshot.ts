/** A run's tensors taken for a checkpoint, and given back. */
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Network from "../network/Network.ts"
import * as stateTensors from "../network/stateTensors.ts"
import * as NestedTensors from "../numerics/NestedTensors.ts"
import * as Tensors from "../numerics/Tensors.ts"
import type * as Optimizer from "../optimizer/Optimizer.ts"
import { CheckpointMismatch, type Named, type Snapshot } from "./Checkpoint.ts"

type State = Optimizer.State<Network.NetworkPoint>

/** All weights of the model, as a part of the tree of a run. */
const weightsOf = ({ model }: Network.Network) => ({ weight: model.weights.map((weight) => weight.read()) })

/**
 * The tensors that make up a run: ω, what the optimizer keeps, ℜ by leaf, and all weights of the model, moving averages
 * included.
 *
 * @internal
 */
export const take = (
  network: Network.Network,
  state: State
): Effect.Effect<ReadonlyArray<Named>, Tensors.ReadFailed> =>
  Effect.forEach(
    [...stateTensors.named(state), ...stateTensors.namedIn(weightsOf(network))],
    ({ name, tensor }) => Effect.map(Tensors.read(tensor), (values) => ({ name, shape: tensor.shape, values }))
  )

/** What a run of these settings counts. */
export interface Course {
  readonly epochs: number
  readonly images: number
  readonly batchSize: number
}

const mismatch = (what: string, expected: string, actual: string) => new CheckpointMismatch({ what, expected, actual })

/** Where a run of these settings cannot stand, whatever happened. */
const misplaced = ({ epochs: done, position }: Snapshot, { batchSize, epochs, images }: Course) => {
  const { epoch, from, measuredIn, step } = position
  const steps = (epoch - 1) * Math.ceil(images / batchSize) + Math.ceil(from / batchSize)
  return [
    epoch > epochs + 1 ? mismatch("the epoch", `at most ${epochs + 1}`, String(epoch)) : undefined,
    from > images || from < images && from % batchSize !== 0 || epoch > epochs && from !== 0
      ? mismatch("the place in the epoch", `a multiple of ${batchSize} up to ${images}`, String(from))
      : undefined,
    step !== steps ? mismatch("the step", String(steps), String(step)) : undefined,
    measuredIn !== epoch && (measuredIn !== epoch - 1 || from !== 0)
      ? mismatch("the epoch at whose start ℜ was measured", String(epoch), String(measuredIn))
      : undefined,
    done.length !== epoch - 1 || done.some((own, i) => own.epoch !== i + 1)
      ? mismatch("the epochs that are done", String(epoch - 1), String(done.length))
      : undefined
  ].find((wrong) => wrong !== undefined)
}

/** A factor for every matrix of a leaf. */
const isFactor = (shape: ReadonlyArray<number>, leaf: ReadonlyArray<number>) =>
  shape.length === leaf.length && shape.every((length, axis) => length === 1 || length === leaf[axis])

/** What of its tensors is not as the network's, or is no number. */
const unlike = (network: Network.Network, initial: State, { tensors }: Snapshot) => {
  const byName = new Map(tensors.map((named) => [named.name, named]))
  const leaves = NestedTensors.leaves(initial.x)
  const needed = [
    ...stateTensors.named({ ...initial, scaling: [] }),
    ...stateTensors.namedIn(weightsOf(network))
  ]
  const known = new Set([...needed.map(({ name }) => name), ...leaves.map((_, i) => `scaling/${i}`)])
  const shown = (shape: ReadonlyArray<number>) => `of shape [${shape.join(", ")}]`
  for (const { name, tensor } of needed) {
    const found = byName.get(name)
    if (found === undefined || String(found.shape) !== String(tensor.shape)) {
      return mismatch(name, shown(tensor.shape), found === undefined ? "not there" : shown(found.shape))
    }
  }
  for (const { name, shape, values } of tensors) {
    if (!known.has(name)) return mismatch(name, "none", "there")
    const [kind, index] = name.split("/")
    const leaf = leaves[Number(index)]?.shape ?? []
    if (kind === "scaling" && !isFactor(shape, leaf)) return mismatch(name, `a factor ${shown(leaf)}`, shown(shape))
    const bad = values.find((value) => !Number.isFinite(value))
    if (bad !== undefined) return mismatch(`a number of ${name}`, "finite", String(bad))
  }
  return undefined
}

/**
 * Gives the model the weights of a snapshot, and a state its points; ℜ and all tensors of the new state belong to the
 * caller.
 *
 * Fails with CheckpointMismatch where the network has another geometry, the snapshot other tensors or numbers that are
 * none, or it stands where a run of these settings cannot stand.
 *
 * @internal
 */
export const restore = Effect.fnUntraced(function*(
  network: Network.Network,
  initial: State,
  snapshot: Snapshot,
  course: Course | undefined
): Effect.fn.Return<State, CheckpointMismatch> {
  const { fingerprint, position, tensors } = snapshot
  const own = Network.fingerprint(network)
  if (own !== fingerprint) {
    return yield* new CheckpointMismatch({
      what: "the geometry of the network (shapes, manifolds, POMs)",
      expected: own.slice(0, 12),
      actual: fingerprint.slice(0, 12)
    })
  }
  const wrong = (course === undefined ? undefined : misplaced(snapshot, course)) ?? unlike(network, initial, snapshot)
  if (wrong !== undefined) return yield* wrong
  const byName = new Map(tensors.map((named) => [named.name, named]))
  const tensor = (name: string) => {
    const named = byName.get(name)
    return named === undefined ? undefined : tf.tensor(named.values, [...named.shape])
  }
  for (const [i, weight] of network.model.weights.entries()) {
    tf.tidy(() => {
      weight.write(tensor(`weight/${i}`)!)
    })
  }
  return stateTensors.like(initial, position.step, tensor)
})

import type * as tf from "@tensorflow/tfjs-core"
import { forms, sizes, stepRow } from "../../contracts/kernels.ts"
import { recent } from "../../recent.ts"
import { sizeOf } from "../../sizeOf.ts"
import { inputName, kernels, type StepLeaf, type StepPlan } from "../../Step.ts"
import { type Call, type Kernel, kernel } from "../kernel.ts"
import { numbersAtLeast } from "./activation.ts"
import { pointer } from "./functions.ts"
import { interleavedOn, type Places } from "./interleaved.ts"
import { keeping } from "./keeping.ts"
import type { Simd } from "./module.ts"

/** Plans whose tables stay on the heap; a run needs one. */
const keptPlans = 8

type Pointer = number
type Inputs = Readonly<Record<string, tf.TensorInfo>>

/** What of a plan is the same in every step. */
interface Layout {
  /** Rows for all leaves, as the contract has them, without the places of tensors. */
  readonly rows: Int32Array
  readonly rowBytes: number
  /** Bytes of the squared norms of the POMs, for every slice by itself. */
  readonly sumBytes: number
  /** Bytes that a thread needs for itself. */
  readonly ownBytes: number
  /** Slices that a thread takes at least. */
  readonly grain: number
}

/** A word of a leaf's row. */
type Word = (typeof stepRow)[number]

/** Words of a row that tensors fill. */
type Filled = "x" | "momentum" | "variable" | "scaling" | "direction" | "toX"

const rowWords = stepRow.length
const at = Object.fromEntries(stepRow.map((word, i) => [word, i])) as Readonly<Record<Word, number>>

/** A row as kernels read it, with 0 where tensors will be. */
const rowOf = (words: Readonly<Record<Exclude<Word, Filled>, number>>): ReadonlyArray<number> =>
  stepRow.map((word) => (words as Partial<Record<Word, number>>)[word] ?? 0)

const bytes = (values: Int32Array) => values.map((value) => 4 * value)

/** Offsets of the entries in the leaf's own order. */
const deltasOf = ({ deltas, local }: StepLeaf): Int32Array => {
  const ordered = new Int32Array(deltas.length)
  for (const [entry, place] of local.entries()) ordered[place] = 4 * deltas[entry]!
  return ordered
}

/** The distance from one offset to the next; 0 where these differ. */
const strideOf = (offsets: Int32Array): number => {
  const stride = (offsets[1] ?? 4) - offsets[0]!
  return offsets.every((offset, i) => offset === i * stride) ? stride : 0
}

/**
 * Matrices that a thread takes at once, a multiple of four: as many as the nearest cache has room for.
 */
const chunkOf = ({ size }: StepLeaf) => 4 * Math.max(1, Math.min(8, Math.floor(512 / size)))

/** For the largest leaf: four points, their directions and where they go, and what comes between. */
const workBytes = (leaves: ReadonlyArray<StepLeaf>) =>
  64 +
  Math.max(
    ...leaves.map(({ flat, form, size }) => flat ? 0 : 16 * (3 * size + Math.max(size, (form?.columns ?? 0) ** 2)))
  )

/** Fewer slices of a small network take less time than waking a thread for them. */
const grainOf = (leaves: ReadonlyArray<StepLeaf>) =>
  Math.ceil(sizes.slices * numbersAtLeast / leaves.reduce((sum, { count, size }) => sum + count * size, 1))

const aligned = (size: number) => Math.ceil(size / 64) * 64

const layOut = (keep: Simd["keep"], { leaves, poms }: StepPlan): Layout => {
  const rows = Int32Array.from(leaves.flatMap((leaf) => {
    const { bases, count, flat, form, owners, size } = leaf
    const deltas = deltasOf(leaf)
    const stride = strideOf(deltas)
    return rowOf({
      form: forms[form?.name ?? "given"],
      count: flat ? 0 : count,
      rows: form?.rows ?? size,
      columns: form?.columns ?? 1,
      transposed: form?.transposed === true ? 1 : 0,
      delta: stride === 0 ? keep(deltas) : 0,
      base: keep(bytes(bases)),
      owners: keep(owners),
      size,
      chunk: chunkOf(leaf),
      stride
    })
  }))
  return {
    rows,
    rowBytes: aligned(4 * rowWords * leaves.length),
    sumBytes: aligned(8 * sizes.slices * poms),
    ownBytes: aligned(workBytes(leaves)),
    grain: grainOf(leaves)
  }
}

/** A tensor; a kernel reads memory by its size, so that a wrong one is caught here. */
const checked = (info: tf.TensorInfo, role: string, index: number | undefined, size: number): tf.TensorInfo => {
  const actual = sizeOf(info.shape)
  if (actual !== size || info.dtype !== "float32") {
    const name = index === undefined ? role : `${role} ${index}`
    throw new Error(`${name} holds ${actual} ${info.dtype} numbers, not ${size} float32 numbers`)
  }
  return info
}

/** The tensors of one role, by number. */
const expecting = (inputs: Inputs, role: string, size: (index: number) => number) => (index: number): tf.TensorInfo =>
  checked(inputs[inputName(role, index)]!, role, index, size(index))

/** Whether the kernels have the matrices of a leaf side by side. */
const isInterleaved = ({ flat, form }: StepLeaf) => form !== undefined && !flat

/** Places of the tensors of leaves, of matrices interleaved; 0 for none. */
const placesOf = (
  { interleaved, stacked }: Places,
  { leaves }: StepPlan,
  roles: ReadonlyArray<ReadonlyArray<tf.TensorInfo | undefined>>
): ReadonlyArray<ReadonlyArray<Pointer>> => {
  const places = roles.map((infos) =>
    infos.map((info, i) => info === undefined || isInterleaved(leaves[i]!) ? 0 : stacked(info))
  )
  return roles.map((infos, role) =>
    infos.map((info, i) =>
      info !== undefined && isInterleaved(leaves[i]!) ? interleaved(info, leaves[i]!) : places[role]![i]!
    )
  )
}

/** Places of what a kernel writes for leaves. */
const placesFor = ({ stacked, written }: Places, { leaves }: StepPlan, outputs: ReadonlyArray<tf.TensorInfo>) =>
  outputs.map((info, i) => isInterleaved(leaves[i]!) ? written(info, leaves[i]!) : stacked(info))

/** The rows with the places of tensors, the sums behind them, and the work space of the threads. */
const preparation = (simd: Simd) => {
  const layoutOf = recent(
    keptPlans,
    (plan: StepPlan) => keeping(simd, (keep) => layOut(keep, plan)),
    ({ free }) => free()
  )
  return (
    plan: StepPlan,
    fill: (set: (word: Filled, place: Pointer) => void, leaf: StepLeaf, index: number) => void
  ) => {
    const { grain, ownBytes, rowBytes, rows, sumBytes } = layoutOf(plan).made
    const table = aligned(simd.scratch(64 + rowBytes + sumBytes + simd.threads * ownBytes))
    const words = simd.words(table, rows.length)
    words.set(rows)
    for (const [i, leaf] of plan.leaves.entries()) {
      const set = (word: Filled, place: Pointer) => {
        words[rowWords * i + at[word]] = place
      }
      fill(set, leaf, i)
    }
    const sums = table + rowBytes
    return { table, sums, room: { at: sums + sumBytes, bytes: ownBytes }, cut: { grain } }
  }
}

type Prepare = ReturnType<typeof preparation>

const sizeOfLeaf = (plan: StepPlan) => (i: number) => plan.leaves[i]!.count * plan.leaves[i]!.size
const tensorsOf = (inputs: Inputs, plan: StepPlan) => {
  const scaling = expecting(inputs, "scaling", (i) => plan.leaves[i]!.count)
  return {
    x: plan.leaves.map((_, i) => i).map(expecting(inputs, "x", sizeOfLeaf(plan))),
    scaling: plan.leaves.map((_, i) => inputs[inputName("scaling", i)] === undefined ? undefined : scaling(i))
  }
}

/** First sweep: Euclidean gradient, projection, momentum, and the squared norms of all POMs. */
const direction = (simd: Simd, prepare: Prepare) =>
(
  { attrs: { momentum, plan, weightDecay }, backend, inputs }: Call<{
    readonly plan: StepPlan
    readonly momentum: number
    readonly weightDecay: number
  }>
): ReadonlyArray<tf.TensorInfo> => {
  simd.rouse()
  const { scaling, x } = tensorsOf(inputs, plan)
  const remembered = expecting(inputs, "momentum", sizeOfLeaf(plan))
  const momenta = plan.leaves.map((_, i) => momentum === 0 ? undefined : remembered(i))
  const gradients = plan.variables.map((_, i) => i).map(expecting(inputs, "gradient", (i) => plan.variables[i]!))
  const outputs = x.map(({ shape }) => backend.makeOutput([...shape], "float32"))
  const squares = backend.makeOutput([plan.poms], "float32")
  const places = interleavedOn(backend, simd)()
  const [slopes, scalings] = [gradients, scaling].map((infos) =>
    infos.map((info) => info === undefined ? 0 : places.stacked(info))
  )
  const [points, remembrances] = placesOf(places, plan, [x, momenta])
  const directions = placesFor(places, plan, outputs)
  const { cut, room, sums, table } = prepare(plan, (set, { variable }, i) => {
    set("x", points![i]!)
    set("momentum", remembrances![i]!)
    set("variable", slopes![variable]!)
    set("scaling", scalings![i]!)
    set("direction", directions[i]!)
  })
  const count = plan.leaves.length
  simd.shareWithRoom("stepDirection", room, sizes.slices, (begin, end) => [
    table,
    count,
    momentum,
    weightDecay,
    plan.poms,
    sums,
    begin,
    end
  ], cut)
  simd.functions.stepSquares(sums, plan.poms, pointer(backend, squares))
  places.done()
  return [...outputs, squares]
}

/** Second sweep: retraction, transport of the momenta, and the weights. */
const move = (simd: Simd, prepare: Prepare) =>
(
  { attrs: { momentum, plan, shapes }, backend, inputs }: Call<{
    readonly plan: StepPlan
    readonly momentum: number
    readonly shapes: ReadonlyArray<ReadonlyArray<number>>
  }>
): ReadonlyArray<tf.TensorInfo> => {
  simd.rouse()
  const { scaling, x } = tensorsOf(inputs, plan)
  const directions = plan.leaves.map((_, i) => i).map(expecting(inputs, "direction", sizeOfLeaf(plan)))
  const outputs = plan.leaves.map(({ form }, i) => {
    if (form !== undefined) return backend.makeOutput([...x[i]!.shape], "float32")
    // What the caller has moved is handed back.
    const { dataId, dtype, shape } = x[i]!
    return { dataId, dtype, shape }
  })
  const weights = shapes.map((shape) => backend.makeOutput([...shape], "float32"))
  const steps = checked(inputs["factors"]!, "the vector of step sizes", undefined, plan.poms)
  const places = interleavedOn(backend, simd)()
  const factors = places.stacked(steps)
  const [scalings, written] = [scaling, weights].map((infos) =>
    infos.map((info) => info === undefined ? 0 : places.stacked(info))
  )
  const [points, vectors] = placesOf(places, plan, [x, directions])
  const moved = placesFor(places, plan, outputs)
  const { cut, room, table } = prepare(plan, (set, { variable }, i) => {
    set("x", points![i]!)
    set("momentum", momentum === 0 ? 0 : 1)
    set("variable", written![variable]!)
    set("scaling", scalings![i]!)
    set("direction", vectors![i]!)
    set("toX", moved[i]!)
  })
  simd.shareWithRoom("stepMove", room, sizes.slices, (begin, end) => [
    table,
    plan.leaves.length,
    factors,
    begin,
    end
  ], cut)
  places.done()
  for (const [i, { form }] of plan.leaves.entries()) if (form === undefined) backend.incRef(outputs[i]!.dataId)
  return [...outputs, ...weights]
}

/** The fused step of FG-SGD; see StepFusion. */
export const step = (simd: Simd): ReadonlyArray<Kernel<ReadonlyArray<tf.TensorInfo>>> => {
  const prepare = preparation(simd)
  return [kernel(kernels.direction, direction(simd, prepare)), kernel(kernels.move, move(simd, prepare))]
}

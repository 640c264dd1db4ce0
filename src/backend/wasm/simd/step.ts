import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import type * as tf from "@tensorflow/tfjs-core"
import { kernels, type Leaf, type Plan } from "../../../FusedStep.ts"
import { recent } from "../../recent.ts"
import { type Call, type Kernel, kernel } from "../kernel.ts"
import { pointer, type Simd } from "./module.ts"

/** Words of a row, entries of a piece, and numbers of the forms: as in kernels/step.ts. */
const rowWords = 16
const piece = 1024
const forms = { given: 0, Euclidean: 1, Unit: 2, Stiefel: 3 } as const
/** Plans whose tables stay on the heap; a run needs one. */
const keptPlans = 8

type Pointer = number
type Inputs = Readonly<Record<string, tf.TensorInfo>>

/** Where the tables of a leaf are. */
interface Placed {
  readonly owners: Pointer
  readonly bases: Pointer
  readonly deltas: Pointer
  readonly local: Pointer
}

const bytes = (values: Int32Array) => values.map((value) => 4 * value)

const placing = (simd: Simd) =>
  recent(
    keptPlans,
    ({ leaves }: Plan): ReadonlyArray<Placed> =>
      leaves.map(({ bases, deltas, local, owners }) => ({
        owners: simd.keep(owners),
        bases: simd.keep(bytes(bases)),
        deltas: simd.keep(bytes(deltas)),
        local: simd.keep(bytes(local))
      })),
    (placed) => placed.forEach(({ bases, deltas, local, owners }) => [bases, deltas, local, owners].forEach(simd.free))
  )

const sumsOf = ({ count, flat, size }: Leaf) => flat ? Math.ceil(size / piece) : count

/** Bytes that a thread needs for the largest leaf: the entries of four points, of four directions, and of what comes between. */
const workBytes = (leaves: ReadonlyArray<Leaf>) =>
  64 +
  16 *
    Math.max(...leaves.map(({ flat, form, size }) => flat ? 0 : 2 * size + Math.max(size, (form?.columns ?? 0) ** 2)))

const aligned = (size: number) => Math.ceil(size / 64) * 64

/** The tensors of one role, by number; a kernel reads memory by these, so that a wrong size is caught here. */
const expecting = (inputs: Inputs, role: string, size: (index: number) => number) => (index: number): tf.TensorInfo => {
  const found = inputs[`${role}${index}`]!
  const actual = found.shape.reduce((a, b) => a * b, 1)
  if (actual !== size(index) || found.dtype !== "float32") {
    throw new Error(`${role} ${index} holds ${actual} ${found.dtype} numbers, not ${size(index)} float32 numbers`)
  }
  return found
}

/** Rows for all leaves, with the sums behind them, and the work space of the threads. */
const layOut = (
  simd: Simd,
  { leaves, poms }: Plan,
  row: (leaf: Leaf, index: number, sums: Pointer) => ReadonlyArray<Pointer>
) => {
  const tableBytes = aligned(4 * rowWords * leaves.length)
  const sumBytes = aligned(4 * leaves.reduce((sum, leaf) => sum + sumsOf(leaf), 0))
  const zerosBytes = aligned(8 * poms)
  const ownBytes = aligned(workBytes(leaves))
  const table = simd.scratch(64 + tableBytes + sumBytes + zerosBytes + simd.threads * ownBytes)
  let sums = table + tableBytes
  const words = leaves.flatMap((leaf, i) => {
    const values = row(leaf, i, sums)
    sums += 4 * sumsOf(leaf)
    return [...values, ...Array.from({ length: rowWords - values.length }, () => 0)]
  })
  simd.words(table, words.length).set(words)
  const zeros = aligned(sums)
  return { table, zeros, work: (thread: number) => zeros + zerosBytes + thread * ownBytes }
}

/** The fused step of FG-SGD; see FusedStep. */
export const step = (simd: Simd): ReadonlyArray<Kernel<ReadonlyArray<tf.TensorInfo>>> => {
  const placedOf = placing(simd)
  const at = (backend: BackendWasm, info: tf.TensorInfo | undefined): Pointer =>
    info === undefined ? 0 : pointer(backend, info)

  const rowOf = (leaf: Leaf, { bases, deltas, local, owners }: Placed, own: {
    readonly x: Pointer
    readonly momentum: Pointer
    readonly variable: Pointer
    readonly scaling: Pointer
    readonly direction: Pointer
    readonly sums: Pointer
    readonly toX: Pointer
  }): ReadonlyArray<Pointer> => {
    const { columns, rows } = leaf.form ?? { columns: 1, rows: leaf.size }
    return [
      forms[leaf.form?.name ?? "given"],
      leaf.flat ? 0 : leaf.count,
      rows,
      columns,
      own.x,
      own.momentum,
      own.variable,
      own.scaling,
      own.direction,
      local,
      deltas,
      bases,
      own.sums,
      owners,
      own.toX,
      leaf.size
    ]
  }

  const sizes = (plan: Plan) => (i: number) => plan.leaves[i]!.count * plan.leaves[i]!.size
  const scalingOf = (inputs: Inputs, plan: Plan) => (i: number) =>
    inputs[`scaling${i}`] === undefined ? undefined : expecting(inputs, "scaling", (k) => plan.leaves[k]!.count)(i)

  const direction = (
    { attrs: { momentum, plan, weightDecay }, backend, inputs }: Call<{
      readonly plan: Plan
      readonly momentum: number
      readonly weightDecay: number
    }>
  ): ReadonlyArray<tf.TensorInfo> => {
    const x = plan.leaves.map((_, i) => expecting(inputs, "x", sizes(plan))(i))
    const momenta = plan.leaves.map((_, i) =>
      momentum === 0 ? undefined : expecting(inputs, "momentum", sizes(plan))(i)
    )
    const gradients = plan.variables.map((_, i) => expecting(inputs, "gradient", (k) => plan.variables[k]!)(i))
    const scaling = plan.leaves.map((_, i) => scalingOf(inputs, plan)(i))
    const placed = placedOf(plan)
    const outputs = x.map(({ shape }) => backend.makeOutput([...shape], "float32"))
    const squares = backend.makeOutput([plan.poms], "float32")
    const { table, work, zeros } = layOut(simd, plan, (leaf, i, sums) =>
      rowOf(leaf, placed[i]!, {
        x: at(backend, x[i]),
        momentum: at(backend, momenta[i]),
        variable: at(backend, gradients[leaf.variable]),
        scaling: at(backend, scaling[i]),
        direction: at(backend, outputs[i]),
        sums,
        toX: 0
      }))
    const count = plan.leaves.length
    simd.share("stepDirection", simd.threads, (begin, end, thread) => [
      table,
      count,
      momentum,
      weightDecay,
      work(thread),
      simd.threads,
      begin,
      end
    ])
    simd.functions.stepSquares(table, count, plan.poms, zeros, at(backend, squares))
    return [...outputs, squares]
  }

  const move = (
    { attrs: { momentum, plan, shapes }, backend, inputs }: Call<{
      readonly plan: Plan
      readonly momentum: number
      readonly shapes: ReadonlyArray<ReadonlyArray<number>>
    }>
  ): ReadonlyArray<tf.TensorInfo> => {
    const x = plan.leaves.map((_, i) => expecting(inputs, "x", sizes(plan))(i))
    const directions = plan.leaves.map((_, i) => expecting(inputs, "direction", sizes(plan))(i))
    const scaling = plan.leaves.map((_, i) => scalingOf(inputs, plan)(i))
    const placed = placedOf(plan)
    const outputs = plan.leaves.map(({ form }, i) => {
      if (form !== undefined) return backend.makeOutput([...x[i]!.shape], "float32")
      // What the caller has moved is handed back.
      const { dataId, dtype, shape } = x[i]!
      backend.incRef(dataId)
      return { dataId, dtype, shape }
    })
    const weights = shapes.map((shape) => backend.makeOutput([...shape], "float32"))
    const factors = at(backend, inputs["factors"])
    const { table, work } = layOut(simd, plan, (leaf, i, sums) =>
      rowOf(leaf, placed[i]!, {
        x: at(backend, x[i]),
        momentum: momentum === 0 ? 0 : 1,
        variable: at(backend, weights[leaf.variable]),
        scaling: at(backend, scaling[i]),
        direction: at(backend, directions[i]),
        sums,
        toX: at(backend, outputs[i])
      }))
    simd.share("stepMove", simd.threads, (begin, end, thread) => [
      table,
      plan.leaves.length,
      factors,
      work(thread),
      simd.threads,
      begin,
      end
    ])
    return [...outputs, ...weights]
  }

  return [kernel(kernels.direction, direction), kernel(kernels.move, move)]
}

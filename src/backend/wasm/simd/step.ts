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

/** What of a plan is the same in every step. */
interface Layout {
  /** Tables on the heap. */
  readonly kept: ReadonlyArray<Pointer>
  /** Rows for all leaves, as kernels/step.ts has them, without the places of tensors. */
  readonly rows: Int32Array
  /** Byte offset of every leaf's sums behind the rows. */
  readonly sums: ReadonlyArray<number>
  readonly rowBytes: number
  readonly sumBytes: number
  /** Bytes that a thread needs for itself. */
  readonly ownBytes: number
}

/** Words of a row that tensors fill. */
const at = { x: 4, momentum: 5, variable: 6, scaling: 7, direction: 8, sums: 12, toX: 14 } as const

const bytes = (values: Int32Array) => values.map((value) => 4 * value)

const sumsOf = ({ count, flat, size }: Leaf) => flat ? Math.ceil(size / piece) : count

/** For the largest leaf: the entries of four points, of four directions, and of what comes between. */
const workBytes = (leaves: ReadonlyArray<Leaf>) =>
  64 +
  16 *
    Math.max(...leaves.map(({ flat, form, size }) => flat ? 0 : 2 * size + Math.max(size, (form?.columns ?? 0) ** 2)))

const aligned = (size: number) => Math.ceil(size / 64) * 64

const layOut = (simd: Simd, { leaves }: Plan): Layout => {
  const kept: Array<Pointer> = []
  const keep = (values: Int32Array): Pointer => {
    const pointer = simd.keep(values)
    kept.push(pointer)
    return pointer
  }
  let sumBytes = 0
  const sums = leaves.map((leaf) => (sumBytes += 4 * sumsOf(leaf)) - 4 * sumsOf(leaf))
  const rows = Int32Array.from(leaves.flatMap(({ bases, count, deltas, flat, form, local, owners, size }) => [
    forms[form?.name ?? "given"],
    flat ? 0 : count,
    form?.rows ?? size,
    form?.columns ?? 1,
    0,
    0,
    0,
    0,
    0,
    keep(bytes(local)),
    keep(bytes(deltas)),
    keep(bytes(bases)),
    0,
    keep(owners),
    0,
    size
  ]))
  return {
    kept,
    rows,
    sums,
    rowBytes: aligned(4 * rowWords * leaves.length),
    sumBytes: aligned(sumBytes),
    ownBytes: aligned(workBytes(leaves))
  }
}

/** The tensors of one role, by number; a kernel reads memory by these, so that a wrong size is caught here. */
const expecting = (inputs: Inputs, role: string, size: (index: number) => number) => (index: number): tf.TensorInfo => {
  const found = inputs[`${role}${index}`]!
  const actual = found.shape.reduce((a, b) => a * b, 1)
  if (actual !== size(index) || found.dtype !== "float32") {
    throw new Error(`${role} ${index} holds ${actual} ${found.dtype} numbers, not ${size(index)} float32 numbers`)
  }
  return found
}

/** The fused step of FG-SGD; see FusedStep. */
export const step = (simd: Simd): ReadonlyArray<Kernel<ReadonlyArray<tf.TensorInfo>>> => {
  const layoutOf = recent(keptPlans, (plan: Plan) => layOut(simd, plan), ({ kept }) => kept.forEach(simd.free))
  const placeOf = (backend: BackendWasm, info: tf.TensorInfo | undefined): Pointer =>
    info === undefined ? 0 : pointer(backend, info)

  /** The rows with the places of tensors, the sums behind them, and the work space of the threads. */
  const prepare = (
    plan: Plan,
    fill: (set: (word: keyof typeof at, place: Pointer) => void, leaf: Leaf, index: number) => void
  ) => {
    const { ownBytes, rowBytes, rows, sumBytes, sums } = layoutOf(plan)
    const zerosBytes = aligned(8 * plan.poms)
    const table = simd.scratch(64 + rowBytes + sumBytes + zerosBytes + simd.threads * ownBytes)
    const words = simd.words(table, rows.length)
    words.set(rows)
    for (const [i, leaf] of plan.leaves.entries()) {
      const set = (word: keyof typeof at, place: Pointer) => {
        words[rowWords * i + at[word]] = place
      }
      set("sums", table + rowBytes + sums[i]!)
      fill(set, leaf, i)
    }
    const zeros = aligned(table + rowBytes + sumBytes)
    return { table, zeros, work: (thread: number) => zeros + zerosBytes + thread * ownBytes }
  }

  const sizes = (plan: Plan) => (i: number) => plan.leaves[i]!.count * plan.leaves[i]!.size
  const tensorsOf = (inputs: Inputs, plan: Plan) => {
    const scaling = expecting(inputs, "scaling", (i) => plan.leaves[i]!.count)
    return {
      x: plan.leaves.map((_, i) => i).map(expecting(inputs, "x", sizes(plan))),
      scaling: plan.leaves.map((_, i) => inputs[`scaling${i}`] === undefined ? undefined : scaling(i))
    }
  }

  const direction = (
    { attrs: { momentum, plan, weightDecay }, backend, inputs }: Call<{
      readonly plan: Plan
      readonly momentum: number
      readonly weightDecay: number
    }>
  ): ReadonlyArray<tf.TensorInfo> => {
    const { scaling, x } = tensorsOf(inputs, plan)
    const remembered = expecting(inputs, "momentum", sizes(plan))
    const momenta = plan.leaves.map((_, i) => momentum === 0 ? undefined : remembered(i))
    const gradients = plan.variables.map((_, i) => i).map(expecting(inputs, "gradient", (i) => plan.variables[i]!))
    const outputs = x.map(({ shape }) => backend.makeOutput([...shape], "float32"))
    const squares = backend.makeOutput([plan.poms], "float32")
    const { table, work, zeros } = prepare(plan, (set, { variable }, i) => {
      set("x", placeOf(backend, x[i]))
      set("momentum", placeOf(backend, momenta[i]))
      set("variable", placeOf(backend, gradients[variable]))
      set("scaling", placeOf(backend, scaling[i]))
      set("direction", placeOf(backend, outputs[i]))
    })
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
    simd.functions.stepSquares(table, count, plan.poms, zeros, placeOf(backend, squares))
    return [...outputs, squares]
  }

  const move = (
    { attrs: { momentum, plan, shapes }, backend, inputs }: Call<{
      readonly plan: Plan
      readonly momentum: number
      readonly shapes: ReadonlyArray<ReadonlyArray<number>>
    }>
  ): ReadonlyArray<tf.TensorInfo> => {
    const { scaling, x } = tensorsOf(inputs, plan)
    const directions = plan.leaves.map((_, i) => i).map(expecting(inputs, "direction", sizes(plan)))
    const outputs = plan.leaves.map(({ form }, i) => {
      if (form !== undefined) return backend.makeOutput([...x[i]!.shape], "float32")
      // What the caller has moved is handed back.
      const { dataId, dtype, shape } = x[i]!
      backend.incRef(dataId)
      return { dataId, dtype, shape }
    })
    const weights = shapes.map((shape) => backend.makeOutput([...shape], "float32"))
    const factors = placeOf(backend, inputs["factors"])
    const { table, work } = prepare(plan, (set, { variable }, i) => {
      set("x", placeOf(backend, x[i]))
      set("momentum", momentum === 0 ? 0 : 1)
      set("variable", placeOf(backend, weights[variable]))
      set("scaling", placeOf(backend, scaling[i]))
      set("direction", placeOf(backend, directions[i]))
      set("toX", placeOf(backend, outputs[i]))
    })
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

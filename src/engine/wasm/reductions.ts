/** Reductions of no numbers, of which the stock kernels write nothing: what the plain JavaScript engine gives. */
import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../sizeOf.ts"
import { filled, type Kernel, kernel, stock } from "./kernel.ts"

interface Reduction {
  readonly axis?: number | Array<number>
  readonly reductionIndices?: number | Array<number>
  readonly keepDims?: boolean
}

const ofNothing = {
  [tf.All]: 0,
  [tf.Any]: 0,
  [tf.Max]: Number.NaN,
  [tf.Mean]: 0,
  [tf.Min]: Number.NaN,
  [tf.Prod]: 1,
  [tf.Sum]: 0
} as const

/** A kernel that reduces, where there is something to reduce. */
export const reducing = (name: keyof typeof ofNothing, run: Kernel["run"]): Kernel =>
  kernel<Reduction>(name, (call) => {
    const { attrs, backend, inputs } = call
    const { dtype, shape } = inputs["x"]!
    if (sizeOf(shape) > 0) return run(call as never)
    const axes = tf.util.parseAxisParam((attrs.reductionIndices ?? attrs.axis)!, [...shape])
    const [kept] = tf.backend_util.computeOutAndReduceShapes([...shape], axes)
    const out = attrs.keepDims === true ? tf.backend_util.expandShapeToKeepDim(kept, axes) : kept
    const type = name === tf.Mean ? "float32" : dtype as "float32" | "int32" | "bool"
    return filled(backend, out, type, ofNothing[name])
  })

/** Those that have no kernel of their own. */
export const reductions = (): ReadonlyArray<Kernel> =>
  ([tf.All, tf.Any, tf.Mean, tf.Prod] as const).map((name) => reducing(name, stock(name) as unknown as Kernel["run"]))

import type * as tf from "@tensorflow/tfjs-core"
import * as Fused from "../../../Fused.ts"
import { type Kernel, kernel } from "../kernel.ts"
import { pointer, type Simd } from "./module.ts"

const fused = (
  simd: Simd,
  operation: Fused.Operation,
  run: Simd["functions"]["unitProject"]
): Kernel =>
  kernel<{ readonly rows: number; readonly columns: number }>(
    Fused.kernelName(operation),
    ({ attrs: { columns, rows }, backend, inputs }) => {
      const { u, x } = inputs as { readonly u: tf.TensorInfo; readonly x: tf.TensorInfo }
      const to = backend.makeOutput([...x.shape], "float32")
      const count = x.shape.reduce((a, b) => a * b, 1) / (rows * columns)
      const scratch = simd.scratch(16 * (2 * rows * columns + columns * columns))
      run(pointer(backend, x), pointer(backend, u), pointer(backend, to), count, rows, columns, scratch)
      return to
    }
  )

/**
 * The hot operations of sphere, oblique and Stiefel manifolds, one pass each over matrices of every size.
 *
 * @internal
 */
export const manifoldOperations = (simd: Simd): ReadonlyArray<Kernel> => [
  fused(simd, "UnitProject", simd.functions.unitProject),
  fused(simd, "UnitRetract", simd.functions.unitRetract),
  fused(simd, "StiefelProject", simd.functions.stiefelProject),
  fused(simd, "StiefelRetract", simd.functions.stiefelRetract)
]

import type * as tf from "@tensorflow/tfjs-core"
import { forms, sizes } from "../../contracts/kernels.ts"
import * as FusedKernels from "../../FusedKernels.ts"
import { sizeOf } from "../../sizeOf.ts"
import { type Kernel, kernel } from "../kernel.ts"
import { pointer } from "./functions.ts"
import type { Simd } from "./module.ts"

/**
 * Fewer matrices a thread than this take less time than waking it; a multiple of four, so that lanes hold the same ones
 * in every share.
 */
const matricesAtLeast = 1024

/**
 * Above so many entries matrix products, which the compositions are made of, are faster than four matrices side by
 * side.
 */
const largest = [["StiefelProject", 1 << 12], ["StiefelRetract", 1 << 14]] as const

const fused = (
  simd: Simd,
  operation: FusedKernels.FusedOperation,
  name: "project" | "retract",
  form: "Unit" | "Stiefel"
): Kernel =>
  kernel<{ readonly rows: number; readonly columns: number }>(
    FusedKernels.kernelName(operation),
    ({ attrs: { columns, rows }, backend, inputs }) => {
      const { u, x } = inputs as { readonly u: tf.TensorInfo; readonly x: tf.TensorInfo }
      const to = backend.makeOutput([...x.shape], "float32")
      const count = sizeOf(x.shape) / (rows * columns)
      const ownBytes = 64 + sizes.vector * (2 * rows * columns + Math.max(rows, columns) * columns)
      const room = { at: simd.scratch(simd.threads * ownBytes), bytes: ownBytes }
      const at = (info: tf.TensorInfo, first: number) => pointer(backend, info) + 4 * first * rows * columns
      simd.shareWithRoom(name, room, count, (begin, end) => [
        forms[form],
        at(x, begin),
        at(u, begin),
        at(to, begin),
        end - begin,
        rows,
        columns
      ], { grain: matricesAtLeast })
      return to
    }
  )

/**
 * The hot operations of sphere, oblique and Stiefel manifolds, one pass each over matrices of every size.
 *
 * @internal
 */
export const manifoldOperations = (simd: Simd): ReadonlyArray<Kernel> => {
  for (const [operation, entries] of largest) FusedKernels.limit("wasm", entries, operation)
  return [
    fused(simd, "UnitProject", "project", "Unit"),
    fused(simd, "UnitRetract", "retract", "Unit"),
    fused(simd, "StiefelProject", "project", "Stiefel"),
    fused(simd, "StiefelRetract", "retract", "Stiefel")
  ]
}

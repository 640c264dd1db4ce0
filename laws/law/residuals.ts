import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../src/numerics/Arithmetic.ts"
import type { Law, Residual } from "./definition.ts"
import { isRefusal } from "./refusal.ts"

/**
 * The largest, NaN above all.
 *
 * @internal
 */
export const largest = (values: ReadonlyArray<number>) =>
  values.reduce((a, b) => (Number.isNaN(a) || a >= b ? a : b), -Infinity)

const residuals = async (
  arithmetic: Arithmetic.Arithmetic,
  residual: () => Residual
): Promise<ReadonlyArray<number>> => {
  const result = Arithmetic.within(
    arithmetic,
    () => tf.tidy(residual as unknown as () => tf.Tensor) as unknown as Residual
  )
  if (typeof result === "number") return [result]
  if (Array.isArray(result)) {
    const values: Array<number> = []
    for (const part of result as ReadonlyArray<() => tf.Tensor | number>) {
      values.push(largest(await residuals(arithmetic, part)))
    }
    return values
  }
  const tensor = result as tf.Tensor
  try {
    return Array.from(await tensor.data())
  } finally {
    tensor.dispose()
  }
}

/**
 * The residuals of a case; of one that may be refused, and is, 0.
 *
 * @internal
 */
export const residualsOf = (arithmetic: Arithmetic.Arithmetic, law: Law, a: unknown): Promise<ReadonlyArray<number>> =>
  residuals(arithmetic, () => law.residual(a)).catch((error: unknown) => {
    if (law.refusable === true && isRefusal(error)) return [0]
    throw error
  })

/** The manifolds that settings can name, as a table: shapes and orders of retractions are asked of them. */
import * as Result from "effect/Result"
import type { Manifold } from "finegrain"

const lengths = [1, 2, 3, 4]
const shapes = lengths.flatMap((m) => lengths.map((n) => [m, n] as const))

/** Shapes in words, the first of which fits is right. */
const words: ReadonlyArray<readonly [text: string, fits: (m: number, n: number) => boolean]> = [
  ["all", () => true],
  ["mn ≥ 2", (m, n) => m * n >= 2],
  ["mn ≥ 3", (m, n) => m * n >= 3],
  ["m ≥ 2", (m) => m >= 2],
  ["m, n ≥ 2", (m, n) => m >= 2 && n >= 2],
  ["m = n", (m, n) => m === n],
  ["m = n ≥ 2", (m, n) => m === n && n >= 2],
  ["m ≠ n", (m, n) => m !== n]
]

const shapesOf = ({ at, symbol }: Manifold.Family): string => {
  const found = words.find(([, fits]) => shapes.every(([m, n]) => fits(m, n) === Result.isSuccess(at([m, n]))))
  if (found === undefined) throw new Error(`no words for the shapes of ${symbol}: add some`)
  return found[0]
}

/** Of the largest shape that is not square, where there is one. */
const orderOf = ({ at }: Manifold.Family): string => {
  const member = [[4, 3], [4, 4]].map((shape) => at(shape)).find(Result.isSuccess)
  return String(member?.success.retractionOrder).replace("Infinity", "∞")
}

export const table = (families: ReadonlyArray<Manifold.Family>): string =>
  [
    ["symbol", "manifold", "m×n matrices", "shapes", "retraction (order)"],
    ["---", "---", "---", "---", "---"],
    ...families.map((family) => [
      `\`${family.symbol}\``,
      family.name,
      family.about ?? "",
      shapesOf(family),
      `${family.retraction} (${orderOf(family)})`
    ])
  ].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

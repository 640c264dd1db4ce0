/**
 * Successive halving: rung by rung fewer candidates train longer, those that did best before. Source: Karnin, Koren and
 * Somekh 2013; Jamieson and Talwalkar 2016, *Non-stochastic best arm identification and hyperparameter optimization*.
 */
import { counted } from "../choices/counted.ts"
import type { Search } from "./design.ts"

/** Candidates that train in one rung, and for how many epochs. */
export interface RungPlan {
  readonly candidates: number
  readonly epochs: number
}

/** By what a rung divides its candidates, and multiplies its epochs, where a search does not say. */
const usual = 3

/**
 * The factor η of a search.
 *
 * @internal
 */
export const factorOf = ({ factor = usual }: Pick<Search, "factor">): number => factor

/**
 * The rungs of n candidates that begin with r epochs: ⌊n/ηⁱ⌋ of them for r·ηⁱ epochs, as long as there are two to
 * choose among.
 *
 * @internal
 */
export const rungs = (
  { candidates, epochs = 1, ...search }: Pick<Search, "candidates" | "epochs" | "factor">
): ReadonlyArray<RungPlan> => {
  const factor = factorOf(search)
  const next = Math.floor(candidates / factor)
  const own = { candidates, epochs }
  return next < 2 ? [own] : [own, ...rungs({ candidates: next, epochs: epochs * factor, factor })]
}

/**
 * For how many epochs the runs of a search train, where it says so, rung by rung.
 *
 * @internal
 */
export const epochsOf = (search: Search): ReadonlyArray<number> =>
  search.how === "successive-halving"
    ? rungs(search).map(({ epochs }) => epochs)
    : search.epochs === undefined
    ? []
    : [search.epochs]

/**
 * What is wrong with the numbers of a search by successive halving.
 *
 * @internal
 */
export const problems = (search: Search): ReadonlyArray<string> => {
  const { candidates, epochs, how } = search
  if (how !== "successive-halving") {
    return search.factor === undefined ? [] : [`factor belongs to successive-halving, and the search is ${how}`]
  }
  const factor = factorOf(search)
  return [
    ...(epochs === undefined ? ["successive-halving needs epochs: those of its first rung"] : []),
    ...(factor < 2 ? [`the factor of successive-halving must be at least 2, not ${factor}`] : []),
    ...(factor >= 2 && candidates < 2 * factor
      ? [
        `successive-halving of ${counted(candidates, "candidate")} by ${factor} leaves ${
          Math.floor(candidates / factor)
        } after ` +
        `its first rung, and nothing to choose: take at least ${2 * factor}`
      ]
      : [])
  ]
}

/**
 * What keeps the rungs of a search from a cell whose final runs train for so many epochs.
 *
 * @internal
 */
export const tooLong = (search: Search, epochs: number): string | undefined => {
  if (search.how !== "successive-halving" || problems(search).length > 0) return undefined
  const all = rungs(search)
  const last = all.at(-1)!.epochs
  return last > epochs
    ? `the last of ${counted(all.length, "rung")} trains for ${
      counted(last, "epoch")
    }, and final runs for ${epochs}: begin with fewer ` +
      "epochs, take fewer candidates, or train longer"
    : undefined
}

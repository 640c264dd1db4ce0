/** Whether what was chosen lies at the edge of what was tried: then a wider range may hold something better. */

/** A cell, as far as it says what was tried and what was chosen. */
interface Choosing {
  readonly row: string
  readonly column: string
  readonly chosen: number | string | undefined
  readonly candidates: ReadonlyArray<{
    readonly candidate: number | string | undefined
    readonly rung?: number
    readonly config: Readonly<Record<string, unknown>>
  }>
}

/** Settings by name, those of records by their entries. */
const flat = (config: Readonly<Record<string, unknown>>): ReadonlyMap<string, unknown> =>
  new Map(
    Object.entries(config).flatMap(([key, value]) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.entries(value).map(([entry, own]) => [`${key}.${entry}`, own] as const)
        : [[key, value] as const]
    )
  )

/** Trials of all candidates, one each: where they are halved, those of the first rung. */
export const firstRung = <A extends { readonly rung?: number | undefined }>(trials: ReadonlyArray<A>) =>
  trials.filter(({ rung = 1 }) => rung === 1)

/** Settings by name in which candidates differ by a number, with that of every candidate that has one. */
export const varied = <A extends { readonly config: Readonly<Record<string, unknown>> }>(
  candidates: ReadonlyArray<A>
): ReadonlyMap<string, ReadonlyArray<{ readonly of: A; readonly value: number }>> => {
  const all = candidates.map((candidate) => [candidate, flat(candidate.config)] as const)
  const names = new Set(all.flatMap(([, own]) => [...own.keys()]))
  const found = [...names].map((name) => {
    const told = all.flatMap(([of, own]) => {
      const value = own.get(name)
      return typeof value === "number" ? [{ of, value }] : []
    })
    return [name, told] as const
  })
  return new Map(found.filter(([, told]) => new Set(told.map(({ value }) => value)).size > 1))
}

/** Fewer values have no middle. */
const enough = 3

/**
 * The edges at which the chosen candidate of a cell lies, in words; 0 is no edge, since settings do not fall below it.
 *
 * @internal
 */
export const edgesOf = ({ candidates: all, chosen, column, row }: Choosing): ReadonlyArray<string> => {
  const candidates = firstRung(all)
  const best = candidates.find(({ candidate }) => candidate === chosen)
  if (best === undefined) return []
  return [...varied(candidates)].flatMap(([name, all]) => {
    const [value, tried] = [all.find(({ of }) => of === best)?.value, [...new Set(all.map((own) => own.value))]]
    if (value === undefined || value === 0 || tried.length < enough) return []
    const edge = value === Math.min(...tried) ? "smallest" : value === Math.max(...tried) ? "largest" : undefined
    return edge === undefined ? [] : [`${row}, ${column}: ${name} ${value} is the ${edge} of ${tried.length} tried`]
  })
}

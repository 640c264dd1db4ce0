/**
 * What a cell chooses among: values of one setting, or candidates drawn for several settings at once. Every row has
 * ranges of its own, and as many candidates as all others.
 */
import { counted } from "../choices/counted.ts"
import * as Seed from "../numerics/Seed.ts"
import type { Experiment, Range, Ranges, Search, Selection, Settings, Variant } from "./design.ts"
import * as halving from "./halving.ts"

/** Settings to try, with the words that name them in results and directories. */
export interface Candidate {
  readonly candidate: number | string
  readonly settings: Settings
}

/** Whether several settings are chosen at once. */
export const isSearch = (selection: Selection | undefined): selection is Search =>
  selection !== undefined && "candidates" in selection

/**
 * The ranges of a row: its own instead of the experiment's.
 *
 * @internal
 */
export const rangesOf = ({ over = {} }: Search, { search }: Variant): Ranges => search ?? over

const isList = (range: Range): range is ReadonlyArray<number | string> => Array.isArray(range)

/** The setting itself of a parameter: `rates.Sp` is one of `rates`. */
export const settingOf = (parameter: string): string => parameter.split(".", 1)[0]!

/** Names and directories hold the value, so it has three digits. */
const rounded = (value: number) => Number(value.toPrecision(3))

/** The value at u in [0, 1) of a range. */
const valueAt = (range: Range, u: number): number | string => {
  if (isList(range)) return range[Math.floor(u * range.length)]!
  const { from, scale = "log", to } = range
  return rounded(scale === "log" ? from * (to / from) ** u : from + (to - from) * u)
}

type Design = (parameters: number, count: number, seed: Seed.Seed) => ReadonlyArray<ReadonlyArray<number>>

/** Places in the unit cube, one per candidate. */
const designs: Readonly<Record<Exclude<Search["how"], "grid" | "successive-halving">, Design>> = {
  random: (parameters, count, seed) => {
    const draws = Array.from({ length: parameters }, (_, j) => Seed.uniforms(Seed.split(seed, j), count))
    return Array.from({ length: count }, (_, i) => draws.map((own) => own[i]!))
  },
  /** Every parameter has one value in each n-th of its range (McKay, Beckman and Conover 1979). */
  "latin-hypercube": (parameters, count, seed) => {
    const draws = Array.from({ length: parameters }, (_, j) => ({
      places: Seed.permutation(Seed.split(seed, `places ${j}`), count),
      within: Seed.uniforms(Seed.split(seed, j), count)
    }))
    return Array.from(
      { length: count },
      (_, i) => draws.map(({ places, within }) => (places[i]! + within[i]!) / count)
    )
  }
}

/** Every combination of the lists, the last one running fastest. */
const combinations = (ranges: ReadonlyArray<Range>): ReadonlyArray<ReadonlyArray<number | string>> =>
  ranges.reduce<ReadonlyArray<ReadonlyArray<number | string>>>(
    (all, range) => all.flatMap((values) => (isList(range) ? range : []).map((value) => values.concat(value))),
    [[]]
  )

/** One setting, or one key of a record of settings. */
const placed = (parameter: string, value: number | string): Settings => {
  const [setting, ...rest] = parameter.split(".")
  return { [setting!]: rest.length === 0 ? value : { [rest.join(".")]: value } }
}

/**
 * Settings over others; records of settings, such as rates and layers, key by key.
 *
 * @internal
 */
export const over = (settings: Settings, more: Settings): Settings => {
  const [before, own] = [settings as Readonly<Record<string, unknown>>, Object.entries(more)]
  const isRecord = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value)
  return {
    ...settings,
    ...Object.fromEntries(own.map(([key, value]) => [
      key,
      isRecord(value) && isRecord(before[key]) ? { ...before[key] as object, ...value as object } : value
    ]))
  }
}

const named = (names: ReadonlyArray<string>, values: ReadonlyArray<number | string>): Candidate => ({
  candidate: names.map((name, j) => `${name}=${values[j]}`).join(" "),
  settings: names.reduce((settings: Settings, name, j) => over(settings, placed(name, values[j]!)), {})
})

/** Candidates of a search in the ranges of one row; rows with the same number of ranges share the places of theirs. */
const searched = (search: Search, ranges: Ranges): ReadonlyArray<Candidate> => {
  const [names, own] = [Object.keys(ranges), Object.values(ranges)]
  if (search.how === "grid") return combinations(own).map((values) => named(names, values))
  const how = search.how === "successive-halving" ? "latin-hypercube" : search.how
  const places = designs[how](names.length, search.candidates, Seed.split(search.seed, "search"))
  return places.map((place) => named(names, place.map((u, j) => valueAt(own[j]!, u))))
}

/**
 * What the cells of a row choose among; nothing where nothing is chosen.
 *
 * @internal
 */
export const candidatesOf = ({ selection }: Experiment, row: Variant): ReadonlyArray<Candidate> => {
  if (selection === undefined) return []
  return isSearch(selection)
    ? searched(selection, rangesOf(selection, row))
    : selection.values.map((value) => ({ candidate: value, settings: { [selection.setting]: value } }))
}

const rangeProblems = (name: string, range: Range): ReadonlyArray<string> => {
  if (isList(range)) return range.length === 0 ? [`there are no values of ${name}`] : []
  const { from, scale = "log", to } = range
  return [
    ...(from < to ? [] : [`the range of ${name} begins at ${from}, which is not below its end, ${to}`]),
    ...(scale === "log" && from <= 0 ? [`the range of ${name} is logarithmic, so it cannot begin at ${from}`] : [])
  ]
}

/**
 * What is wrong with a search in the ranges of a row.
 *
 * @internal
 */
export const problems = (search: Search, row: Variant): ReadonlyArray<string> => {
  const ranges = rangesOf(search, row)
  const found = Object.entries(ranges).flatMap(([name, range]) => rangeProblems(name, range))
  const where = ` of row "${row.name}"`
  const numbers = halving.problems(search)
  if (numbers.length > 0) return numbers
  if ("epochs" in ranges && search.epochs !== undefined) {
    const by = search.how === "successive-halving" ? "successive-halving sets" : "its own epochs set"
    return [`the search${where} cannot choose epochs, which ${by}`]
  }
  if (Object.keys(ranges).length === 0) return [`the search has no ranges${where}`]
  if (found.length > 0) return found.map((text) => `${text} in the search${where}`)
  if (search.how !== "grid") return []
  const continuous = Object.entries(ranges).filter(([, range]) => !isList(range)).map(([name]) => name)
  if (continuous.length > 0) return continuous.map((name) => `a grid needs values of ${name}, not a range${where}`)
  const count = combinations(Object.values(ranges)).length
  return count === search.candidates
    ? []
    : [`the grid${where} has ${counted(count, "candidate")}, but every row is to have ${search.candidates}`]
}

/** What is wrong between the names of an experiment, its seeds and its candidates. */
import type { Experiment, PlanOptions, Search, Selection, Variant } from "../design.ts"
import * as search from "../search.ts"
import { columnsOf } from "../settings.ts"
import { isDirectory, slug } from "../slug.ts"
import { quoted, repeated, unknown } from "./words.ts"

/** Trials of both would lie in one directory. */
const collisions = (names: ReadonlyArray<string>, what: string): ReadonlyArray<string> =>
  repeated(names.map(slug)).filter(isDirectory).map((path) => {
    const same = [...new Set(names.filter((name) => slug(name) === path))]
    return same.length === 1
      ? `there are two ${what}s "${same[0]}"`
      : `the ${what}s ${quoted(same)} are too alike: both would be written to ${path}`
  })

/** Trials of these would lie in no directory of their own, or outside of all. */
const nameless = (names: ReadonlyArray<string>, what: string): ReadonlyArray<string> =>
  [...new Set(names)].filter((name) => !isDirectory(slug(name))).map((name) =>
    `the ${what} "${name}" cannot name a directory: it needs letters or digits`
  )

const chosenBy = (selection: Selection) => search.isSearch(selection) ? "candidates" : selection.setting

/** Ranges that nothing is drawn from: candidates are those of rows, where the selection is a search. */
const unsearched = ({ columns = [], rows, selection }: Experiment): ReadonlyArray<string> => {
  const having = (variants: ReadonlyArray<Variant>) => variants.filter((variant) => variant.search !== undefined)
  const of = (what: string, why: string) => ({ name }: Variant) =>
    `the search of ${what} "${name}" has no effect: ${why}`
  return [
    ...having(columns).map(of("column", "rows have ranges, columns have none")),
    ...(search.isSearch(selection)
      ? []
      : having(rows).map(of("row", "the selection draws no candidates, which candidates and how would say")))
  ]
}

/** What is wrong with the ranges of a search, and between its candidates. */
const ofSearch = (experiment: Experiment, selection: Search): ReadonlyArray<string> =>
  experiment.rows.flatMap((row) => {
    const found = search.problems(selection, row)
    if (found.length > 0) return found
    const names = search.candidatesOf(experiment, row).map(({ candidate }) => slug(String(candidate)))
    return repeated(names).map((name) => `${name} is a candidate of row "${row.name}" twice`)
  })

/** What is wrong between names, seeds and the selection; of a part of an experiment, what it lacks is no problem. */
export const ofNames = (
  experiment: Experiment,
  { columns = [], only = [], seeds }: PlanOptions,
  extent: "part" | "whole"
): ReadonlyArray<string> => {
  const { baseline, rows, selection } = experiment
  const published = experiment.published?.errors ?? {}
  const rowNames = rows.map(({ name }) => name)
  const columnNames = columnsOf(experiment).map(({ name }) => name)
  const used = seeds ?? experiment.seeds
  return [
    ...(extent === "part" ? [] : [
      ...(rows.length === 0 ? ["it has no rows"] : []),
      ...(columnNames.length === 0 ? ["it has no columns"] : []),
      ...(used.length === 0 ? ["it has no seeds"] : [])
    ]),
    ...nameless(rowNames, "row"),
    ...nameless(columnNames, "column"),
    ...collisions(rowNames, "row"),
    ...collisions(columnNames, "column"),
    ...repeated(experiment.also ?? []).map((name) => `${name} is shown twice`),
    ...repeated(used.map(String)).map((seed) => `seed ${seed} is there twice`),
    ...(rows.length === 0 ? [] : [
      ...unknown(baseline === undefined ? [] : [baseline], rowNames, "the baseline"),
      ...unknown(only, rowNames, "the row"),
      ...unknown(Object.keys(published), rowNames, "the published row")
    ]),
    ...unknown(columns, columnNames, "the column"),
    ...Object.values(published).flatMap((cells) => unknown(Object.keys(cells), columnNames, "the published column")),
    ...unsearched(experiment),
    ...(selection === undefined ? [] : [
      ...(used.includes(selection.seed)
        ? [`seed ${selection.seed} chooses ${chosenBy(selection)}, and must not be one of the final runs`]
        : []),
      ...(search.isSearch(selection)
        ? ofSearch(experiment, selection)
        : [
          ...(selection.values.length === 0 ? [`there are no values of ${selection.setting}`] : []),
          ...repeated(selection.values.map((value) => slug(String(value)))).map((value) =>
            `${selection.setting} ${value} is a candidate twice`
          )
        ])
    ])
  ]
}

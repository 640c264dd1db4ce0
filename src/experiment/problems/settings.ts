/** What single settings of an experiment have wrong, wherever they stand. */
import type { Catalogues } from "../../training/Catalogues.ts"
import * as TrainConfig from "../../training/TrainConfig.ts"
import type { Experiment, Variant } from "../design.ts"
import * as search from "../search.ts"
import { allSources, columnsOf, type PlacedSettings } from "../settings.ts"
import { partsOf, summaryMeasures } from "../summaryMeasures.ts"
import { unknown } from "./words.ts"

/** Columns that no table can have, or that no run would fill. */
export const ofColumns = (experiment: Experiment, known: Catalogues): ReadonlyArray<string> =>
  (experiment.also ?? []).filter((name) => !Object.hasOwn(summaryMeasures, name)).flatMap((name) => {
    const [measure] = partsOf(name)
    if (!Object.hasOwn(known.measures, measure)) {
      return unknown([name], [...Object.keys(summaryMeasures), ...Object.keys(known.measures)], "also:")
    }
    const isAsked = allSources(experiment).some(({ settings }) => settings.measures?.includes(measure as never))
    return isAsked ? [] : [`also: "${name}" is measured by no run: add measures: ["${measure}"] to base`]
  })

/** Settings that a selection cannot choose: lists and records, and what the experiment sets itself. */
const unchoosable: ReadonlySet<string> = new Set(["seed", "validationImages", "layers", "use"])

/** The settings that a selection chooses for a row, each by its whole name. */
const parametersOf = ({ selection }: Experiment, row: Variant): ReadonlyArray<string> =>
  selection === undefined
    ? []
    : search.isSearch(selection)
    ? Object.keys(search.rangesOf(selection, row))
    : [selection.setting]

/** Settings that only the experiment itself may set. */
export const reserved = ({ selection }: Experiment): ReadonlyMap<string, string> =>
  new Map([
    ["seed", `the seeds of the experiment stand in "seeds"`],
    ["use", `the modules of the experiment stand in its own "use"`],
    ...(selection === undefined
      ? []
      : [["validationImages", "the selection holds images out, of its own runs only"] as const]),
    ...(selection === undefined || search.isSearch(selection)
      ? []
      : [[selection.setting, "the selection chooses it"] as const])
  ])

const selectionPlace = "the selection"
const searchPlace = (row: Variant) => `the search of row "${row.name}"`

/** The settings of every candidate of a row. */
export const candidateSources = (experiment: Experiment, row: Variant): ReadonlyArray<PlacedSettings> => {
  const { selection } = experiment
  if (search.isSearch(selection) && search.problems(selection, row).length > 0) return []
  const place = search.isSearch(selection) ? searchPlace(row) : selectionPlace
  return search.candidatesOf(experiment, row).map(({ settings }) => ({ place, settings, isSmoke: false }))
}

/** What a selection may not choose, or what stands elsewhere, too. */
const ofParameters = (experiment: Experiment): ReadonlyArray<string> =>
  experiment.rows.flatMap((row) =>
    parametersOf(experiment, row).flatMap((parameter) => {
      const place = search.isSearch(experiment.selection) ? searchPlace(row) : selectionPlace
      if (unchoosable.has(search.settingOf(parameter))) return [`${place} cannot choose ${parameter}`]
      if (!search.isSearch(experiment.selection)) return []
      const rest = parameter.split(".").slice(1).join(".")
      return allSources({ ...experiment, rows: [row] }).flatMap((source) => {
        const set = (source.settings as Readonly<Record<string, unknown>>)[search.settingOf(parameter)]
        if (rest !== "" && typeof set === "string") {
          const record = `{ ${JSON.stringify(set)}: 1 }`
          return [
            `${search.settingOf(parameter)} is "${set}" in ${source.place}, so ${place} cannot choose ${parameter} ` +
            `beside it: say ${record}`
          ]
        }
        const isSet = rest === "" ? set !== undefined : Object.hasOwn(Object(set) as object, rest)
        return isSet ? [`${parameter} is set in ${source.place}, but ${place} chooses it`] : []
      })
    })
  )

/** Settings that no run could have, by the place where they stand. */
export const ofSettings = (experiment: Experiment, known: Catalogues): ReadonlyArray<string> => {
  const own = reserved(experiment)
  const candidates = experiment.rows.flatMap((row) => candidateSources(experiment, row))
  return [
    ...ofParameters(experiment),
    ...allSources(experiment).flatMap(({ place, settings }) =>
      Object.keys(settings).flatMap((key) => own.has(key) ? [`${key} is set in ${place}, but ${own.get(key)}`] : [])
    ),
    ...[...allSources(experiment), ...candidates].flatMap(({ place, settings }) =>
      TrainConfig.mistakes(settings, known).flatMap(({ path, text }) =>
        path.length === 0 ? [] : [`${text} in ${place}`]
      )
    )
  ]
}

/** A setting of both a row and a column: which one holds is not for the order of an implementation to say. */
export const doubly = (experiment: Experiment): ReadonlyArray<string> =>
  experiment.rows.flatMap((row) =>
    columnsOf(experiment).flatMap((column) => {
      const keys = ({ settings, smoke }: Variant) => Object.keys({ ...settings, ...smoke })
      return keys(row).filter((key) => keys(column).includes(key)).map((key) =>
        `${key} is set by row "${row.name}" and by column "${column.name}"`
      )
    })
  )

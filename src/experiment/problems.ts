import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { counted, noun } from "../choices/counted.ts"
import type { Catalogues } from "../training/Catalogues.ts"
import { schemaOf } from "../training/config/schema.ts"
import * as TrainConfig from "../training/TrainConfig.ts"
import type { Experiment, PlanOptions, Search, Selection, Settings, Variant } from "./design.ts"
import * as halving from "./halving.ts"
import * as search from "./search.ts"
import { allSources, columnsOf, merged, type PlacedSettings, sources } from "./settings.ts"
import { isDirectory, slug } from "./slug.ts"
import { partsOf, summaryMeasures } from "./summaryMeasures.ts"

const repeated = (names: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(names.filter((name, i) => names.indexOf(name) !== i))
]

const quoted = (names: ReadonlyArray<string>) => names.map((name) => `"${name}"`).join(" and ")

const unknown = (names: ReadonlyArray<string>, known: ReadonlyArray<string>, what: string) =>
  names.filter((name) => !known.includes(name)).map((name) => `${what} "${name}" is none of ${known.join(", ")}`)

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

/** Columns that no table can have, or that no run would fill. */
const ofColumns = (experiment: Experiment, known: Catalogues): ReadonlyArray<string> =>
  (experiment.also ?? []).filter((name) => !Object.hasOwn(summaryMeasures, name)).flatMap((name) => {
    const [measure] = partsOf(name)
    if (!Object.hasOwn(known.measures, measure)) {
      return unknown([name], [...Object.keys(summaryMeasures), ...Object.keys(known.measures)], "also:")
    }
    const isAsked = allSources(experiment).some(({ settings }) => settings.measures?.includes(measure as never))
    return isAsked ? [] : [`also: "${name}" is measured by no run: add measures: ["${measure}"] to base`]
  })

const chosenBy = (selection: Selection) => search.isSearch(selection) ? "candidates" : selection.setting

/** What is wrong with the ranges of a search, and between its candidates. */
const ofSearch = (experiment: Experiment, selection: Search): ReadonlyArray<string> =>
  experiment.rows.flatMap((row) => {
    const found = search.problems(selection, row)
    if (found.length > 0) return found
    const names = search.candidatesOf(experiment, row).map(({ candidate }) => slug(String(candidate)))
    return repeated(names).map((name) => `${name} is a candidate of row "${row.name}" twice`)
  })

/** What is wrong between names, seeds and the selection; of a part of an experiment, what it lacks is no problem. */
const ofNames = (
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
const reserved = ({ selection }: Experiment): ReadonlyMap<string, string> =>
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

const candidateSources = (experiment: Experiment, row: Variant): ReadonlyArray<PlacedSettings> => {
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
const ofSettings = (experiment: Experiment, known: Catalogues): ReadonlyArray<string> => {
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

/** What the epochs of the runs that choose contradict: those of the final runs, and settings such as the schedule. */
const ofBudgets = (experiment: Experiment, known: Catalogues): ReadonlyArray<string> => {
  const { rows, selection } = experiment
  if (!search.isSearch(selection) || halving.problems(selection).length > 0) return []
  const decode = Schema.decodeUnknownResult(schemaOf(known))
  const textsOf = (settings: Settings) => TrainConfig.mistakes(settings, known).map(({ text }) => text)
  return rows.flatMap((row) =>
    columnsOf(experiment).flatMap((column) => {
      const settings = merged(sources(experiment, row, column, false))
      const config = decode(settings)
      if (Result.isFailure(config)) return []
      const long = halving.tooLong(selection, config.success.epochs)
      const short = halving.epochsOf(selection).flatMap((epochs) =>
        textsOf({ ...settings, epochs }).map((text) => `${text} in runs of ${counted(epochs, "epoch")} that choose`)
      )
      return [...(long === undefined ? [] : [long]), ...short].map((text) =>
        `${text} (row "${row.name}", column "${column.name}")`
      )
    })
  )
}

const sound = (known: Catalogues) => (settings: Settings): Settings => {
  const wrong = new Set(TrainConfig.mistakes(settings, known).map(({ path }) => path[0]))
  return Object.fromEntries(Object.entries(settings).filter(([key]) => !wrong.has(key)))
}

const soundVariant = (known: Catalogues) => <V extends Variant>(variant: V): V => ({
  ...variant,
  settings: sound(known)(variant.settings),
  ...(variant.smoke === undefined ? {} : { smoke: sound(known)(variant.smoke) })
})

/** Without the settings that are wrong by themselves, so that the others can be looked at together. */
const soundOnly = (experiment: Experiment, known: Catalogues): Experiment => ({
  ...experiment,
  base: sound(known)(experiment.base),
  smoke: sound(known)(experiment.smoke ?? {}),
  rows: experiment.rows.map(soundVariant(known)),
  ...(experiment.columns === undefined ? {} : { columns: experiment.columns.map(soundVariant(known)) })
})

/** A setting of both a row and a column: which one holds is not for the order of an implementation to say. */
const doubly = (experiment: Experiment): ReadonlyArray<string> =>
  experiment.rows.flatMap((row) =>
    columnsOf(experiment).flatMap((column) => {
      const keys = ({ settings, smoke }: Variant) => Object.keys({ ...settings, ...smoke })
      return keys(row).filter((key) => keys(column).includes(key)).map((key) =>
        `${key} is set by row "${row.name}" and by column "${column.name}"`
      )
    })
  )

/** Whether a later place sets it anew; a candidate may add an entry to a record of settings. */
const isReplaced = (later: PlacedSettings, key: string, candidate: ReadonlyArray<PlacedSettings>): boolean => {
  const value = (later.settings as Readonly<Record<string, unknown>>)[key]
  return value !== undefined && !(candidate.includes(later) && typeof value === "object")
}

/** What the settings of cells say together: contradictions, and settings that change nothing in any cell. */
const ofCells = (experiment: Experiment, known: Catalogues, isSmoke: boolean): ReadonlyArray<string> => {
  const decode = Schema.decodeUnknownResult(schemaOf(known))
  const { rows } = experiment
  const own = reserved(experiment)
  const [contradictions, used, idle] = [
    new Map<string, Set<string>>(),
    new Set<string>(),
    new Map<string, string>()
  ]
  for (const row of rows) {
    const first = candidateSources(experiment, row).slice(0, 1)
      .map(({ isSmoke, place, settings }) => ({ isSmoke, place, settings: sound(known)(settings) }))
    for (const column of columnsOf(experiment)) {
      const of = sources(experiment, row, column, isSmoke)
      const all = [...of, ...first]
      const settings = first.reduce((own, { settings }) => search.over(own, settings), merged(of))
      for (const { text } of TrainConfig.mistakes(settings, known)) {
        contradictions.set(text, (contradictions.get(text) ?? new Set()).add(row.name))
      }
      const config = decode(settings)
      if (Result.isFailure(config)) continue
      const without = TrainConfig.idle(config.success, known)
      // Those that hold everywhere are judged in full runs, those of smoke runs in smoke runs.
      for (const [i, { isSmoke: ofSmoke, place, settings }] of all.entries()) {
        if (ofSmoke !== isSmoke) continue
        for (const key of Object.keys(settings)) {
          // Said already.
          if (own.has(key) && place !== first[0]?.place) continue
          const name = `${key} in ${place}`
          const isOverridden = all.slice(i + 1).some((later) => isReplaced(later, key, first))
          if (!isOverridden && !without.has(key as keyof TrainConfig.TrainConfig)) used.add(name)
          else idle.set(name, without.get(key as keyof TrainConfig.TrainConfig) ?? "others set it everywhere")
        }
      }
    }
  }
  const where = (names: ReadonlySet<string>) =>
    names.size === rows.length ? "" : ` (${noun(names.size, "row")} ${quoted([...names])})`
  return [
    ...[...contradictions].map(([text, names]) => `${text}${where(names)}`),
    ...[...idle].flatMap(([name, reason]) => used.has(name) ? [] : [`${name} has no effect: ${reason}`])
  ]
}

/**
 * Everything that is wrong with an experiment, or with the part of one that can be read, and can be known before it
 * runs, without its data.
 *
 * @internal
 */
export const of = (
  experiment: Experiment,
  options: PlanOptions,
  known: Catalogues,
  extent: "part" | "whole" = "whole"
): ReadonlyArray<string> => {
  const rest = soundOnly(experiment, known)
  return [
    ...new Set([
      ...ofNames(experiment, options, extent),
      ...ofColumns(experiment, known),
      ...ofSettings(experiment, known),
      ...doubly(experiment),
      ...ofBudgets(rest, known),
      ...ofCells(rest, known, false),
      ...ofCells(rest, known, true)
    ])
  ]
}

import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Catalogues } from "../training/Catalogues.ts"
import { schemaOf } from "../training/config/schema.ts"
import * as TrainConfig from "../training/TrainConfig.ts"
import type { Experiment, PlanOptions, Settings, Variant } from "./design.ts"
import { allSources, columnsOf, merged, type PlacedSettings, sources } from "./settings.ts"
import { isDirectory, slug } from "./slug.ts"

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

/** What is wrong between names, seeds and the selection; of a part of an experiment, what it lacks is no problem. */
const ofNames = (
  experiment: Experiment,
  { only = [], seeds }: PlanOptions,
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
    ...Object.values(published).flatMap((cells) => unknown(Object.keys(cells), columnNames, "the published column")),
    ...(selection === undefined ? [] : [
      ...(used.includes(selection.seed)
        ? [`seed ${selection.seed} chooses ${selection.setting}, and must not be one of the final runs`]
        : []),
      ...(selection.values.length === 0 ? [`there are no values of ${selection.setting}`] : []),
      ...repeated(selection.values.map((value) => slug(String(value)))).map((value) =>
        `${selection.setting} ${value} is a candidate twice`
      )
    ])
  ]
}

/** Settings that only the experiment itself may set. */
const reserved = ({ selection }: Experiment): ReadonlyMap<string, string> =>
  new Map([
    ["seed", `the seeds of the experiment stand in "seeds"`],
    ["use", `the modules of the experiment stand in its own "use"`],
    ...(selection === undefined ? [] : [
      ["validationImages", "the selection holds images out, of its own runs only"] as const,
      [selection.setting, "the selection chooses it"] as const
    ])
  ])

const selectionPlace = "the selection"

const candidateSources = ({ selection }: Experiment): ReadonlyArray<PlacedSettings> =>
  (selection?.values ?? []).map((value) => ({
    place: selectionPlace,
    settings: { [selection!.setting]: value },
    isSmoke: false
  }))

/** Settings that no run could have, by the place where they stand. */
const ofSettings = (experiment: Experiment, known: Catalogues): ReadonlyArray<string> => {
  const own = reserved(experiment)
  return [
    ...allSources(experiment).flatMap(({ place, settings }) =>
      Object.keys(settings).flatMap((key) => own.has(key) ? [`${key} is set in ${place}, but ${own.get(key)}`] : [])
    ),
    ...[...allSources(experiment), ...candidateSources(experiment)].flatMap(({ place, settings }) =>
      TrainConfig.mistakes(settings, known).flatMap(({ path, text }) =>
        path.length === 0 ? [] : [`${text} in ${place}`]
      )
    )
  ]
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

/** What the settings of cells say together: contradictions, and settings that change nothing in any cell. */
const ofCells = (experiment: Experiment, known: Catalogues, isSmoke: boolean): ReadonlyArray<string> => {
  const decode = Schema.decodeUnknownResult(schemaOf(known))
  const { rows } = experiment
  const own = reserved(experiment)
  const first = candidateSources(experiment).slice(0, 1)
    .map(({ isSmoke, place, settings }) => ({ isSmoke, place, settings: sound(known)(settings) }))
  const [contradictions, used, idle] = [
    new Map<string, Set<string>>(),
    new Set<string>(),
    new Map<string, string>()
  ]
  for (const row of rows) {
    for (const column of columnsOf(experiment)) {
      const all = [...sources(experiment, row, column, isSmoke), ...first]
      const settings = merged(all)
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
          if (own.has(key) && place !== selectionPlace) continue
          const name = `${key} in ${place}`
          const isOverridden = all.slice(i + 1).some((later) => key in later.settings)
          if (!isOverridden && !without.has(key as keyof TrainConfig.TrainConfig)) used.add(name)
          else idle.set(name, without.get(key as keyof TrainConfig.TrainConfig) ?? "others set it everywhere")
        }
      }
    }
  }
  const where = (names: ReadonlySet<string>) =>
    names.size === rows.length ? "" : ` (${names.size === 1 ? "row" : "rows"} ${quoted([...names])})`
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
      ...ofSettings(experiment, known),
      ...doubly(experiment),
      ...ofCells(rest, known, false),
      ...ofCells(rest, known, true)
    ])
  ]
}

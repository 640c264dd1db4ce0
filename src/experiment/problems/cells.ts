/** What the settings of a cell say together. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { counted, noun } from "../../choices/counted.ts"
import type { Catalogues } from "../../training/Catalogues.ts"
import { schemaOf } from "../../training/config/schema.ts"
import * as TrainConfig from "../../training/TrainConfig.ts"
import type { Experiment, Settings, Variant } from "../design.ts"
import * as halving from "../halving.ts"
import * as search from "../search.ts"
import { columnsOf, merged, type PlacedSettings, sources } from "../settings.ts"
import { candidateSources, reserved } from "./settings.ts"
import { quoted } from "./words.ts"

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
export const soundOnly = (experiment: Experiment, known: Catalogues): Experiment => ({
  ...experiment,
  base: sound(known)(experiment.base),
  smoke: sound(known)(experiment.smoke ?? {}),
  rows: experiment.rows.map(soundVariant(known)),
  ...(experiment.columns === undefined ? {} : { columns: experiment.columns.map(soundVariant(known)) })
})

/** What each candidate of a row sets, as far as it is right by itself; nothing, once, where none are chosen among. */
const soundCandidates = (
  experiment: Experiment,
  row: Variant,
  known: Catalogues
): ReadonlyArray<ReadonlyArray<PlacedSettings>> => {
  const own = candidateSources(experiment, row)
    .map(({ isSmoke, place, settings }) => [{ isSmoke, place, settings: sound(known)(settings) }])
  return own.length === 0 ? [[]] : own
}

/** The settings of a cell, those of a candidate over them. */
const withCandidate = (places: ReadonlyArray<PlacedSettings>, candidate: ReadonlyArray<PlacedSettings>): Settings =>
  candidate.reduce((own, { settings }) => search.over(own, settings), merged(places))

/** What the epochs of the runs that choose contradict: those of the final runs, and settings such as the schedule. */
export const ofBudgets = (experiment: Experiment, known: Catalogues): ReadonlyArray<string> => {
  const { rows, selection } = experiment
  if (!search.isSearch(selection) || halving.problems(selection).length > 0) return []
  const decode = Schema.decodeUnknownResult(schemaOf(known))
  const textsOf = (settings: Settings) => TrainConfig.mistakes(settings, known).map(({ text }) => text)
  const all = rows.flatMap((row) =>
    soundCandidates(experiment, row, known).flatMap((candidate) =>
      columnsOf(experiment).flatMap((column) => {
        const settings = withCandidate(sources(experiment, row, column, false), candidate)
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
  )
  return [...new Set(all)]
}

/** Whether a later place sets it anew; a candidate may add an entry to a record of settings. */
const isReplaced = (later: PlacedSettings, key: string, candidate: ReadonlyArray<PlacedSettings>): boolean => {
  const value = (later.settings as Readonly<Record<string, unknown>>)[key]
  return value !== undefined && !(candidate.includes(later) && typeof value === "object")
}

/** What the settings of cells say together: contradictions, and settings that change nothing in any cell. */
export const ofCells = (experiment: Experiment, known: Catalogues, isSmoke: boolean): ReadonlyArray<string> => {
  const decode = Schema.decodeUnknownResult(schemaOf(known))
  const { rows } = experiment
  const own = reserved(experiment)
  const [contradictions, used, idle] = [
    new Map<string, Set<string>>(),
    new Set<string>(),
    new Map<string, string>()
  ]
  const look = (row: Variant, of: ReadonlyArray<PlacedSettings>, candidate: ReadonlyArray<PlacedSettings>) => {
    const all = [...of, ...candidate]
    const settings = withCandidate(of, candidate)
    for (const { text } of TrainConfig.mistakes(settings, known)) {
      contradictions.set(text, (contradictions.get(text) ?? new Set()).add(row.name))
    }
    const config = decode(settings)
    if (Result.isFailure(config)) return
    const without = TrainConfig.idle(config.success, known)
    // Those that hold everywhere are judged in full runs, those of smoke runs in smoke runs.
    for (const [i, { isSmoke: ofSmoke, place, settings }] of all.entries()) {
      if (ofSmoke !== isSmoke) continue
      for (const key of Object.keys(settings)) {
        // Said already.
        if (own.has(key) && place !== candidate[0]?.place) continue
        const name = `${key} in ${place}`
        const isOverridden = all.slice(i + 1).some((later) => isReplaced(later, key, candidate))
        if (!isOverridden && !without.has(key as keyof TrainConfig.TrainConfig)) used.add(name)
        else idle.set(name, without.get(key as keyof TrainConfig.TrainConfig) ?? "others set it everywhere")
      }
    }
  }
  for (const row of rows) {
    const candidates = soundCandidates(experiment, row, known)
    for (const column of columnsOf(experiment)) {
      const of = sources(experiment, row, column, isSmoke)
      for (const candidate of candidates) look(row, of, candidate)
    }
  }
  const where = (names: ReadonlySet<string>) =>
    names.size === rows.length ? "" : ` (${noun(names.size, "row")} ${quoted([...names])})`
  return [
    ...[...contradictions].map(([text, names]) => `${text}${where(names)}`),
    ...[...idle].flatMap(([name, reason]) => used.has(name) ? [] : [`${name} has no effect: ${reason}`])
  ]
}

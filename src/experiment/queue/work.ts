/** A worker: takes trials of one grid from the queue, and runs each in a process of its own. */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { orDash } from "../../choices/orDash.ts"
import type { Catalogues } from "../../training/Catalogues.ts"
import * as TrainConfig from "../../training/TrainConfig.ts"
import { isOfMachine, mayBeOfMachine } from "../errorKinds.ts"
import type { Trial } from "../Experiment.ts"
import * as child from "../launchers/child.ts"
import type { Outcome } from "../launchers/Launcher.ts"
import * as places from "../launchers/places.ts"
import * as chunks from "./chunks.ts"
import * as database from "./database.ts"
import * as environment from "./environment.ts"
import * as grids from "./grids.ts"
import * as parcels from "./parcels.ts"
import * as service from "./service.ts"
import * as trials from "./trials.ts"

/** A worker that does not go on: with this machine as it is, it would spoil the table or get nowhere. */
export class WorkerRefused extends Schema.TaggedError<WorkerRefused>()("WorkerRefused", {
  reason: Schema.String
}) {
  override get message() {
    return `This worker takes no trials any more: ${this.reason}`
  }
}

/** An attempt that is not the latest any more, or was taken back: it writes nothing further. */
class Lost extends Schema.TaggedError<Lost>()("Lost", {}) {}

/** An attempt that failed by itself, not by what was to be trained. */
class Stumbled extends Schema.TaggedError<Stumbled>()("Stumbled", {}) {}

/** What a worker is. */
export interface Worker {
  readonly name: string
  readonly grid: grids.Grid
  readonly slots: number
  readonly gpus: ReadonlyArray<string> | undefined
  /** Where trials are while they run. */
  readonly scratch: string
  readonly artifacts: string | undefined
  /** Catalogues with what the grid's modules add. */
  readonly known: Catalogues
  /** Where the grid's modules are here. */
  readonly use: ReadonlyArray<string>
  readonly say: (text: string) => Effect.Effect<void>
}

/** What a worker has done by its end. */
export interface Done {
  readonly worker: string
  readonly completed: number
  readonly failed: number
}

const configOf = ({ known, use }: Worker, value: unknown) =>
  Effect.map(
    TrainConfig.decode(value as object, "the grid", known),
    (config): TrainConfig.TrainConfig => use.length === 0 ? config : { ...config, use: [...use] }
  )

const make = Effect.fnUntraced(function*(worker: Worker) {
  const { artifacts, grid, gpus, known, name, say, scratch, slots } = worker
  const services = yield* Effect.context<SqlClient.SqlClient>()
  const refused = yield* Deferred.make<never, WorkerRefused>()
  const store = yield* Effect.mapError(
    chunks.of(grid, artifacts),
    ({ reason, remedy }) => new WorkerRefused({ reason: `${reason}. ${remedy}` })
  )
  const place = places.make(slots, gpus)
  const threads = Math.max(1, Math.floor(availableParallelism() / slots))
  const every = grid.lease * 1000 / 4
  /** What this machine was found to agree in with the grid, which is not asked again. */
  const agreed = new Set<string>()
  /** Trials that the engine of this machine failed since it last ended one. */
  const stumbled = new Set<string>()

  /** Runs one attempt to its outcome, telling of it, with its checkpoints sent as they come. */
  const attempt = Effect.fnUntraced(function*(claim: trials.Begun, directory: string, config: TrainConfig.TrainConfig) {
    const owner: chunks.Owner = { grid: grid.name, trial: claim.id, attempt: claim.attempt }
    let share = 0
    let stamp = yield* parcels.stampOf(directory)
    let sent = claim.files
    const agrees = Effect.gen(function*() {
      const facts = yield* environment.factsOf(config, directory, known)
      if (facts === undefined || agreed.has(JSON.stringify(facts))) return
      yield* Effect.catchTag(
        grids.agree(grid.name, name, facts),
        "DatabaseError",
        ({ reason }) => Effect.fail(new WorkerRefused({ reason }))
      )
      agreed.add(JSON.stringify(facts))
    })
    const checkpoint = Effect.gen(function*() {
      const next = yield* parcels.stampOf(directory)
      if (next === undefined || next === stamp) return
      yield* agrees
      const files = yield* parcels.pack(store, owner, directory, "to go on", sent)
      // The next one is just taking its place, and is sent at the next beat.
      if (!files.some((file) => file.name === "checkpoint.bin")) return
      if (!(yield* trials.checkpointed(claim, share, files))) return yield* new Lost()
      ;[sent, stamp] = [files, next]
      yield* store.keep(owner, parcels.uploadsOf(files))
    })
    // The database may be away for a while: training goes on, and what it wrote is sent afterwards.
    const stillOurs = Effect.gen(function*() {
      const isOurs = yield* Effect.orElseSucceed(trials.touch(claim, share), () => true)
      if (!isOurs) return yield* new Lost()
    })
    const beat = Effect.andThen(stillOurs, checkpoint)
    const trial = { id: claim.id, row: claim.label, column: "", seed: config.seed, candidate: undefined, config }
    const progress = (_: Trial, now: number) => Effect.sync(() => void (share = now))
    const outcome = yield* Effect.raceFirst(
      place((gpu) => child.run(trial, { config, output: directory, threads }, progress, gpu)),
      Effect.andThen(Effect.repeat(beat, Schedule.spaced(every)), Effect.never)
    ).pipe(
      // Whoever stops the worker lets it say how far it got.
      Effect.onInterrupt(() =>
        Effect.ignore(Effect.andThen(checkpoint, trials.givenBack(claim, undefined))).pipe(
          Effect.provideContext(services),
          Effect.timeoutOption("20 seconds")
        )
      )
    )
    const { result } = outcome
    if (result._tag === "Failed" && isOfMachine(result.error)) {
      const begun = result.error === "CheckpointMismatch" ? `${claim.label} was begun on a machine that differs. ` : ""
      return yield* new WorkerRefused({ reason: `${begun}${result.reason}` })
    }
    yield* agrees
    if (result._tag === "Failed" && mayBeOfMachine(result.error)) {
      yield* checkpoint
      yield* trials.givenBack(claim, result)
      yield* say(`${claim.label}: ${result.reason}`)
      if (result.error !== "EngineFailed") return yield* new Stumbled()
      stumbled.add(claim.id)
      if (stumbled.size < 2) return yield* new Stumbled()
      return yield* new WorkerRefused({ reason: `its engine failed two trials in a row. The last: ${result.reason}` })
    }
    stumbled.clear()
    yield* stillOurs
    const files = yield* parcels.pack(store, owner, directory, "everything", sent)
    if (!(yield* trials.ended(claim, result, files))) return yield* new Lost()
    yield* store.keep(owner, parcels.uploadsOf(files))
    return result
  })

  const done = { worker: name, completed: 0, failed: 0 }
  const told = (label: string, result: Outcome["result"]) => {
    done[result._tag === "Failed" ? "failed" : "completed"]++
    if (result._tag === "Failed") return say(`${label}: ${result.error}: ${result.reason}`)
    const { testAccuracy = Number.NaN } = result.summary
    return say(`${label}: completed with ${orDash(testAccuracy, (share) => `${(100 * share).toFixed(2)} %`)}`)
  }

  /** One trial from the queue. Fails where the queue is to hand it out again. */
  const attend = Effect.fnUntraced(function*({ id }: { readonly id: string }, ticket: string) {
    const claim = yield* trials.begin({ grid: grid.name, id }, ticket, name, grid.tries)
    if (claim === undefined) return
    const directory = join(scratch, grid.name, `${ticket.slice(0, 16)}.${claim.attempt}`)
    const owner: chunks.Owner = { grid: grid.name, trial: id, attempt: claim.attempt }
    yield* Effect.gen(function*() {
      yield* parcels.removed(directory)
      yield* parcels.unpack(store, owner, directory, claim.files)
      const config = yield* configOf(worker, claim.config)
      yield* say(`${claim.label}: attempt ${claim.attempt}${claim.files.length > 0 ? ", from a checkpoint" : ""}`)
      yield* told(claim.label, yield* attempt(claim, directory, config))
    }).pipe(
      Effect.tapError((error) => {
        switch (error._tag) {
          case "Stumbled":
            return Effect.void
          case "Lost":
            return Effect.andThen(
              // What it sent before it knew is nobody's.
              Effect.ignore(
                Effect.flatMap(trials.latestFiles(claim), (files) => store.keep(owner, parcels.uploadsOf(files)))
              ),
              say(`${claim.label}: attempt ${claim.attempt} is not the latest any more, and writes nothing further`)
            )
          case "WorkerRefused":
            return Effect.andThen(trials.givenBack(claim, undefined), Deferred.fail(refused, error))
          default:
            if (error._tag === "DatabaseError" && error.isDisk === true) {
              return Effect.andThen(
                trials.givenBack(claim, undefined),
                Deferred.fail(refused, new WorkerRefused({ reason: error.message }))
              )
            }
            return trials.givenBack(claim, { _tag: "Failed", error: error._tag, reason: error.message })
        }
      }),
      Effect.ensuring(Effect.ignore(parcels.removed(directory)))
    )
  })
  return { attend, done, refused }
})

/** How many trials are neither over nor taken back. */
const open = Effect.fnUntraced(function*(grid: string) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ count: number }>`SELECT COUNT(*)::int AS count FROM finegrain_trials
    WHERE grid = ${grid} AND status IN ('offered', 'running')`
  return row?.count ?? 0
})

/**
 * Works until it is interrupted, or refuses to go on; with `untilDone`, until there was nothing of the grid to do for a
 * lease. Tells what it has done.
 *
 * @internal
 */
export const work = Effect.fnUntraced(function*(worker: Worker, untilDone: boolean) {
  const { grid, name, slots } = worker
  const { attend, done, refused } = yield* make(worker)
  const queue = yield* service.queueOf(grid.name)
  const take = queue.take((ticket, { id }) => attend(ticket, id)).pipe(
    // Whatever befell a trial has been told, and the queue hands it out again.
    Effect.catchCause((cause) => Cause.hasInterruptsOnly(cause) ? Effect.interrupt : Effect.sleep("100 millis"))
  )
  const heard = database.noticing(worker.say)
  const alive = Effect.repeat(
    Effect.ignore(heard(grids.seen(grid.name, name, slots))),
    Schedule.spaced(grid.lease * 1000 / 3)
  )
  // Whoever offered candidates offers more once they have ended: only a lease without anything is the end.
  let idle = 0
  const nothingLeft = Effect.repeat(
    Effect.map(Effect.orElseSucceed(open(grid.name), () => 1), (count) => (idle = count === 0 ? idle + 1 : 0)),
    { schedule: Schedule.spaced("1 second"), until: (seconds) => seconds > grid.lease }
  )
  const slot = Effect.forever(Effect.asVoid(take))
  const said = yield* Effect.raceFirst(
    Deferred.await(refused),
    Effect.all([alive, ...Array.from({ length: slots }, () => slot)], { concurrency: "unbounded", discard: true })
  ).pipe(
    (working) => untilDone ? Effect.raceFirst(working, nothingLeft) : working,
    Effect.asVoid,
    Effect.result,
    Effect.onInterrupt(() => Effect.ignore(grids.left(name, null)))
  )
  yield* Effect.ignore(grids.left(name, Result.isFailure(said) ? said.failure.message : null))
  yield* Effect.fromResult(said)
  return done
})

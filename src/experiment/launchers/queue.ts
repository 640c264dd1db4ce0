/** The launcher `queue`: workers on any number of machines take trials from one PostgreSQL. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as PersistedQueue from "effect/persistence/PersistedQueue"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import { randomUUID } from "node:crypto"
import { existsSync } from "node:fs"
import { join } from "node:path"
import * as Catalogue from "../../choices/Catalogue.ts"
import * as Setting from "../../choices/Setting.ts"
import * as Door from "../../training/Door.ts"
import * as RunFiles from "../../training/RunFiles.ts"
import { label, type Trial } from "../cells.ts"
import { arrive } from "../queue/arrival.ts"
import * as chunks from "../queue/chunks.ts"
import * as database from "../queue/database.ts"
import * as grids from "../queue/grids.ts"
import * as identity from "../queue/identity.ts"
import * as modules from "../queue/modules.ts"
import * as parcels from "../queue/parcels.ts"
import * as service from "../queue/service.ts"
import * as trials from "../queue/trials.ts"
import { type Fleet, type Given, type Launcher, LauncherError, type Listener, type Outcome } from "./Launcher.ts"

const parameters = {
  database: Setting.orDefault(Schema.NonEmptyString, database.usual).annotate({ description: database.about }),
  grid: Schema.optionalKey(Schema.NonEmptyString).annotate({
    description: "name of the grid in the database, by which workers know it (default the experiment's name)"
  }),
  lease: Setting.orDefault(Setting.count, 60).annotate({
    description: "seconds without a sign of life after which a worker's trial goes to another"
  }),
  tries: Setting.orDefault(Setting.count, 5).annotate({
    description: "attempts in a row that may end without a checkpoint before a trial is set aside"
  }),
  artifacts: Schema.optionalKey(Schema.NonEmptyString).annotate({
    description: "directory that all machines share, for checkpoints and results, which else go by the database"
  })
}

type Services = PersistedQueue.PersistedQueueFactory | SqlClient.SqlClient

/** How a trial ended, as its row tells it. */
const resultOf = ({ id, result }: trials.Row): Effect.Effect<Outcome["result"], database.DatabaseError> =>
  result?._tag === "Completed"
    ? Effect.mapBoth(Effect.fromResult(RunFiles.decodeSummary(result.summary)), {
      onFailure: (reason) =>
        new database.DatabaseError({
          reason: `what it holds of ${id} cannot be read: ${reason}`,
          remedy: "Offer the trial anew: finegrain queue retry."
        }),
      onSuccess: (summary) => ({ _tag: "Completed", summary })
    })
    : Effect.succeed(result!)

/** A grid that was opened for offers. */
interface Opened {
  readonly grid: grids.Grid
  readonly store: chunks.Chunks
  readonly used: ReadonlyArray<Door.Used>
  readonly directory: Given["directory"]
  readonly retry: boolean
}

/** Offers a trial, unless it has ended; one that failed or was taken back is offered anew. */
const offerOne = Effect.fnUntraced(function*({ directory, grid, retry, store, used }: Opened, trial: Trial) {
  const sql = yield* SqlClient.SqlClient
  const queue = yield* service.queueOf(grid.name)
  const own = identity.ofTrial(trial, used)
  const [made] = yield* database.patiently(
    sql`INSERT INTO finegrain_trials (grid, id, fingerprint, label, config, status)
      VALUES (${grid.name}, ${trial.id}, ${own}, ${label(trial)}, ${JSON.stringify(trial.config)}::jsonb, 'offered')
      ON CONFLICT DO NOTHING RETURNING 1 AS one`
  )
  // What an earlier process of this machine did is not done again.
  if (made !== undefined && existsSync(join(directory(trial), "checkpoint.bin"))) {
    const owner = { grid: grid.name, trial: trial.id, attempt: 0 }
    const files = yield* parcels.pack(store, owner, directory(trial), "everything")
    yield* database.patiently(
      sql`UPDATE finegrain_trials SET files = ${JSON.stringify(files)}::jsonb
        WHERE grid = ${grid.name} AND id = ${trial.id} AND attempt = 0`
    )
  }
  const found = Effect.gen(function*() {
    const [row] = yield* sql<{
      fingerprint: string
      round: number
      status: trials.Status
      result: Outcome["result"] | null
    }>`SELECT fingerprint, round, status, result FROM finegrain_trials
      WHERE grid = ${grid.name} AND id = ${trial.id} FOR UPDATE`
    if (row === undefined || row.fingerprint !== own) {
      return yield* new database.DatabaseError({
        reason: `${label(trial)} was offered to the grid ${grid.name} with other settings`,
        remedy: "Choose another name with --grid, or remove that grid with finegrain queue clean."
      })
    }
    const { result, round, status } = row
    const hasFailed = status === "ended" && result?._tag === "Failed" && (retry || result.error !== "Diverged")
    if (!hasFailed && status !== "cancelled") return { round, isOpen: status !== "ended" }
    yield* sql`UPDATE finegrain_trials SET round = round + 1, status = 'offered', misses = 0, result = NULL,
      worker = NULL, changed_at = clock_timestamp(),
      files = CASE WHEN ${result?._tag === "Failed" && result.error === "Diverged"}::boolean THEN '[]' ELSE files END
      WHERE grid = ${grid.name} AND id = ${trial.id}`
    return { round: round + 1, isOpen: true }
  })
  const { isOpen, round } = yield* database.patiently(sql.withTransaction(found))
  if (!isOpen) return
  yield* Effect.retry(queue.offer({ id: trial.id }, { id: trials.ticketOf(own, round) }), { times: 10 })
})

/** Seconds of changes that are read again, so that none is missed that became visible late. */
const overlap = 30

/** Milliseconds between two looks at what changed. */
const pause = 1000

/** Trials whose files are fetched at a time: each waits for the disk after every file. */
const arrivals = 8

/** Hears of trials until all have ended. */
const watch = Effect.fnUntraced(function*<E, R>(
  { directory, grid, store }: Opened,
  offered: ReadonlyArray<Trial>,
  { ended, progress, said }: Listener<E, R>
) {
  const open = new Map(offered.map((trial) => [trial.id, trial]))
  const silent = new Set<string>()
  const outcomeOf = Effect.fnUntraced(function*(trial: Trial, row: trials.Row) {
    yield* arrive(store, row, grid.name, directory(trial))
    const outcome: Outcome = { trial, result: yield* resultOf(row) }
    return outcome
  })
  const over = Effect.fnUntraced(function*(trial: Trial, row: trials.Row) {
    open.delete(row.id)
    if (row.status === "cancelled") {
      return yield* ended({ trial, result: { _tag: "Failed", error: "Cancelled", reason: "it was taken back" } })
    }
    yield* ended(
      yield* Effect.catchTag(
        outcomeOf(trial, row),
        "DatabaseError",
        ({ isDisk = false, message }) =>
          Effect.succeed<Outcome>({
            trial,
            result: { _tag: "Failed", error: "DatabaseError", reason: message, isDisk }
          })
      )
    )
  })
  const vanished = Effect.gen(function*() {
    for (const { hasLeft, id, said: why, silent: seconds } of yield* grids.workers(grid.name)) {
      const isGone = hasLeft ? why !== null : seconds > grid.lease
      if (isGone && !silent.has(id)) {
        yield* said(why ?? `Nothing has been heard of the worker ${id} for ${seconds.toFixed(0)} s`)
      }
      if (isGone) silent.add(id)
      else silent.delete(id)
    }
  })
  const heard = database.noticing(said)
  let since: number | undefined
  let counted = Number.NEGATIVE_INFINITY
  // Ended trials by when that was heard: their rows are long, and are not read again.
  const known = new Map<string, number>()
  while (open.size > 0) {
    const began = performance.now()
    for (const [id, at] of known) if (began - at > 1000 * overlap) known.delete(id)
    const seconds = since === undefined ? undefined : Math.ceil((began - since) / 1000) + overlap
    const rows = yield* database.patiently(heard(trials.changed(grid.name, seconds, [...known.keys()])))
    since = began
    yield* Effect.forEach(rows, (row) => {
      if (row.status === "ended") known.set(row.id, began)
      const trial = open.get(row.id)
      if (trial === undefined) return Effect.void
      if (row.status === "running") return progress(trial, row.share)
      return row.status === "offered" ? Effect.void : over(trial, row)
    }, { concurrency: arrivals, discard: true })
    if (began - counted > 250 * grid.lease) {
      counted = began
      yield* Effect.ignore(vanished)
    }
    if (open.size > 0) yield* Effect.sleep(pause)
  }
})

const inOurWords = (error: unknown): LauncherError => {
  const { _tag, message } = error as { readonly _tag?: string; readonly message: string }
  return new LauncherError({
    launcher: "queue",
    reason: _tag === "SqlError"
      ? `the database does not answer (${(error as SqlError.SqlError).reason._tag})`
      : _tag === "DatabaseError"
      ? (error as database.DatabaseError).reason
      : message,
    remedy: _tag === "DatabaseError" ? (error as database.DatabaseError).remedy : "Go on with --resume."
  })
}

const open = Effect.fnUntraced(function*(
  given: Given & Schema.Struct.Type<typeof parameters>
): Effect.fn.Return<Fleet, LauncherError, Scope.Scope> {
  const { artifacts, directory, grid: named = given.name, lease, name, retry, tries, use } = given
  const failing = <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.mapError(work, inOurWords)
  const address = yield* failing(database.address(given.database))
  const services = yield* failing(Layer.build(service.layer(address, lease)))
  const used = yield* Effect.promise(() => Promise.all(use.map(Door.usedOf)))
  const own = used.filter((one) => one !== undefined)
  const provided = <A, E, R>(work: Effect.Effect<A, E, R | Services>) => Effect.provideContext(work, services)
  const { grid, store } = yield* failing(provided(Effect.gen(function*() {
    const packed = yield* modules.pack(own)
    const fingerprint = identity.ofGrid(named, own)
    const token = artifacts === undefined ? null : randomUUID()
    if (artifacts !== undefined) yield* chunks.mark(artifacts, named, token!)
    const offered = { name: named, fingerprint, modules: packed, lease, tries, artifacts: artifacts ?? null, token }
    const grid = yield* grids.make(offered)
    // It was there already, with a mark of its own.
    if (artifacts !== undefined && grid.token !== token) yield* chunks.remove(artifacts, named, token!)
    const store = yield* chunks.of(grid, artifacts)
    return { grid, store }
  })))
  const opened: Opened = { grid, store, used: own, directory, retry }
  const trusted = own.length === 0 ? named : `${named}@${grid.fingerprint.slice(0, 16)}`
  return {
    about: `${name === named ? "" : `${named} `}on ${address.shown}, for finegrain worker --grid ${trusted}`,
    offer: (all, listener) =>
      Effect.gen(function*() {
        const begun = yield* Effect.filter(all, listener.begin)
        yield* failing(provided(Effect.forEach(begun, (trial) => offerOne(opened, trial), { concurrency: 4 })))
        yield* Effect.ignore(provided(service.analyze))
        yield* provided(watch(opened, begun, listener)).pipe(
          Effect.catchIf(
            (error): error is typeof error & (SqlError.SqlError | database.DatabaseError) =>
              ["SqlError", "DatabaseError"].includes((error as { readonly _tag: string })._tag),
            (error) => Effect.fail(inOurWords(error))
          ),
          // A fiber that is interrupted runs nothing else any more.
          Effect.onInterrupt(() =>
            listener.said(`The grid goes on without this process; finegrain queue --grid ${named} tells of it`)
          )
        )
      }),
    cancel: Effect.asVoid(failing(provided(trials.cancel(named))))
  }
})

/**
 * A queue in PostgreSQL. The grid goes on without whoever offered it.
 *
 * @internal
 */
export const queue: Launcher = Catalogue.entries<Given, ReturnType<typeof open>>()({
  about: "workers on any number of machines, which take trials from one PostgreSQL",
  parameters,
  make: open
})

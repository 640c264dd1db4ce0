/** What the database knows of the trials of a grid, and who may write it: the latest attempt at a trial alone. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { counted } from "../../choices/counted.ts"
import * as RunFiles from "../../training/RunFiles.ts"
import type { Outcome } from "../launchers/Launcher.ts"
import { DatabaseError, patiently } from "./database.ts"
import { Parcel } from "./parcels.ts"

/** How far a trial is: waiting, at work, over with a result, or taken back. */
export type Status = "offered" | "running" | "ended" | "cancelled"

/** Which trial. */
export interface Key {
  readonly grid: string
  readonly id: string
}

/** One attempt at a trial: each has a higher number than those before. */
export interface Claim extends Key {
  readonly attempt: number
}

/** A trial that was begun, with what there is to go on from. */
export interface Begun extends Claim {
  readonly label: string
  readonly config: unknown
  readonly files: ReadonlyArray<Parcel>
}

/** What there is to tell of a trial. */
export interface Row {
  readonly id: string
  readonly label: string
  readonly status: Status
  readonly attempt: number
  readonly worker: string | null
  readonly share: number
  readonly result: Outcome["result"] | null
  /** Of a trial that has ended, for `filesOf`: most rows are read many times, and looked at once. */
  readonly files: unknown
}

const decodeFiles = Schema.decodeUnknownEffect(Schema.Array(Parcel))

/**
 * The files of a trial, as a row tells them.
 *
 * @internal
 */
export const filesOf = (value: unknown) =>
  Effect.mapError(decodeFiles(value), () =>
    new DatabaseError({
      reason: "the files of a trial are no list of this version",
      remedy: "Use one version of finegrain, or remove the grid with finegrain queue clean."
    }))

/**
 * By which the queue knows a trial: by its fingerprint, anew in every round.
 *
 * @internal
 */
export const ticketOf = (fingerprint: string, round: number): string => `${fingerprint}.${round}`

/**
 * Begins an attempt, which bars all before it from writing; undefined where nothing is to be done any more. A trial
 * that so many attempts in a row have left without a checkpoint is set aside.
 *
 * @internal
 */
export const begin = Effect.fnUntraced(function*({ grid, id }: Key, ticket: string, worker: string, tries: number) {
  const sql = yield* SqlClient.SqlClient
  const work = Effect.gen(function*() {
    const [row] = yield* sql<{
      fingerprint: string
      round: number
      label: string
      config: unknown
      status: Status
      attempt: number
      misses: number
      files: unknown
      result: Outcome["result"] | null
    }>`SELECT fingerprint, round, label, config, status, attempt, misses, files, result FROM finegrain_trials
      WHERE grid = ${grid} AND id = ${id} FOR UPDATE`
    if (row === undefined || ticketOf(row.fingerprint, row.round) !== ticket) return undefined
    if (row.status === "ended" || row.status === "cancelled") return undefined
    if (row.misses >= tries) {
      const last = row.result?._tag === "Failed" ? ` The last: ${row.result.reason}` : ""
      const result: Outcome["result"] = {
        _tag: "Failed",
        error: "SetAside",
        reason: `${counted(row.misses, "attempt")} in a row ended without a checkpoint.${last}`
      }
      yield* sql`UPDATE finegrain_trials SET status = 'ended', result = ${JSON.stringify(result)}::jsonb,
        attempt = attempt + 1, worker = NULL, changed_at = clock_timestamp() WHERE grid = ${grid} AND id = ${id}`
      return undefined
    }
    yield* sql`UPDATE finegrain_trials SET status = 'running', attempt = attempt + 1, misses = misses + 1,
      worker = ${worker}, began_at = clock_timestamp(), changed_at = clock_timestamp()
      WHERE grid = ${grid} AND id = ${id}`
    const files = yield* filesOf(row.files)
    const begun: Begun = { grid, id, attempt: row.attempt + 1, label: row.label, config: row.config, files }
    return begun
  })
  return yield* patiently(sql.withTransaction(work))
})

/**
 * Tells how far an attempt is. Whether it may still write: false once another has begun, or it was taken back.
 *
 * @internal
 */
export const touch = Effect.fnUntraced(function*({ attempt, grid, id }: Claim, share: number) {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql`UPDATE finegrain_trials SET share = ${share}::real, changed_at = clock_timestamp()
    WHERE grid = ${grid} AND id = ${id} AND attempt = ${attempt} AND status = 'running' RETURNING 1 AS one`
  return rows.length > 0
})

/**
 * Records a checkpoint, if this is still the attempt that may.
 *
 * @internal
 */
export const checkpointed = Effect.fnUntraced(
  function*({ attempt, grid, id }: Claim, share: number, files: ReadonlyArray<Parcel>) {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* patiently(
      sql`UPDATE finegrain_trials SET files = ${JSON.stringify(files)}::jsonb, misses = 0,
        share = ${share}::real, changed_at = clock_timestamp()
      WHERE grid = ${grid} AND id = ${id} AND attempt = ${attempt} AND status = 'running' RETURNING 1 AS one`
    )
    return rows.length > 0
  }
)

/**
 * Records how a trial ended, if this is still the attempt that may.
 *
 * @internal
 */
export const ended = Effect.fnUntraced(
  function*({ attempt, grid, id }: Claim, result: Outcome["result"], files: ReadonlyArray<Parcel>) {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* patiently(
      sql`UPDATE finegrain_trials SET status = 'ended', result = ${RunFiles.toJson(result)}::jsonb,
        files = ${JSON.stringify(files)}::jsonb, share = 1, changed_at = clock_timestamp()
      WHERE grid = ${grid} AND id = ${id} AND attempt = ${attempt} AND status = 'running' RETURNING 1 AS one`
    )
    return rows.length > 0
  }
)

/**
 * Gives a trial back: to count against it, with why; or not, where the worker could not help it.
 *
 * @internal
 */
export const givenBack = Effect.fnUntraced(
  function*({ attempt, grid, id }: Claim, fault: Outcome["result"] | undefined) {
    const sql = yield* SqlClient.SqlClient
    const forgiven = fault === undefined ? 1 : 0
    yield* patiently(
      sql`UPDATE finegrain_trials SET status = 'offered', worker = NULL,
        misses = GREATEST(0, misses - ${forgiven}::int),
        result = COALESCE(${fault === undefined ? null : JSON.stringify(fault)}::jsonb, result),
        changed_at = clock_timestamp()
      WHERE grid = ${grid} AND id = ${id} AND attempt = ${attempt} AND status = 'running'`
    )
  }
)

/**
 * The files that the latest attempt has, whoever that is; none where there is no such trial any more.
 *
 * @internal
 */
export const latestFiles = Effect.fnUntraced(function*({ grid, id }: Key) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* patiently(
    sql<{ files: unknown }>`SELECT files FROM finegrain_trials WHERE grid = ${grid} AND id = ${id}`
  )
  return row === undefined ? [] : yield* filesOf(row.files)
})

/**
 * Trials that have changed within so many seconds, or all, but for some.
 *
 * @internal
 */
export const changed = Effect.fnUntraced(function*(
  grid: string,
  seconds: number | undefined,
  but: ReadonlyArray<string> = []
) {
  const sql = yield* SqlClient.SqlClient
  const lately = sql`AND changed_at > clock_timestamp() - ${seconds ?? 0}::int * INTERVAL '1 second'`
  return yield* sql<Row>`SELECT id, label, status, attempt, worker, share, result,
    CASE WHEN status = 'ended' THEN files END AS files FROM finegrain_trials
    WHERE grid = ${grid} AND NOT id = ANY(${but}::text[]) ${seconds === undefined ? sql`` : lately}`
})

/**
 * Takes back what has not ended, and tells how many trials that are; what is at work stops with a checkpoint.
 */
export const cancel = Effect.fnUntraced(function*(grid: string) {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* patiently(
    sql`UPDATE finegrain_trials SET status = 'cancelled', worker = NULL, changed_at = clock_timestamp()
      WHERE grid = ${grid} AND status IN ('offered', 'running') RETURNING 1 AS one`
  )
  return rows.length
})

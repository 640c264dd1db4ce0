/** What there is to tell of grids, and to be done with them as a whole. */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { counted, noun } from "../../choices/counted.ts"
import type { Outcome } from "../launchers/Launcher.ts"
import * as chunks from "./chunks.ts"
import { DatabaseError, patiently } from "./database.ts"
import * as service from "./service.ts"
import * as trials from "./trials.ts"

/** A grid in numbers. */
export interface GridStatus {
  readonly name: string
  readonly offered: number
  readonly running: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
  /** Trials that ended within the last hour, and seconds over which that was. */
  readonly lately: number
  readonly seconds: number
  /** Megabytes of chunks in the database. */
  readonly megabytes: number
}

/**
 * All grids in numbers, or one.
 */
export const grids = Effect.fnUntraced(function*(name: string | undefined) {
  const sql = yield* SqlClient.SqlClient
  return yield* sql<GridStatus>`SELECT g.name,
    COUNT(*) FILTER (WHERE status = 'offered')::int AS offered,
    COUNT(*) FILTER (WHERE status = 'running')::int AS running,
    COUNT(*) FILTER (WHERE status = 'ended' AND result->>'_tag' = 'Completed')::int AS completed,
    COUNT(*) FILTER (WHERE status = 'ended' AND result->>'_tag' = 'Failed')::int AS failed,
    COUNT(*) FILTER (WHERE status = 'cancelled')::int AS cancelled,
    COUNT(*) FILTER (WHERE status = 'ended' AND changed_at > clock_timestamp() - INTERVAL '1 hour')::int AS lately,
    COALESCE(EXTRACT(EPOCH FROM LEAST(INTERVAL '1 hour', clock_timestamp() - MIN(began_at))), 0)::float8 AS seconds,
    (SELECT COALESCE(SUM(octet_length(bytes)), 0) / 1e6 FROM finegrain_chunks c WHERE c.grid = g.name)::float8
      AS megabytes
    FROM finegrain_grids g LEFT JOIN finegrain_trials t ON t.grid = g.name
    WHERE ${name ?? null}::text IS NULL OR g.name = ${name ?? null}::text
    GROUP BY g.name ORDER BY MIN(g.created_at)`
})

/** A trial that is told by itself: at work, or failed. */
export interface Notable {
  readonly label: string
  readonly status: trials.Status
  readonly attempt: number
  readonly worker: string | null
  readonly share: number
  readonly result: Outcome["result"] | null
  /** Seconds since this attempt began. */
  readonly seconds: number
}

/**
 * Trials of a grid that are at work or have failed.
 */
export const notable = Effect.fnUntraced(function*(grid: string) {
  const sql = yield* SqlClient.SqlClient
  return yield* sql<Notable>`SELECT label, status, attempt, worker, share, result,
    EXTRACT(EPOCH FROM clock_timestamp() - began_at)::float8 AS seconds FROM finegrain_trials
    WHERE grid = ${grid} AND (status = 'running' OR (status = 'ended' AND result->>'_tag' = 'Failed'))
    ORDER BY worker, label`
})

/**
 * Offers trials that failed or were taken back anew, and tells how many those are.
 */
export const retry = Effect.fnUntraced(function*(grid: string) {
  const sql = yield* SqlClient.SqlClient
  const queue = yield* service.queueOf(grid)
  const rows = yield* patiently(
    sql<{ id: string; fingerprint: string; round: number }>`UPDATE finegrain_trials SET status = 'offered',
      round = round + 1, misses = 0, result = NULL, worker = NULL, changed_at = clock_timestamp(),
      files = CASE WHEN result->>'error' = 'Diverged' THEN '[]' ELSE files END
      WHERE grid = ${grid} AND (status = 'cancelled' OR (status = 'ended' AND result->>'_tag' = 'Failed'))
      RETURNING id, fingerprint, round`
  )
  yield* Effect.forEach(
    rows,
    ({ fingerprint, id, round }) => queue.offer({ id }, { id: trials.ticketOf(fingerprint, round) })
  )
  return rows.length
})

/**
 * Removes a grid with everything that is kept of it, and tells how many trials it had. Results that were fetched stay
 * in their directories.
 *
 * Fails with DatabaseError while trials are at work.
 */
export const clean = Effect.fnUntraced(function*(grid: string) {
  const sql = yield* SqlClient.SqlClient
  const [at] = yield* sql<{ all: number; running: number; artifacts: string | null }>`SELECT artifacts,
    (SELECT COUNT(*)::int FROM finegrain_trials WHERE grid = ${grid}) AS "all",
    (SELECT COUNT(*)::int FROM finegrain_trials WHERE grid = ${grid} AND status = 'running') AS running
    FROM finegrain_grids WHERE name = ${grid}`
  if (at === undefined) {
    return yield* new DatabaseError({ reason: `there is no grid ${grid}`, remedy: "finegrain queue lists them." })
  }
  if (at.running > 0) {
    return yield* new DatabaseError({
      reason: `${counted(at.running, "trial")} of the grid ${grid} ${noun(at.running, "is", "are")} at work`,
      remedy: "Take them back first: finegrain queue cancel."
    })
  }
  if (at.artifacts !== null) yield* chunks.remove(at.artifacts, grid)
  yield* sql.withTransaction(Effect.andThen(
    sql`DELETE FROM finegrain_queue WHERE queue_name = ${service.nameOf(grid)}`,
    sql`DELETE FROM finegrain_grids WHERE name = ${grid}`
  ))
  return at.all
})

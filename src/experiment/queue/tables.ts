/** The tables of grids beside the queue's own, made by migrations. Every moment in them is the database's. */
import * as Effect from "effect/Effect"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import { DatabaseError } from "./database.ts"

const first = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE finegrain_grids (
    name TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    build TEXT NOT NULL,
    version TEXT NOT NULL,
    modules JSONB NOT NULL,
    lease INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    artifacts TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
  )`
  yield* sql`CREATE TABLE finegrain_environments (
    grid TEXT NOT NULL REFERENCES finegrain_grids (name) ON DELETE CASCADE,
    what TEXT NOT NULL,
    "is" TEXT NOT NULL,
    worker TEXT NOT NULL,
    PRIMARY KEY (grid, what)
  )`
  yield* sql`CREATE TABLE finegrain_trials (
    grid TEXT NOT NULL REFERENCES finegrain_grids (name) ON DELETE CASCADE,
    id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    round INTEGER NOT NULL DEFAULT 0,
    label TEXT NOT NULL,
    config JSONB NOT NULL,
    status TEXT NOT NULL DEFAULT 'offered',
    attempt INTEGER NOT NULL DEFAULT 0,
    misses INTEGER NOT NULL DEFAULT 0,
    worker TEXT,
    share REAL NOT NULL DEFAULT 0,
    result JSONB,
    files JSONB NOT NULL DEFAULT '[]',
    began_at TIMESTAMPTZ,
    changed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (grid, id)
  )`
  yield* sql`CREATE INDEX finegrain_trials_changed ON finegrain_trials (grid, changed_at)`
  yield* sql`CREATE INDEX finegrain_trials_status ON finegrain_trials (grid, status)`
  yield* sql`CREATE TABLE finegrain_chunks (
    grid TEXT NOT NULL REFERENCES finegrain_grids (name) ON DELETE CASCADE,
    trial TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    upload TEXT NOT NULL,
    number INTEGER NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (upload, number)
  )`
  yield* sql`CREATE INDEX finegrain_chunks_trial ON finegrain_chunks (grid, trial)`
  yield* sql`CREATE TABLE finegrain_workers (
    id TEXT PRIMARY KEY,
    grid TEXT NOT NULL REFERENCES finegrain_grids (name) ON DELETE CASCADE,
    slots INTEGER NOT NULL,
    said TEXT,
    began_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    seen_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    left_at TIMESTAMPTZ
  )`
})

const second = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`ALTER TABLE finegrain_grids ADD COLUMN token TEXT`
})

const migrations = { "0001_grids": first, "0002_marks": second }

/**
 * Brings the tables to what this version of finegrain knows.
 *
 * Fails with DatabaseError where a later version has made more of them.
 *
 * @internal
 */
export const migrate = Effect.gen(function*() {
  yield* Migrator.make({})({ loader: Migrator.fromRecord(migrations), table: "finegrain_migrations" })
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ latest: number }>`SELECT MAX(migration_id)::int AS latest FROM finegrain_migrations`
  const known = Object.keys(migrations).length
  if (row !== undefined && row.latest > known) {
    return yield* new DatabaseError({
      reason: `its tables are those of a later finegrain (${row.latest}, and this one knows ${known})`,
      remedy: "Use that revision here, too."
    })
  }
})

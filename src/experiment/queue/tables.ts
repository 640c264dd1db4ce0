/** The tables of grids beside the queue's own, made by migrations. Every moment in them is the database's. */
import * as Effect from "effect/Effect"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"

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

/**
 * Brings the tables to what this version of finegrain knows.
 *
 * @internal
 */
export const migrate = Migrator.make({})({
  loader: Migrator.fromRecord({ "0001_grids": first }),
  table: "finegrain_migrations"
})

/** Grids in the database: what they are made of, and what every machine that works on one must agree in. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { alike } from "../../engine/alike.ts"
import * as Versions from "../../training/Versions.ts"
import { DatabaseError, patiently } from "./database.ts"
import * as identity from "./identity.ts"
import { Packed } from "./modules.ts"

/** A grid. */
export interface Grid {
  readonly name: string
  /** Of its code: whoever trusts it trusts these modules. */
  readonly fingerprint: string
  readonly modules: Packed
  /** Seconds after which the trial of a worker that gave no sign of life goes to another. */
  readonly lease: number
  /** Attempts at a trial in a row that may end without a checkpoint. */
  readonly tries: number
  /** A directory for files, which all machines see, in place of the database. */
  readonly artifacts: string | null
  /** The mark by which machines know that directory. */
  readonly token: string | null
}

const decodeModules = Schema.decodeUnknownEffect(Packed)

const refuse = (reason: string, remedy: string) => new DatabaseError({ reason, remedy })

/**
 * The grid of a name, for this code; undefined where there is none.
 *
 * Fails with DatabaseError where other code than this is at work on it.
 *
 * @internal
 */
export const find = Effect.fnUntraced(function*(name: string) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* patiently(
    sql<Grid & { build: string; version: string }>`SELECT * FROM finegrain_grids WHERE name = ${name}`
  )
  if (row === undefined) return undefined
  if (row.build !== identity.build()) {
    const [there, here] = [row, { version: Versions.finegrain(), build: identity.build() }].map(({ build, version }) =>
      `${version} (code ${build.slice(0, 12)})`
    )
    return yield* refuse(
      `the grid ${name} is of finegrain ${there}, and this is ${here}`,
      "Use the same revision on every machine, or offer the grid under another name."
    )
  }
  const modules = yield* Effect.mapError(
    decodeModules(row.modules),
    () => refuse(`the modules of the grid ${name} are none`, "Remove it with finegrain queue clean.")
  )
  const { artifacts, fingerprint, lease, token, tries } = row
  const grid: Grid = { name, fingerprint, modules, lease, tries, artifacts, token }
  return grid
})

/**
 * Makes a grid, or finds that it is there already as it would be made.
 *
 * Fails with DatabaseError where one of this name has other code or other modules.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(grid: Grid) {
  const sql = yield* SqlClient.SqlClient
  const { artifacts, fingerprint, lease, modules, name, token, tries } = grid
  // It names a directory, and stands before an @.
  if (!/^\w[\w.+ -]*$/.test(name)) {
    return yield* refuse(
      `${name} is no name of a grid`,
      "Choose one of letters, digits, spaces, _ . + and - with --grid."
    )
  }
  yield* patiently(
    sql`INSERT INTO finegrain_grids (name, fingerprint, build, version, modules, lease, tries, artifacts, token)
      VALUES (${name}, ${fingerprint}, ${identity.build()}, ${Versions.finegrain()},
        ${JSON.stringify(modules)}::jsonb, ${lease}, ${tries}, ${artifacts}, ${token}) ON CONFLICT DO NOTHING`
  )
  const there = yield* find(name)
  if (there?.fingerprint !== fingerprint) {
    return yield* refuse(
      `the grid ${name} was offered with other modules`,
      "Choose another name with --grid, or remove that grid with finegrain queue clean."
    )
  }
  return there
})

/**
 * Holds what a machine is to what the first machine at work on this grid was.
 *
 * Fails with DatabaseError, which names what differs.
 *
 * @internal
 */
export const agree = Effect.fnUntraced(
  function*(grid: string, worker: string, facts: Readonly<Record<string, string>>) {
    const sql = yield* SqlClient.SqlClient
    for (const [what, is] of Object.entries(facts)) {
      yield* patiently(
        sql`INSERT INTO finegrain_environments (grid, what, "is", worker) VALUES (${grid}, ${what}, ${is}, ${worker})
          ON CONFLICT DO NOTHING`
      )
      const [row] = yield* patiently(
        sql<{ is: string; worker: string }>`SELECT "is", worker FROM finegrain_environments
          WHERE grid = ${grid} AND what = ${what}`
      )
      if (row !== undefined && row.is !== is) {
        return yield* refuse(
          `${what} is ${is} here, and ${row.is} where the grid ${grid} was begun, on ${row.worker}`,
          `Work with the same data and engine on every machine (${alike}), or offer the grid under another name.`
        )
      }
    }
  }
)

/**
 * Tells the database that a worker lives.
 *
 * @internal
 */
export const seen = Effect.fnUntraced(function*(grid: string, worker: string, slots: number) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`INSERT INTO finegrain_workers (id, grid, slots) VALUES (${worker}, ${grid}, ${slots})
    ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp()`
})

/**
 * Tells the database that a worker leaves, and why where it refuses to go on.
 *
 * @internal
 */
export const left = Effect.fnUntraced(function*(worker: string, said: string | null) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`UPDATE finegrain_workers SET left_at = clock_timestamp(), said = ${said} WHERE id = ${worker}`
})

/** A worker as the database sees it. */
export interface Worker {
  readonly id: string
  readonly slots: number
  readonly said: string | null
  readonly hasLeft: boolean
  /** Seconds since it gave a sign of life. */
  readonly silent: number
}

/**
 * The workers of a grid.
 */
export const workers = Effect.fnUntraced(function*(grid: string) {
  const sql = yield* SqlClient.SqlClient
  return yield* sql<Worker>`SELECT id, slots, said, left_at IS NOT NULL AS "hasLeft",
    EXTRACT(EPOCH FROM clock_timestamp() - seen_at)::float8 AS silent FROM finegrain_workers
    WHERE grid = ${grid} ORDER BY began_at`
})

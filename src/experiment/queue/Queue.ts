/** What the commands `worker` and `queue` do with the database of grids. */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import type * as PersistedQueue from "effect/persistence/PersistedQueue"
import type * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import { randomBytes } from "node:crypto"
import { hostname } from "node:os"
import { join, resolve } from "node:path"
import * as Door from "../../training/Door.ts"
import * as database from "./database.ts"
import * as grids from "./grids.ts"
import * as modules from "./modules.ts"
import * as service from "./service.ts"
import * as work from "./work.ts"

export { about, DatabaseError, usual } from "./database.ts"
export { workers } from "./grids.ts"
export { clean, grids, type GridStatus, type Notable, notable, retry } from "./status.ts"
export { cancel } from "./trials.ts"

const told = <A, E, R>(doing: Effect.Effect<A, E | SqlError.SqlError, R>) =>
  Effect.mapError(doing, (error) =>
    (error as { readonly _tag?: string })._tag === "SqlError"
      ? new database.DatabaseError({
        reason: `it does not answer as it should (${(error as SqlError.SqlError).reason._tag})`,
        remedy: "Try again."
      })
      : error as Exclude<E, SqlError.SqlError>)

/**
 * Does something with the grids of a database.
 *
 * @internal
 */
export const inDatabase = <A, E, R>(
  reference: string,
  doing: Effect.Effect<A, E | SqlError.SqlError, R | SqlClient.SqlClient | PersistedQueue.PersistedQueueFactory>
) => told(Effect.flatMap(database.address(reference), (address) => Effect.provide(doing, service.layer(address, 60))))

/** What a worker is told. */
export interface WorkerOptions {
  readonly database: string
  /** Name of the grid, and behind @ the beginning of its fingerprint, where it brings modules. */
  readonly grid: string
  readonly slots: number
  readonly gpus: ReadonlyArray<string> | undefined
  readonly scratch: string
  readonly artifacts: string | undefined
  /** Whether to end once nothing is left to do. */
  readonly untilDone: boolean
  readonly say: (text: string) => Effect.Effect<void>
}

/** Letters of a fingerprint that say enough. */
const enough = 12

/** Refuses code that nobody here has agreed to run. */
const trusted = Effect.fnUntraced(function*(grid: grids.Grid, fingerprint: string | undefined) {
  if (grid.modules.use.length === 0 && fingerprint === undefined) return
  if (fingerprint !== undefined && fingerprint.length >= enough && grid.fingerprint.startsWith(fingerprint)) return
  return yield* new work.WorkerRefused({
    reason: fingerprint === undefined
      ? `the grid ${grid.name} brings modules (${grid.modules.use.join(", ")}), which are code that runs here: ` +
        `say --grid ${grid.name}@FINGERPRINT, as finegrain run told it, to trust them`
      : `the grid ${grid.name} is not the one of the fingerprint ${fingerprint}, of which ${enough} letters are needed`
  })
})

/**
 * Works on the trials of a grid, once there is one; tells how many it ended.
 *
 * @internal
 */
export const worker = Effect.fnUntraced(function*(
  options: WorkerOptions
): Effect.fn.Return<
  work.Done,
  database.DatabaseError | work.WorkerRefused | Door.DoorError,
  FileSystem.FileSystem | Path.Path
> {
  const { artifacts, gpus, say, slots, untilDone } = options
  const [name = "", fingerprint] = options.grid.split("@")
  const address = yield* database.address(options.database)
  const grid = yield* Effect.gen(function*() {
    const first = yield* grids.find(name)
    if (first !== undefined) return first
    yield* say(`Waiting for the grid ${name} on ${address.shown}`)
    for (;;) {
      yield* Effect.sleep("1 second")
      const found = yield* grids.find(name)
      if (found !== undefined) return found
    }
  }).pipe(Effect.provide(service.connected(address)), told)
  yield* trusted(grid, fingerprint)
  const scratch = resolve(options.scratch)
  const use = yield* modules.unpack(grid.modules, join(scratch, `${name}.modules`, grid.fingerprint.slice(0, enough)))
  const { known } = yield* Door.open(use)
  const id = `${hostname()}/${process.pid}/${randomBytes(3).toString("hex")}`
  yield* say(`Worker ${id} takes trials of ${name} from ${address.shown}, ${slots} at a time`)
  return yield* work.work({ name: id, grid, slots, gpus, scratch, artifacts, known, use, say }, untilDone).pipe(
    Effect.provide(service.layer(address, grid.lease))
  )
})

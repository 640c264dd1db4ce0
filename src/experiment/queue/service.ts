/** The queue of a grid: Effect's persisted queue in PostgreSQL, with our tables beside its own. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PersistedQueue from "effect/persistence/PersistedQueue"
import * as References from "effect/References"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import * as database from "./database.ts"
import * as tables from "./tables.ts"

/** What a ticket of the queue says: which trial. */
const Ticket = Schema.Struct({ id: Schema.String })

/** Attempts are counted by us, since a checkpoint makes up for those before it. */
const any = 1_000_000

/**
 * How the queue of a grid is called.
 *
 * @internal
 */
export const nameOf = (grid: string): string => `finegrain/${grid}`

/**
 * The queue of a grid.
 *
 * @internal
 */
export const queueOf = (grid: string) =>
  PersistedQueue.make({
    name: nameOf(grid),
    schema: Ticket,
    maxAttempts: any,
    retrySchedule: Schedule.spaced("1 second")
  })

/**
 * Counts what waits, for the planner: while it believes in a few tickets, every claim sorts all of them, 10 ms for
 * 10,000 in place of 0.1.
 *
 * @internal
 */
export const analyze = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`ANALYZE finegrain_queue`)

const quiet = Layer.succeed(References.MinimumLogLevel, "None" as const)

/**
 * Database and queue with a lease of so many seconds. What the queue logs of faults is not told: it goes on by itself,
 * and its words might hold more than is to be read.
 *
 * @internal
 */
export const layer = (
  address: database.Address,
  lease: number
): Layer.Layer<PersistedQueue.PersistedQueueFactory | SqlClient.SqlClient, database.DatabaseError> =>
  PersistedQueue.layer.pipe(
    Layer.provide(
      PersistedQueue.layerStoreSql({
        tableName: "finegrain_queue",
        pollInterval: `${Math.min(1000, lease * 100)} millis`,
        lockExpiration: `${lease} seconds`,
        lockRefreshInterval: `${Math.round(lease * 1000 / 4)} millis`
      })
    ),
    Layer.provideMerge(connected(address)),
    Layer.catchTag("SqlError", (error) => Layer.effectContext(Effect.fail(unusable(error.reason._tag)))),
    Layer.provide(quiet)
  )

const unusable = (tag: string) =>
  new database.DatabaseError({
    reason: `its tables cannot be made (${tag})`,
    remedy: "Its user must be allowed to create tables, and a pooler in between to begin transactions."
  })

/**
 * The database alone, its tables up to date.
 *
 * @internal
 */
export const connected = (address: database.Address): Layer.Layer<SqlClient.SqlClient, database.DatabaseError> =>
  Layer.effectDiscard(
    Effect.mapError(
      tables.migrate,
      (error) =>
        error._tag === "DatabaseError" ? error : unusable(error._tag === "SqlError" ? error.reason._tag : error._tag)
    )
  ).pipe(Layer.provideMerge(database.layer(address)), Layer.provide(quiet))

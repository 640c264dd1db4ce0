/** The PostgreSQL that machines share: how it is named without telling its password, and reached in spite of faults. */
import type * as PgClient from "@effect/sql-pg/PgClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import { readFile } from "node:fs/promises"
import { connect } from "node:net"

/** A database that cannot be used. What it says holds no credentials. */
export class DatabaseError extends Schema.TaggedError<DatabaseError>()("DatabaseError", {
  reason: Schema.String,
  remedy: Schema.String,
  /** Whether it is this machine's disk that failed. */
  isDisk: Schema.optionalKey(Schema.Boolean)
}) {
  override get message() {
    if (this.isDisk === true) return `The disk of this machine fails: ${this.reason}. ${this.remedy}`
    return `The database cannot be used: ${this.reason}. ${this.remedy}`
  }
}

/** Where a database is read from, where nothing else is said. */
export const usual = "env:FINEGRAIN_DATABASE"

/** What `--database` may be. */
export const about =
  `PostgreSQL that machines share: env:NAME, file:PATH, or a URL without a password; TLS unless the ` +
  `URL says sslmode=disable (default ${usual})`

const refuse = (reason: string, remedy: string) => Effect.fail(new DatabaseError({ reason, remedy }))

const remedy = "Put the URL into a variable or a file, and name that: --database env:NAME or --database file:PATH."

const text = (reference: string): Effect.Effect<string, DatabaseError> => {
  const [, kind, name] = /^(env|file):(.+)$/s.exec(reference) ?? []
  if (kind === "env") {
    const value = process.env[name!]
    return value === undefined || value === ""
      ? refuse(`the variable ${name} is not set`, remedy)
      : Effect.succeed(value)
  }
  if (kind === "file") {
    return Effect.tryPromise({
      try: () => readFile(name!, "utf8"),
      catch: () => new DatabaseError({ reason: `${name} cannot be read`, remedy })
    })
  }
  return URL.canParse(reference) && new URL(reference).password !== ""
    ? refuse("a password on the command line is seen by everybody on this machine", remedy)
    : Effect.succeed(reference)
}

/** A database, as it is reached. */
export interface Address {
  readonly url: Redacted.Redacted
  /** Without user and password, to be told. */
  readonly shown: string
  readonly host: string
  readonly port: number
  readonly isEncrypted: boolean
}

/**
 * What `--database` names; PGPASSWORD is the password of a URL without one.
 *
 * Fails with DatabaseError, which never repeats what may be a password.
 *
 * @internal
 */
export const address = Effect.fnUntraced(function*(reference: string) {
  const written = (yield* text(reference)).trim()
  const url = URL.canParse(written) ? new URL(written) : undefined
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === "") {
    return yield* refuse("what names it is no URL postgres://user@host:port/database", remedy)
  }
  const password = process.env["PGPASSWORD"]
  if (url.password === "" && password !== undefined) url.password = encodeURIComponent(password)
  const mode = url.searchParams.get("sslmode") ?? "require"
  if (mode !== "require" && mode !== "disable") {
    return yield* refuse(`sslmode=${mode} is not known`, "It is require, the default, or disable.")
  }
  return {
    url: Redacted.make(url.href),
    shown: `${url.hostname}:${url.port || "5432"}${url.pathname}`,
    host: decodeURIComponent(url.hostname).replace(/^\[|\]$/g, ""),
    port: Number(url.port || 5432),
    isEncrypted: mode === "require"
  } satisfies Address
})

/** A connection that has been silent for so long is given up, in milliseconds: its other end may be gone. */
const silence = 30_000

const driver = Effect.tryPromise({
  try: () => import("@effect/sql-pg/PgClient"),
  catch: () =>
    new DatabaseError({
      reason: "the driver of PostgreSQL is not installed",
      remedy: "Install it: npm install @effect/sql-pg@4.0.5"
    })
})

const noEntry: ReadonlySet<string> = new Set(["AuthenticationError", "AuthorizationError"])

/**
 * Whether no connection came to be, which the first statement finds.
 *
 * @internal
 */
export const isUnreached = ({ reason: { _tag } }: SqlError.SqlError): boolean =>
  noEntry.has(_tag) || _tag === "ConnectionError"

/**
 * Why no connection came to be, without a word that may hold credentials.
 *
 * @internal
 */
export const unreached = ({ shown }: Address) => ({ reason: { _tag } }: SqlError.SqlError) =>
  new DatabaseError({
    reason: noEntry.has(_tag)
      ? `${shown} does not let this user in`
      : `${shown} is not reached (${_tag})`,
    remedy: "Look whether it runs, whether it speaks TLS (sslmode=disable turns that off), and who may connect."
  })

/**
 * A pool of connections. Those that fall silent are given up, so that a cut in the network is noticed.
 *
 * @internal
 */
export const layer = (to: Address): Layer.Layer<PgClient.PgClient | SqlClient.SqlClient, DatabaseError> =>
  Layer.unwrap(Effect.map(driver, (Pg) =>
    Layer.catchTag(
      Pg.layer({
        url: to.url,
        ssl: to.isEncrypted ? { servername: to.host } : false,
        applicationName: "finegrain",
        maxConnections: 4,
        keepAlive: "10 seconds",
        connectTimeout: "10 seconds",
        stream: () => {
          const socket = connect(to.port, to.host)
          socket.setTimeout(silence, () => socket.destroy(new Error("nothing was heard of the database for long")))
          return socket
        }
      }),
      "SqlError",
      (error) => Layer.effectContext(Effect.fail(unreached(to)(error)))
    )))

/** Errors that another try does not mend. */
const lasting: ReadonlySet<SqlError.SqlError["reason"]["_tag"]> = new Set(
  [
    "SqlSyntaxError",
    "UniqueViolation",
    "ConstraintError",
    "AuthenticationError",
    "AuthorizationError"
  ] as const
)

/**
 * Whether a database may be back at a later try: it was restarted, killed, or is not reached.
 *
 * @internal
 */
export const isPassing = (error: SqlError.SqlError): boolean => !lasting.has(error.reason._tag)

const often = Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("3 seconds")])

/**
 * Tries again as long as the database is away, up to an hour.
 *
 * @internal
 */
export const patiently = <A, E, R>(work: Effect.Effect<A, E | SqlError.SqlError, R>): Effect.Effect<
  A,
  E | SqlError.SqlError,
  R
> =>
  Effect.retry(work, {
    schedule: often.pipe(Schedule.upTo({ duration: Duration.hours(1) })),
    while: (error) => (error as { readonly _tag?: string })._tag === "SqlError" && isPassing(error as SqlError.SqlError)
  })

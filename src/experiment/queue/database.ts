/** The PostgreSQL that machines share: how it is named without telling its password, and reached in spite of faults. */
import type * as PgClient from "@effect/sql-pg/PgClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
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
  `PostgreSQL that machines share: env:NAME, file:PATH, or a URL without a password; TLS with a checked ` +
  `certificate (of the authority in sslrootcert=PATH, if named) unless the URL says sslmode=disable (default ${usual})`

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
  const url = URL.canParse(reference) ? new URL(reference) : undefined
  return url !== undefined && (url.password !== "" || url.searchParams.has("password"))
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
  /** Certificates of authorities (those of Node.js where undefined), or false where nothing is encrypted. */
  readonly tls: { readonly ca: string | undefined } | false
}

/** What a URL may say behind its question mark; all else would be ignored, or stand for what the URL says already. */
const parameters = ["sslmode", "sslrootcert", "options"]

/** How the connection is encrypted. `require` checks the certificate as `verify-full` does. */
const tlsOf = Effect.fnUntraced(function*(said: URLSearchParams) {
  const [mode, root] = [said.get("sslmode") ?? "verify-full", said.get("sslrootcert")]
  if (!["require", "verify-full", "disable"].includes(mode)) {
    return yield* refuse(
      `sslmode=${mode} is not known`,
      "It is verify-full, the default, require, which is the same here, or disable."
    )
  }
  if (mode === "disable") {
    if (root !== null) return yield* refuse("sslrootcert with sslmode=disable is of no use", "Leave one of them out.")
    return false as const
  }
  if (root === null || root === "system") return { ca: undefined }
  const ca = yield* Effect.tryPromise({
    try: () => readFile(root, "utf8"),
    catch: () =>
      new DatabaseError({ reason: `the certificate sslrootcert=${root} cannot be read`, remedy: "Look there." })
  })
  return { ca }
})

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
  const unknown = [...url.searchParams.keys()].find((name) => !parameters.includes(name))
  if (unknown !== undefined) {
    return yield* refuse(`the URL's parameter ${unknown} is not known`, `It may have ${parameters.join(", ")}.`)
  }
  const tls = yield* tlsOf(url.searchParams)
  for (const name of ["sslmode", "sslrootcert"]) url.searchParams.delete(name)
  return {
    url: Redacted.make(url.href),
    shown: `${url.hostname}:${url.port || "5432"}${url.pathname}`,
    host: decodeURIComponent(url.hostname).replace(/^\[|\]$/g, ""),
    port: Number(url.port || 5432),
    tls
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

/** Why no connection came to be, without a word that may hold credentials: codes are names that Node.js gives. */
const unreached = ({ shown }: Address) => ({ reason: { _tag, cause } }: SqlError.SqlError) => {
  const { code = "", message = "" } = (cause ?? {}) as { readonly code?: unknown; readonly message?: string }
  if (message === "The server does not support TLS") {
    return new DatabaseError({
      reason: `${shown} does not speak TLS`,
      remedy: "Let it, or say sslmode=disable in the URL where nobody listens on the way."
    })
  }
  if (typeof code === "string" && /CERT|SIGNATURE/.test(code) && /^[A-Z_]+$/.test(code)) {
    return new DatabaseError({
      reason: `the certificate of ${shown} is not to be trusted (${code})`,
      remedy:
        "Name the authority's certificate: sslrootcert=PATH in the URL; the host must be one that it was made for."
    })
  }
  return new DatabaseError({
    reason: _tag === "AuthenticationError" || _tag === "AuthorizationError"
      ? `${shown} does not let this user in`
      : `${shown} is not reached (${_tag})`,
    remedy: "Look whether it runs, and who may connect."
  })
}

/**
 * A pool of connections. Those that fall silent are given up, so that a cut in the network is noticed.
 *
 * @internal
 */
export const layer = (to: Address): Layer.Layer<PgClient.PgClient | SqlClient.SqlClient, DatabaseError> =>
  Layer.unwrap(Effect.map(driver, (Pg) => {
    const pool = Pg.layer({
      url: to.url,
      ssl: to.tls === false ? false : to.tls.ca === undefined ? {} : { ca: to.tls.ca },
      applicationName: "finegrain",
      maxConnections: 4,
      // A pooler in between hands each transaction to another connection, which knows no statement by its name.
      prepare: false,
      connectTimeout: "10 seconds",
      stream: () => {
        const { host, port } = to
        const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 })
        socket.setTimeout(silence, () => socket.destroy(new Error("nothing was heard of the database for long")))
        return socket
      }
    })
    // A pool connects once it is asked something.
    const first = Effect.flatMap(Effect.service(SqlClient.SqlClient), (sql) => sql`SELECT 1`)
    return Layer.effectDiscard(first).pipe(
      Layer.provideMerge(pool),
      Layer.catchTag("SqlError", (error) => Layer.effectContext(Effect.fail(unreached(to)(error))))
    )
  }))

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

/** Whether a database may be back at a later try: it was restarted, killed, or is not reached. */
const isPassing = (error: SqlError.SqlError): boolean => !lasting.has(error.reason._tag)

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

/**
 * Tells once that a database is away, and once that it is back, of everything that is done through it.
 *
 * @internal
 */
export const noticing = (say: (text: string) => Effect.Effect<void>) => {
  let away: number | undefined
  return <A, E, R>(work: Effect.Effect<A, E | SqlError.SqlError, R>): Effect.Effect<A, E | SqlError.SqlError, R> =>
    work.pipe(
      Effect.tapError((error) => {
        if ((error as { readonly _tag?: string })._tag !== "SqlError" || away !== undefined) return Effect.void
        away = performance.now()
        const { _tag } = (error as SqlError.SqlError).reason
        return say(`The database does not answer (${_tag}): what is at work goes on, and is told once it is back`)
      }),
      Effect.tap(() => {
        if (away === undefined) return Effect.void
        const seconds = (performance.now() - away) / 1000
        away = undefined
        return say(`The database answers again, after ${seconds.toFixed(0)} s`)
      })
    )
}

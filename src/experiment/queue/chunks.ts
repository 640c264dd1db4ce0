/** Where the bytes of files lie between machines: in the database, or in a directory that all of them share. */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import { access, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { DatabaseError, patiently } from "./database.ts"

/** Of which trial, and which attempt at it. */
export interface Owner {
  readonly grid: string
  readonly trial: string
  readonly attempt: number
}

type Fault = DatabaseError | SqlError.SqlError

/** Pieces of uploads by number. */
export interface Chunks {
  readonly write: (owner: Owner, upload: string, number: number, bytes: Uint8Array) => Effect.Effect<void, Fault>
  readonly read: (owner: Owner, upload: string, number: number) => Effect.Effect<Uint8Array | undefined, Fault>
  /** Removes what this attempt and those before it uploaded, but for these. */
  readonly keep: (owner: Owner, uploads: ReadonlyArray<string>) => Effect.Effect<void, Fault>
}

/**
 * Rows of the database.
 *
 * @internal
 */
export const inDatabase = Effect.map(SqlClient.SqlClient, (sql): Chunks => ({
  write: ({ attempt, grid, trial }, upload, number, bytes) =>
    Effect.asVoid(patiently(
      sql`INSERT INTO finegrain_chunks (grid, trial, attempt, upload, number, bytes)
        VALUES (${grid}, ${trial}, ${attempt}, ${upload}, ${number}, ${bytes}) ON CONFLICT DO NOTHING`
    )),
  read: (_, upload, number) =>
    Effect.map(
      patiently(
        sql<{ readonly bytes: Uint8Array }>`SELECT bytes FROM finegrain_chunks
          WHERE upload = ${upload} AND number = ${number}`
      ),
      ([row]) => row?.bytes
    ),
  keep: ({ attempt, grid, trial }, uploads) =>
    Effect.asVoid(patiently(
      sql`DELETE FROM finegrain_chunks WHERE grid = ${grid} AND trial = ${trial} AND attempt <= ${attempt}
        AND NOT upload = ANY(${uploads}::text[])`
    ))
}))

/** By which machines know that a directory is the same one. */
const markIn = (root: string, grid: string, token: string) => join(root, grid, `${token}.mark`)

const notShared = (root: string, why: string) =>
  new DatabaseError({
    reason: `the directory of artifacts ${root} is not the one that the grid shares (${why})`,
    remedy: "Name it as it is called on this machine: --artifacts PATH.",
    isDisk: true
  })

const inRoot = <A>(root: string, work: () => Promise<A>) =>
  Effect.tryPromise({
    try: work,
    catch: (error) =>
      new DatabaseError({
        reason: `the directory of artifacts ${root} fails (${(error as Error).message})`,
        remedy: "It must be there, the same on every machine, with room.",
        isDisk: true
      })
  })

/**
 * Leaves a mark in a directory, by which others know it.
 *
 * @internal
 */
export const mark = (root: string, grid: string, token: string) =>
  Effect.tryPromise({
    try: async () => {
      await mkdir(join(root, grid), { recursive: true })
      await writeFile(markIn(root, grid, token), "", { flush: true })
    },
    catch: (error) => notShared(root, (error as Error).message)
  })

/**
 * Removes what a grid has in a directory, or one mark alone.
 *
 * @internal
 */
export const remove = (root: string, grid: string, token?: string) =>
  inRoot(
    root,
    () => rm(token === undefined ? join(root, grid) : markIn(root, grid, token), { recursive: true, force: true })
  )

/**
 * Where the files of a grid go: to the database, or to the directory that it shares, under its path on this machine.
 *
 * Fails with DatabaseError where this machine does not see that directory.
 *
 * @internal
 */
export const of = Effect.fnUntraced(function*(
  grid: { readonly name: string; readonly artifacts: string | null; readonly token: string | null },
  here: string | undefined
) {
  if (grid.artifacts === null || grid.token === null) {
    if (here === undefined) return yield* inDatabase
    return yield* notShared(here, `${grid.name} was offered without --artifacts`)
  }
  const root = here ?? grid.artifacts
  const isThere = yield* Effect.promise(() =>
    access(markIn(root, grid.name, grid.token!)).then(() => true, () => false)
  )
  return isThere ? inDirectory(root) : yield* notShared(root, `its mark ${grid.token} is not there`)
})

/** Files of a directory, which every machine must see. */
const inDirectory = (root: string): Chunks => {
  const home = ({ grid, trial }: Owner) => join(root, grid, trial.replaceAll("/", "+"))
  const doing = <A>(work: () => Promise<A>) => inRoot(root, work)
  const placed = (owner: Owner, upload: string, number: number) =>
    join(home(owner), `${owner.attempt}.${upload}`, String(number))
  return {
    write: (owner, upload, number, bytes) =>
      doing(async () => {
        const file = placed(owner, upload, number)
        await mkdir(join(file, ".."), { recursive: true })
        await writeFile(`${file}.part`, bytes, { flush: true })
        await rename(`${file}.part`, file)
      }),
    read: (owner, upload, number) =>
      doing(async () => {
        const own = (await readdir(home(owner)).catch(() => [])).find((name) => name.endsWith(`.${upload}`))
        return own === undefined ? undefined : await readFile(join(home(owner), own, String(number)))
      }),
    keep: (owner, uploads) =>
      doing(async () => {
        for (const name of await readdir(home(owner)).catch(() => [])) {
          const [attempt, upload] = name.split(".")
          if (Number(attempt) <= owner.attempt && !uploads.includes(upload!)) {
            await rm(join(home(owner), name), { recursive: true, force: true })
          }
        }
      })
  }
}

/** What an attempt left, as it comes into the directory of its trial on the machine that offered it. */
import * as Effect from "effect/Effect"
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { setAside } from "../directory/files.ts"
import type * as chunks from "./chunks.ts"
import { DatabaseError } from "./database.ts"
import * as parcels from "./parcels.ts"
import * as trials from "./trials.ts"

const disk = ({ message }: { readonly message: string }) =>
  new DatabaseError({ reason: message, remedy: "Make room, and go on with --resume.", isDisk: true })

const onDisk = <A>(work: () => Promise<A>) => Effect.tryPromise({ try: work, catch: (error) => disk(error as Error) })

/** Whether a directory is what this attempt left: it came whole, and by its summary the table knows it. */
const isHere = (directory: string, told: string, files: ReadonlyArray<parcels.Parcel>) =>
  Effect.promise(async () => {
    const earlier = await readFile(join(directory, "attempt.json"), "utf8").catch(() => undefined)
    const isThere = (name: string) => stat(join(directory, name)).then(() => true, () => false)
    return earlier === told && (!files.some(({ name }) => name === "summary.json") || await isThere("summary.json"))
  })

/**
 * Puts what an attempt left in the trial's directory, whole, and which attempt it was; what was there goes aside, since
 * it may hold more than ours. Nothing is done where it has come before.
 *
 * Fails with DatabaseError where files are lost, or the disk fails.
 *
 * @internal
 */
export const arrive = Effect.fnUntraced(function*(
  store: chunks.Chunks,
  { attempt, files: sent, id, worker }: Pick<trials.Row, "attempt" | "files" | "id" | "worker">,
  grid: string,
  directory: string
) {
  const files = yield* trials.filesOf(sent)
  const told = `${JSON.stringify({ grid, attempt, worker })}\n`
  if (files.length === 0 || (yield* isHere(directory, told, files))) return
  const arriving = `${directory}.arriving`
  yield* parcels.removed(arriving)
  yield* parcels.unpack(store, { grid, trial: id, attempt }, arriving, files)
  yield* onDisk(async () => {
    await writeFile(join(arriving, "attempt.json"), told)
    await mkdir(dirname(directory), { recursive: true })
  })
  yield* Effect.mapError(setAside(directory, "replaced"), disk)
  yield* onDisk(() => rename(arriving, directory))
})

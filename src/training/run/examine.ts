/** How far a run got that was started before, found out before anything is changed. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type * as Scope from "effect/Scope"
import * as WholeFile from "../../data/WholeFile.ts"
import * as Checkpoint from "../Checkpoint.ts"
import { checkpointIn, logIn, openFiles, type RunDirectory } from "./openFiles.ts"
import { anew, lock, tidy, wholeFiles } from "./ownFiles.ts"
import { RunDirectoryError, unread, unwritten } from "./RunDirectoryError.ts"

/** A run that was started before, of which everything has been read and nothing has been changed. */
export interface Examined {
  readonly checkpoint: Option.Option<Checkpoint.Snapshot>
  /**
   * Cuts off what the log holds beyond the checkpoint, and opens it for more: to be run once nothing is left to refuse.
   */
  readonly proceed: Effect.Effect<RunDirectory, RunDirectoryError, Scope.Scope>
}

/** The newest checkpoint; killed between two renames, a run has only the one before. */
const readCheckpoint = Effect.fnUntraced(function*(directory: string) {
  const path = yield* Path.Path
  const previous = path.join(directory, "checkpoint.previous.bin")
  for (const file of [checkpointIn(path, directory), previous]) {
    const bytes = yield* Effect.mapError(WholeFile.read(file), unread(file))
    if (Option.isNone(bytes)) continue
    const remedy = file === previous ? anew : `Delete it to go on from ${previous}.`
    return Option.some({ file, ...(yield* Effect.fromResult(Checkpoint.decode(bytes.value, file, remedy))) })
  }
  return Option.none()
})

/** The last byte of the part of a log that a checkpoint knows ends a line. */
const endsLine = Effect.fnUntraced(function*(log: string, known: number) {
  const fs = yield* FileSystem.FileSystem
  if (known === 0) return true
  return yield* Effect.scoped(Effect.gen(function*() {
    const file = yield* fs.open(log, { flag: "r" })
    yield* file.seek(BigInt(known - 1), "start")
    const byte = yield* file.readAlloc(1)
    return Option.isSome(byte) && byte.value[0] === 10
  }))
})

/** A log without a checkpoint is begun anew; one that tells of whole epochs is work, and kept under another name. */
const restart = Effect.fnUntraced(function*(directory: string, log: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const text = yield* fs.readFileString(log)
  if (!text.includes(`"EpochDone"`)) return yield* fs.truncate(log, 0)
  const entries = yield* fs.readDirectory(directory)
  const numbers = entries.flatMap((name) => /^events\.before\.(\d+)\.jsonl$/.exec(name)?.[1] ?? [])
  yield* fs.rename(log, path.join(directory, `events.before.${1 + Math.max(0, ...numbers.map(Number))}.jsonl`))
})

/**
 * Takes the directory of a run that was started before for this process alone, reads how far it got, and changes
 * nothing yet.
 *
 * Fails with RunDirectoryError where another process is at work on it, or a file of it is damaged, and with
 * CheckpointCorrupt.
 *
 * @internal
 */
export const examine = Effect.fnUntraced(function*(
  directory: string
): Effect.fn.Return<
  Examined,
  RunDirectoryError | Checkpoint.CheckpointCorrupt,
  FileSystem.FileSystem | Path.Path | Scope.Scope
> {
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const fs = yield* FileSystem.FileSystem
  const held = yield* lock(directory)
  const found = yield* readCheckpoint(directory)
  const log = yield* logIn(directory)
  const written = yield* fs.stat(log).pipe(
    Effect.map(({ size }) => Number(size)),
    Effect.catchIf((error) => error.reason._tag === "NotFound", () => Effect.succeed(0)),
    Effect.mapError(unread(log))
  )
  const known = Option.match(found, { onNone: () => 0, onSome: ({ extra }) => extra["eventBytes"] ?? 0 })
  if (written < known) {
    return yield* new RunDirectoryError({
      path: log,
      reason: `it has lost events: ${written} bytes are there, and there were ${known} at the checkpoint`,
      remedy: "Restore it, or start the run anew in another directory."
    })
  }
  if (!Number.isInteger(known) || known < 0 || !(yield* Effect.mapError(endsLine(log, known), unread(log)))) {
    return yield* new RunDirectoryError({
      path: log,
      reason: `it is not the log that the checkpoint was written beside: no line of it ends after ${known} bytes`,
      remedy: "Restore it, or start the run anew in another directory."
    })
  }
  const cut = written === known
    ? Effect.void
    : Option.isSome(found)
    ? fs.truncate(log, known)
    : restart(directory, log)
  const proceed = Effect.gen(function*() {
    yield* tidy(directory, wholeFiles)
    yield* Effect.mapError(cut, unwritten(log))
    return yield* openFiles(directory, held)
  })
  return {
    checkpoint: Option.map(found, ({ snapshot }) => snapshot),
    proceed: Effect.provideContext(proceed, services)
  }
})

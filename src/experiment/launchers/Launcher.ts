/** What a launcher is: it runs trials of a grid, wherever, and tells of them. */
import type * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Catalogue from "../../choices/Catalogue.ts"
import type * as Run from "../../training/Run.ts"
import type { Cell, Trial } from "../Experiment.ts"

/** How a trial ended. One that failed says so in the table; the others go on. */
export interface Outcome {
  readonly trial: Trial
  readonly result:
    | { readonly _tag: "Completed"; readonly summary: Run.RunSummary }
    /** `Diverged`, the name of another error, or `Crashed` where the process ended without a word. */
    | { readonly _tag: "Failed"; readonly error: string; readonly reason: string; readonly isDisk?: boolean }
}

/** A launcher that cannot do its work. */
export class LauncherError extends Schema.TaggedError<LauncherError>()("LauncherError", {
  launcher: Schema.String,
  reason: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    return `The launcher ${this.launcher} cannot go on: ${this.reason}. ${this.remedy}`
  }
}

/** Whoever offers trials, and is told of them. */
export interface Listener<out E, out R> {
  /** Asked right before a trial is handed over, whether it is to be run. */
  readonly begin: (trial: Trial) => Effect.Effect<boolean, E, R>
  /** Told how much of a trial is done, from 0 to 1. */
  readonly progress: (trial: Trial, share: number) => Effect.Effect<void>
  /** Told in a line what else happens, as a machine that vanishes. */
  readonly said: (text: string) => Effect.Effect<void>
  /** Told when a trial has ended, once its directory holds everything that there is; where this fails, all stop. */
  readonly ended: (outcome: Outcome) => Effect.Effect<void, E, R>
}

/** Places where trials run, as long as the scope in which they were opened. */
export interface Fleet {
  /** Where trials run and how many at a time, in a few words. */
  readonly about: string
  /**
   * Hands over trials, each with its directory, in which it goes on where there is a checkpoint; ends once all have.
   *
   * Interrupted, it hears no more of them. Whether they go on without whoever offered them the launcher says: processes
   * of this machine write a checkpoint and end, what other machines do goes on, and is found by offering it again.
   */
  readonly offer: <E, R>(
    trials: ReadonlyArray<Trial>,
    listener: Listener<E, R>
  ) => Effect.Effect<void, E | LauncherError, R | FileSystem.FileSystem | Path.Path>
  /** Takes back whatever was offered and has not ended; what was begun stops with a checkpoint. */
  readonly cancel: Effect.Effect<void, LauncherError, FileSystem.FileSystem | Path.Path>
}

/** What a launcher is given beside the settings that it knows. */
export interface Given {
  /** Of the experiment. */
  readonly name: string
  /** The directory of the experiment, below which its trials are. */
  readonly root: string
  /** Modules of the user's own. */
  readonly use: ReadonlyArray<string>
  /** Whether trials that diverged are trained anew. */
  readonly retry: boolean
  /** Everything that will be offered, for launchers that plan ahead. */
  readonly cells: ReadonlyArray<Cell>
  /** The directory of a trial. */
  readonly directory: (trial: Trial) => string
}

/** How trials are run. Its parameters are flags of `finegrain run`. */
export type Launcher = Catalogue.Maker<
  never,
  Effect.Effect<Fleet, LauncherError, Scope.Scope | FileSystem.FileSystem | Path.Path>
>

/** How a command ends, in numbers for scripts: a code for every kind of error, by their names. */
import * as CliError from "effect/cli/CliError"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type * as Catalogue from "../src/choices/Catalogue.ts"

/** Errors that end with one code; the key is the code's name. */
interface ExitCode extends Catalogue.Entry {
  readonly code: number
  readonly errors: ReadonlyArray<string>
}

/** All codes. What no entry names is a defect, or an error of the system: `other`. */
export const exitCodes = {
  done: { code: 0, about: "done", errors: [] },
  other: { code: 1, about: "anything else: a defect, which please report", errors: [] },
  usage: {
    code: 2,
    about: "a command, setting, module or experiment that makes no sense; nothing was begun",
    errors: [
      "BatchError",
      "ConfigError",
      "DeclarationRefused",
      "DefinitionRefused",
      "DoorError",
      "EntryFailed",
      "ExperimentError",
      "FamilyFailed",
      "LabelNoiseError",
      "NoSubject",
      "NotComparable",
      "OptimizerError",
      "OptionRefused",
      "PlanError",
      "ScheduleError",
      "ShapeMismatch",
      "ShapeRefused",
      "SpecificationError",
      "StepSizeError",
      "SubsetError"
    ]
  },
  data: {
    code: 3,
    about: "data that are missing or damaged",
    errors: [
      "CifarCorrupt",
      "DataUnfit",
      "DatasetInconsistent",
      "DatasetInvalid",
      "DatasetMissing",
      "IdxCorrupt",
      "ImageCorrupt"
    ]
  },
  engine: {
    code: 4,
    about: "an engine that is not here, or failed",
    errors: ["BackendUnavailable", "EngineFailed"]
  },
  files: {
    code: 5,
    about: "a directory or file that cannot be used: of another run, damaged, locked, on a full disk",
    errors: ["CheckpointCorrupt", "CheckpointMismatch", "GridStopped", "ReportError", "RunDirectoryError"]
  },
  training: {
    code: 6,
    about: "training without a result: it diverged, or trials failed or could not be launched",
    errors: [
      "DatabaseError",
      "Diverged",
      "ExperimentIncomplete",
      "LauncherError",
      "Lost",
      "MeasureFailed",
      "NoLogarithm",
      "NotConverged",
      "OffManifold",
      "Stumbled",
      "WorkerRefused"
    ]
  },
  check: {
    code: 7,
    about: "a check that failed: laws, an engine, a comparison with `--exact`",
    errors: ["BackendUnfit", "LawsBroken", "NotTheSame"]
  },
  interrupted: { code: 130, about: "interrupted, by Ctrl-C or SIGTERM; `--resume` goes on", errors: [] }
} as const satisfies Catalogue.Catalogue<ExitCode>

/** The code of an error that a command fails with. */
export const ofError = (error: unknown): number => {
  if (CliError.isCliError(error)) return exitCodes.usage.code
  const tag = typeof error === "object" && error !== null && "_tag" in error ? error._tag : undefined
  const found = Object.values<ExitCode>(exitCodes).find(({ errors }) => errors.some((name) => name === tag))
  return (found ?? exitCodes.other).code
}

/** Ends a command with its code; what Effect itself tells apart, as help that was asked for, stays so. */
export const teardown: Runtime.Teardown = (exit, end) =>
  Runtime.defaultTeardown(exit, (code) => {
    const error = code === exitCodes.other.code ? Exit.findErrorOption(exit) : Option.none()
    end(Option.match(error, { onNone: () => code, onSome: ofError }))
  })

/**
 * Kinds of errors, by the names of the errors: what a command ends with, and whether another machine may do better,
 * follow from them.
 */
import type * as Catalogue from "../choices/Catalogue.ts"

/** Errors of one kind. */
export interface ErrorKind extends Catalogue.Entry {
  /** Errors of what was asked: they are the same on every machine. */
  readonly errors: ReadonlyArray<string>
  /** Errors of the machine on which it was asked: its data, engine, disk. */
  readonly here: ReadonlyArray<string>
}

/** All kinds. What no entry names is a defect, or an error of the system. */
export const errorKinds = {
  usage: {
    about: "a command, setting, module or experiment that makes no sense; nothing was begun",
    errors: [
      "BatchError",
      "ConfigError",
      "DeclarationRefused",
      "DefinitionRefused",
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
    ],
    here: ["DoorError"]
  },
  data: {
    about: "data that are missing or damaged",
    errors: ["DataUnfit", "DatasetInconsistent"],
    here: ["CifarCorrupt", "DatasetInvalid", "DatasetMissing", "IdxCorrupt", "ImageCorrupt"]
  },
  engine: {
    about: "an engine that is not here, or failed",
    errors: ["EngineFailed"],
    here: ["BackendUnavailable"]
  },
  files: {
    about: "a directory or file that cannot be used: of another run, damaged, locked, on a full disk",
    errors: ["CheckpointCorrupt", "GridStopped", "ReportError"],
    here: ["CheckpointMismatch", "RunDirectoryError"]
  },
  training: {
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
    ],
    here: []
  },
  check: {
    about: "a check that failed: laws, an engine, a comparison with `--exact`",
    errors: ["BackendUnfit", "LawsBroken", "NotTheSame"],
    here: []
  }
} as const satisfies Catalogue.Catalogue<ErrorKind>

const ofMachines: ReadonlySet<string> = new Set(Object.values(errorKinds).flatMap<string>(({ here }) => here))

/** Whether an error of this name tells of the machine, so that another one may do better. */
export const isOfMachine = (name: string): boolean => ofMachines.has(name)

/**
 * Whether an error of this name may be the machine's or the trial's own: another attempt, perhaps elsewhere, tells. A
 * process that died may have lacked memory, and so may an engine.
 */
export const mayBeOfMachine = (name: string): boolean => name === "Crashed" || name === "EngineFailed"

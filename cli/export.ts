/** `finegrain export`: what runs and experiments recorded, in formats that others read. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Catalogue from "../src/choices/Catalogue.ts"
import * as Export from "../src/report/exports/Export.ts"
import { formats } from "../src/report/exports/formats.ts"
import * as TrainConfig from "../src/training/TrainConfig.ts"
import * as Voice from "./Voice.ts"

/** `finegrain export`. */
export const exporting = Command.make(
  "export",
  {
    directories: Argument.String("directory").pipe(
      Argument.withDescription("a run, or an experiment, while it goes on or afterwards"),
      Argument.variadic({ min: 1 })
    ),
    format: Flag.Literals("format", Catalogue.names(formats)).pipe(
      Flag.withAlias("f"),
      Flag.withDescription(Catalogue.help(formats))
    ),
    output: Flag.String("output").pipe(
      Flag.withAlias("o"),
      Flag.withDescription(
        "where to write; of several directories, below it by their names (default export/<format> in the directory)"
      ),
      Flag.optional
    )
  },
  Effect.fnUntraced(function*({ directories, format, output }) {
    const path = yield* Path.Path
    const nameOf = (directory: string) => path.basename(path.resolve(directory))
    const names = directories.map(nameOf)
    const twice = Option.isNone(output) ? undefined : names.find((name, i) => names.indexOf(name) !== i)
    if (twice !== undefined) {
      const problems = `several directories are called ${twice}, and below --output each would take the place of the ` +
        "one before: export them one by one"
      return yield* new TrainConfig.ConfigError({ source: "export", problems })
    }
    const files = yield* Effect.forEach(directories, (directory) => {
      const own = Option.match(output, {
        onNone: () => path.join(directory, "export", format),
        onSome: (all) => directories.length === 1 ? all : path.join(all, nameOf(directory))
      })
      return Export.directory(directory, format, own)
    })
    yield* Console.log(files.flat().join("\n"))
    yield* Voice.result({ files: files.flat() })
  })
).pipe(
  Command.withDescription("Write what runs and experiments recorded as tables, or for TensorBoard"),
  Command.withExamples([
    { command: "finegrain export runs/a --format parquet", description: "Steps, epochs, measures, spectra" },
    {
      command: "finegrain export runs/table-poms --format tensorboard --output logs",
      description: "Then: tensorboard --logdir logs"
    }
  ])
)

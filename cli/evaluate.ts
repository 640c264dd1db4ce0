/** `finegrain evaluate`: what a trained model makes of images, in words, tables or JSON. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Catalogue from "../src/choices/Catalogue.ts"
import { counted } from "../src/choices/counted.ts"
import * as Corruptions from "../src/data/Corruptions.ts"
import * as Backend from "../src/engine/Backend.ts"
import type { Evaluation } from "../src/training/Answers.ts"
import { atEnd } from "../src/training/measures.ts"
import * as Run from "../src/training/Run.ts"
import { table } from "./Table.ts"
import * as Uses from "./uses.ts"
import * as Voice from "./Voice.ts"

const optional = (name: string, about: string) => Flag.String(name).pipe(Flag.withDescription(about), Flag.optional)

const percent = (share: number) => Number.isNaN(share) ? "–" : `${(100 * share).toFixed(2)} %`

/** What is said of it, people reading. */
const words = (found: Run.ModelEvaluation): ReadonlyArray<string> => [
  `${found.model}, on ${counted(found.images, `${found.part} image`)} of ${found.dataset}:`,
  `accuracy ${percent(found.accuracy)}, loss ${found.loss.toPrecision(5)}`,
  ...found.confusion === undefined
    ? []
    : (atEnd.evaluation.tables?.(found as Evaluation) ?? []).flatMap(({ header, rows, title }) => [
      "",
      title,
      table(header, rows)
    ]),
  ...found.corruptions === undefined ? [] : [
    "",
    "Accuracy over images that are corrupted",
    table(
      ["corruption", ...Corruptions.strengths.map((strength) => `strength ${strength}, %`)],
      [...new Set(Object.keys(found.corruptions).map((name) => name.replace(/ \d$/, "")))].map((name) =>
        [name].concat(Corruptions.strengths.map((strength) => found.corruptions![`${name} ${strength}`]!.toFixed(2)))
      )
    )
  ]
]

/** `finegrain evaluate`. */
export const evaluate = Command.make(
  "evaluate",
  {
    given: Argument.String("run").pipe(
      Argument.withDescription("the directory of a run, or a model.json with its weights beside it")
    ),
    model: Flag.Literals("model", Catalogue.names(Run.keptModels)).pipe(
      Flag.withDescription(`of a run: ${Catalogue.help(Run.keptModels)} (default best, where it is kept)`),
      Flag.optional
    ),
    dataset: optional("dataset", "a dataset by name or directory (default that of the run)").pipe(
      Flag.withAlias("d")
    ),
    part: Flag.Literals("part", Catalogue.names(Run.parts)).pipe(
      Flag.withDescription(Catalogue.help(Run.parts)),
      Flag.withDefault("test" as const)
    ),
    corrupt: Flag.Literals("corrupt", [...Catalogue.names(Corruptions.corruptions), "all"]).pipe(
      Flag.withDescription("accuracy over images that are corrupted so, too; may be given several times"),
      Flag.atLeast(0)
    ),
    loss: optional("loss", "a loss by name (default that of the run)"),
    use: Flag.String("use").pipe(
      Flag.withDescription("a module with datasets or losses of your own; may be given several times"),
      Flag.atLeast(0)
    ),
    backend: Flag.Literals("backend", Catalogue.names(Backend.choices)).pipe(
      Flag.withDescription(Catalogue.help(Backend.choices)),
      Flag.withDefault("auto" as const)
    )
  },
  Effect.fnUntraced(function*({ backend, corrupt, dataset, given, loss, model, part, use }) {
    const corruptions = corrupt.includes("all")
      ? Catalogue.names(Corruptions.corruptions)
      : [...new Set(corrupt)] as ReadonlyArray<keyof typeof Corruptions.corruptions>
    const found = yield* Run.evaluate(given, {
      part,
      corruptions,
      ...Option.isSome(model) ? { model: model.value } : {},
      settings: {
        ...Option.isSome(dataset) ? { dataset: dataset.value } : {},
        ...Option.isSome(loss) ? { loss: loss.value } : {},
        ...use.length === 0 ? {} : { use: Uses.ofFlags(use.map((file) => `--use=${file}`)) }
      }
    }).pipe(Effect.provide(Backend.layer(backend)))
    yield* Console.log(words(found).join("\n"))
    yield* Voice.result(found)
  })
).pipe(
  Command.withDescription(
    "Evaluate the model of a run, or any saved one: accuracy, loss, confusion matrix, accuracy by class, calibration"
  ),
  Command.withExamples([
    { command: "finegrain evaluate runs/a", description: "The best model, where the run kept it, on the test images" },
    { command: "finegrain evaluate runs/a/model.json --dataset ./fashion --json", description: "Another dataset" }
  ])
)

/** What `finegrain train` says of a run: a row for every epoch, its end, and where it is. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import { counted } from "../src/choices/counted.ts"
import { orDash } from "../src/choices/orDash.ts"
import * as Unconstrained from "../src/network/declarations/unconstrained.ts"
import type * as Network from "../src/network/Network.ts"
import type * as Run from "../src/training/Run.ts"
import * as ownFiles from "../src/training/run/ownFiles.ts"
import type { TrainConfig } from "../src/training/TrainConfig.ts"
import type * as Trainer from "../src/training/Trainer.ts"
import { growing } from "./Table.ts"

const percent = (share: number) => orDash(share, (value) => `${(100 * value).toFixed(2)} %`)

/** The largest of those norms that are promised to be at most 1, or of all where none is. */
const normCell = (norms: ReadonlyArray<Network.LargestNorm>, manifold: string) => {
  const own = norms.filter((norm) => norm.manifold === manifold)
  const promised = own.filter(({ bound }) => bound !== undefined)
  const largest = Math.max(...(promised.length > 0 ? promised : own).map((norm) => norm.largest))
  return `${largest.toFixed(4)}${promised.length > 0 ? " ≤ 1" : ""}`
}

const measured = ["epoch", "train loss", "train acc", "test loss", "test acc", "s", "images/s"]

/** The row of an epoch, below the header where it is the first. */
export const epochRow = (epoch: Trainer.EpochDone, isFirst: boolean): string => {
  const manifolds = [...new Set(epoch.norms.map(({ manifold }) => manifold))]
  const { head, row } = growing([...measured, ...manifolds.map((manifold) => `max norm ${manifold}`)])
  const text = row([
    String(epoch.epoch),
    epoch.trainLoss.toFixed(4),
    percent(epoch.trainAccuracy),
    orDash(epoch.testLoss, (loss) => loss.toFixed(4)),
    percent(epoch.testAccuracy),
    epoch.seconds.toFixed(1),
    epoch.imagesPerSecond.toFixed(0),
    ...manifolds.map((manifold) => normCell(epoch.norms, manifold))
  ])
  return isFirst ? `${head}\n${text}` : text
}

/** What begins: network, grouping and engine, and what a reader should know of the data and the layers. */
export const startLines = (
  { backend, constrained, notes, parameters, poms, unconstrained }: Run.Started,
  { collection, model, strategy }: TrainConfig
): ReadonlyArray<string> => [
  `${model} with ${counted(parameters, "parameter")}, ${constrained} of them in ${
    counted(poms, "POM")
  } (${strategy}, ${collection}), ` +
  `on ${backend}`,
  ...notes.map((note) => `Note: ${note}`),
  ...(unconstrained.length > 0 ? [`On no manifold: ${Unconstrained.summary(unconstrained)}`] : [])
]

/** What to do about rates at which kernels on manifolds hardly move. */
export const hardlyMovesLine = ({ epoch, share }: Run.HardlyMoves): string => {
  const part = share > 0 ? `less than 1/${Math.floor(1 / share)} as far as` : "not at all beside what"
  return epoch === undefined
    ? `Note: kernels on manifolds hardly move: half of them step ${part} would turn them like Euclidean ones at this ` +
      "learning rate; --rates recommended does"
    : `Note: kernels on manifolds hardly move: in epoch ${epoch} half of them turned ${part} Euclidean ones of their ` +
      "layers did; larger rates for them (--rates curved=10, or recommended) turn them further"
}

/** Where a run is, by the files that are there, and those that are gone. */
export const place = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const there = yield* Effect.filter(
    ownFiles.files,
    (name) => Effect.orElseSucceed(fs.exists(path.join(directory, name)), () => false)
  )
  // Outputs that are no classes have no evaluation.
  const gone = ownFiles.files.filter((name) => name !== "evaluation.json" && !there.includes(name))
  return `Written to ${directory}: ${there.join(", ")}${gone.length === 0 ? "" : `; gone: ${gone.join(", ")}`}`
})

/** How good it is: its accuracy or, where its outputs tell no classes, its loss. */
const result = ({ testAccuracy, testLoss }: Run.RunSummary) =>
  testAccuracy !== undefined && Number.isNaN(testAccuracy) && testLoss !== undefined
    ? `Test loss ${testLoss.toFixed(4)}`
    : `Test accuracy ${testAccuracy === undefined ? "–" : percent(testAccuracy)}`

/** How a run ended. */
export const endLines = (summary: Run.RunSummary): string =>
  [
    ...(summary.status === "completed" && summary.reason !== undefined ? [`Ended early: ${summary.reason}`] : []),
    `${result(summary)} after ${counted(summary.steps, "step")} in ${
      summary.seconds.toFixed(1)
    } s (seed ${summary.seed})`,
    `Tensors leaked: ${summary.tensorsLeaked}; norm bounds violated: ${summary.normBoundViolations}`,
    `Weights SHA-256: ${summary.weightsSha256}`
  ].join("\n")

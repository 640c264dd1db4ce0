import { errorPercent } from "../experiment/Results.ts"
import type { Chart } from "./Chart.ts"
import { type CurveAxes, curves, type Point } from "./curves.ts"
import type { RunRecord } from "./RunRecord.ts"
import { middle, resized } from "./Steps.ts"

/** One run, and the row that it belongs to. */
export interface RowRun extends Omit<RunRecord, "damaged"> {
  readonly row: string
}

/** A figure of what runs recorded; undefined where they did not. */
type Figure = (runs: ReadonlyArray<RowRun>) => Chart | undefined

const figure = (quantity: CurveAxes, points: (run: RowRun) => ReadonlyArray<Point>): Figure => (runs) =>
  curves(quantity, runs.flatMap(points))

/** Test error by epoch. */
export const testError: Figure = figure(
  { name: "test-error", title: "Test error by epoch", caption: "", over: "epoch", value: "test error, %" },
  ({ epochs, row }) => epochs.map(({ epoch, testAccuracy }) => ({ row, at: epoch, value: errorPercent(testAccuracy) }))
)

/** Training loss by epoch. */
export const trainingLoss: Figure = figure(
  {
    name: "training-loss",
    title: "Training loss by epoch",
    caption: "Over the epoch's own steps, on a logarithmic scale.",
    over: "epoch",
    value: "training loss",
    scale: "log"
  },
  ({ epochs, row }) => epochs.map(({ epoch, trainLoss }) => ({ row, at: epoch, value: trainLoss }))
)

/** The empirical generalization gap by epoch: test error minus training error. */
export const gap: Figure = figure(
  {
    name: "gap",
    title: "Generalization gap by epoch",
    caption: "Test error minus training error, in percent. Training error is that of the epoch's own steps.",
    over: "epoch",
    value: "gap, %"
  },
  ({ epochs, row }) =>
    epochs.map(({ epoch, testAccuracy, trainAccuracy }) => ({
      row,
      at: epoch,
      value: 100 * (trainAccuracy - testAccuracy)
    }))
)

/** Parts of a run that a curve shows, at most. */
const mostShown = 100

/** The length of the directions of all POMs together. */
export const gradientNorm: Figure = (runs) => {
  // Of one size for all runs, so that those which ended early are seen beside the others.
  const longest = Math.max(1, ...runs.map(({ steps }) => steps.last))
  const size = 2 ** Math.max(0, Math.ceil(Math.log2(longest / mostShown)))
  return figure(
    {
      name: "gradient-norm",
      title: "Gradient norm by step",
      caption: `√(Σ R²) over all POMs${size === 1 ? "" : `, mean over every ${size} steps`}, on a logarithmic scale.`,
      over: "step",
      value: "gradient norm",
      scale: "log"
    },
    ({ row, steps }) =>
      resized(steps, size).map(({ gradientNorm, index }) => ({ row, at: middle(index, size), value: gradientNorm }))
  )(runs)
}

const boundNames = { frobenius: "B1, Frobenius", rowSum: "B2, ‖·‖₂→₁", spectral: "B3, spectral" } as const
const scopes = { perPom: "of POMs", perLayer: "of layers" } as const

/** The six generalization bounds by epoch. */
export const bounds: Figure = figure(
  {
    name: "bounds",
    title: "Generalization bounds by epoch",
    caption: "log₁₀ of the six bounds, from norms of POMs and from norms of whole layers.",
    over: "epoch",
    value: "log₁₀ bound"
  },
  ({ epochs, row }) =>
    epochs.flatMap(({ bounds, epoch }) =>
      bounds === undefined ?
        [] :
        (["perPom", "perLayer"] as const).flatMap((scope) =>
          (["frobenius", "rowSum", "spectral"] as const).map((bound) => ({
            row,
            at: epoch,
            value: bounds[scope][bound] / Math.LN10,
            panel: [boundNames[bound], scopes[scope]] as const
          }))
        )
    )
)

const normNames = { spectral: "spectral", frobenius: "Frobenius", rowSum: "‖·‖₂→₁" } as const

const normQuantity: CurveAxes = {
  name: "norms",
  title: "Norms of the weights, and their bounds",
  caption: "The largest over all component weights of a manifold; dashed: the bound that the policy promises.",
  over: "epoch",
  value: "largest norm",
  zero: true
}

/** The largest norms of the weights by epoch, a panel per manifold, and the bounds that renormalization promises. */
export const norms: Figure = figure(
  normQuantity,
  ({ epochs, row }) =>
    epochs.flatMap(({ epoch, norms }) =>
      norms.map(({ bound, largest, manifold, norm }) => ({
        row,
        at: epoch,
        value: largest,
        bound,
        panel: [normNames[norm], manifold] as const
      }))
    )
)

/** The same of one run, a line per manifold. */
export const normsOfRun: Figure = figure(
  normQuantity,
  ({ epochs }) =>
    epochs.flatMap(({ epoch, norms }) =>
      norms.map(({ bound, largest, manifold, norm }) => ({
        row: manifold,
        at: epoch,
        value: largest,
        bound,
        panel: [normNames[norm]] as const
      }))
    )
)

/** So many of a list at most, evenly, with the first and the last. */
const thinned = (count: number, most: number): ReadonlyArray<number> =>
  Array.from(
    { length: Math.min(count, most) },
    (_, i) => count <= most ? i : Math.round(i * (count - 1) / (most - 1))
  )

/** Panels of layers and singular values of each, at most. */
const [mostLayers, mostValues] = [24, 64]

/** Singular values of every layer at the end, largest first, a panel per layer. */
export const spectra: Figure = (runs) => {
  const layers = [
    ...new Set(
      runs.flatMap(({ spectra }) =>
        spectra.filter(({ singularValues }) => singularValues !== undefined).map(({ layer }) => layer)
      )
    )
  ]
  const shown = new Set(thinned(layers.length, mostLayers).map((i) => layers[i]!))
  const left = layers.length === shown.size ? "" : ` ${shown.size} of ${layers.length} layers.`
  return figure(
    {
      name: "spectra",
      title: "Spectra of the layers",
      caption: "Singular values at the end of every kernel as one matrix of height × width × inputs by outputs, " +
        `the largest first.${left}`,
      over: { title: "place", format: "~%" },
      value: "singular value",
      zero: true
    },
    ({ row, spectra }) =>
      spectra.filter(({ layer }) => shown.has(layer)).flatMap(({ layer, singularValues: values = [] }) =>
        thinned(values.length, mostValues).map((i) => ({
          row,
          at: (i + 0.5) / values.length,
          value: values[i]!,
          panel: [layer] as const
        }))
      )
  )(runs)
}

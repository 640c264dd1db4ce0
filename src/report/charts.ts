import type { LayerSpectrum } from "../NetworkSpectra.ts"
import type { EpochDone, StepDone } from "../Trainer.ts"
import type { Chart } from "./Chart.ts"

/** The epochs of one run under the name of what it belongs to. */
export interface Curve {
  readonly row: string
  readonly seed: number
  readonly epochs: ReadonlyArray<EpochDone>
}

const width = 560
const whole = { tickMinStep: 1, format: "d" }
const percent = { format: "%" }
const palette = { scheme: "tableau20" as const }

/** Test error by epoch: the mean over seeds, and a band of one standard deviation. */
export const errorCurves = (curves: ReadonlyArray<Curve>): Chart => ({
  name: "test-error",
  title: "Test error by epoch",
  caption: "Mean over the seeds; the band is one standard deviation to each side.",
  spec: {
    width,
    height: 320,
    data: {
      values: curves.flatMap(({ epochs, row, seed }) =>
        epochs.map(({ epoch, testAccuracy }) => ({ row, seed, epoch, error: 100 * (1 - testAccuracy) }))
      )
    },
    encoding: {
      x: { field: "epoch", type: "quantitative", axis: whole, title: "epoch" },
      color: { field: "row", type: "nominal", title: null, sort: null, scale: palette, legend: { symbolOpacity: 1 } }
    },
    layer: [
      {
        mark: { type: "errorband", extent: "stdev", opacity: 0.15 },
        encoding: { y: { field: "error", type: "quantitative", scale: { zero: false }, title: "test error, %" } }
      },
      {
        mark: { type: "line", point: true },
        encoding: { y: { aggregate: "mean", field: "error", type: "quantitative" } }
      }
    ]
  }
})

/** A row's errors, one a seed, with the interval of their mean. */
export interface Dots {
  readonly row: string
  readonly values: ReadonlyArray<number>
  readonly mean: number
  /** Of the interval of the mean, where there is one. */
  readonly halfWidth: number | undefined
}

/** Test errors of all seeds by row, with 95 % intervals. */
export const errorDots = (rows: ReadonlyArray<Dots>): Chart => ({
  name: "test-errors",
  title: "Test errors",
  caption: "One dot a seed; the mean, and its 95 % interval by Student's t.",
  spec: {
    width,
    height: { step: 24 },
    encoding: { y: { field: "row", type: "nominal", sort: null, title: null, axis: { labelLimit: 400 } } },
    layer: [
      {
        data: {
          values: rows.flatMap(({ halfWidth, mean, row }) =>
            halfWidth === undefined ? [] : [{ row, low: mean - halfWidth, high: mean + halfWidth }]
          )
        },
        mark: { type: "rule", color: "#888", strokeWidth: 2 },
        encoding: {
          x: { field: "low", type: "quantitative", scale: { zero: false }, title: "test error, %" },
          x2: { field: "high" }
        }
      },
      {
        data: { values: rows.map(({ mean, row }) => ({ row, mean })) },
        mark: { type: "tick", color: "#1f5a96", thickness: 3, size: 16 },
        encoding: { x: { field: "mean", type: "quantitative" } }
      },
      {
        data: { values: rows.flatMap(({ row, values }) => values.map((error) => ({ row, error }))) },
        mark: { type: "circle", color: "#e07b39", size: 40, opacity: 0.9 },
        encoding: { x: { field: "error", type: "quantitative" } }
      }
    ]
  }
})

const boundNames = { frobenius: "B1, Frobenius", rowSum: "B2, ‖·‖₂→₁", spectral: "B3, spectral" } as const

/** The six generalization bounds by epoch, mean over the seeds; undefined where none were measured. */
export const boundCurves = (curves: ReadonlyArray<Curve>): Chart | undefined => {
  const values = curves.flatMap(({ epochs, row, seed }) =>
    epochs.flatMap(({ bounds, epoch }) =>
      bounds === undefined ?
        [] :
        (["perPom", "perLayer"] as const).flatMap((norms) =>
          (["frobenius", "rowSum", "spectral"] as const).map((bound) => ({
            row,
            seed,
            epoch,
            bound: boundNames[bound],
            norms: norms === "perPom" ? "of POMs" : "of layers",
            decades: bounds[norms][bound] / Math.LN10
          }))
        )
    )
  )
  return values.length === 0 ? undefined : {
    name: "bounds",
    title: "Generalization bounds by epoch",
    caption: "log₁₀ of the six bounds, from norms of POMs and from norms of whole layers; mean over the seeds.",
    spec: {
      data: { values },
      facet: {
        column: { field: "bound", type: "nominal", title: null },
        row: { field: "norms", type: "nominal", title: null, sort: ["of POMs", "of layers"] }
      },
      resolve: { scale: { y: "independent" } },
      spec: {
        width: 150,
        height: 160,
        mark: { type: "line", point: true },
        encoding: {
          x: { field: "epoch", type: "quantitative", axis: whole, title: "epoch" },
          y: {
            aggregate: "mean",
            field: "decades",
            type: "quantitative",
            scale: { zero: false },
            title: "log₁₀ bound"
          },
          color: { field: "row", type: "nominal", title: null, sort: null, scale: palette }
        }
      }
    }
  }
}

/** The empirical generalization gap by epoch: test error minus training error. */
export const gapCurves = (curves: ReadonlyArray<Curve>): Chart => ({
  name: "gap",
  title: "Generalization gap by epoch",
  caption:
    "Test error minus training error, in percent; mean over the seeds. Training error is that of the epoch's own steps.",
  spec: {
    width,
    height: 220,
    data: {
      values: curves.flatMap(({ epochs, row, seed }) =>
        epochs.map(({ epoch, testAccuracy, trainAccuracy }) => ({
          row,
          seed,
          epoch,
          gap: 100 * (trainAccuracy - testAccuracy)
        }))
      )
    },
    mark: { type: "line", point: true },
    encoding: {
      x: { field: "epoch", type: "quantitative", axis: whole, title: "epoch" },
      y: { aggregate: "mean", field: "gap", type: "quantitative", title: "gap, %" },
      color: { field: "row", type: "nominal", title: null, sort: null, scale: palette }
    }
  }
})

/** The loss of every step. */
export const lossCurve = (steps: ReadonlyArray<StepDone>): Chart => {
  // More points than pixels tell nothing more.
  const every = Math.max(1, Math.ceil(steps.length / 1000))
  return {
    name: "loss",
    title: "Training loss by step",
    caption: every === 1 ? "Every step." : `One step in ${every}.`,
    spec: {
      width,
      height: 260,
      data: { values: steps.filter((_, i) => i % every === 0).map(({ loss, step }) => ({ step, loss })) },
      mark: { type: "line", color: "#1f5a96", strokeWidth: 1 },
      encoding: {
        x: { field: "step", type: "quantitative", title: "step" },
        y: { field: "loss", type: "quantitative", title: "loss" }
      }
    }
  }
}

/** The length of the gradients of all POMs together by step, in a hundred bins, mean over the seeds; undefined where none is recorded. */
export const gradientCurves = (
  runs: ReadonlyArray<{ readonly row: string; readonly steps: ReadonlyArray<StepDone> }>
): Chart | undefined => {
  const values = runs.flatMap(({ row, steps }) => {
    const size = Math.max(1, Math.ceil(steps.length / 100))
    const bins = Map.groupBy(steps, ({ step }) => Math.floor((step - 1) / size))
    return [...bins].map(([bin, members]) => ({
      row,
      step: size * (bin + 0.5),
      norm: members.reduce((sum, { gradientNorm }) => sum + gradientNorm, 0) / members.length
    })).filter(({ norm }) => Number.isFinite(norm))
  })
  return values.length === 0 ? undefined : {
    name: "gradient-norm",
    title: "Gradient norm by step",
    caption: "√(Σ R²) over all POMs; means over a hundredth of the steps and over the seeds, on a logarithmic scale.",
    spec: {
      width,
      height: 260,
      data: { values },
      mark: { type: "line" },
      encoding: {
        x: { field: "step", type: "quantitative", title: "step" },
        y: { aggregate: "mean", field: "norm", type: "quantitative", scale: { type: "log" }, title: "gradient norm" },
        color: { field: "row", type: "nominal", title: null, sort: null, scale: palette }
      }
    }
  }
}

/** POMs of constrained layers are numbered; those of other weights, which are flat, have names. */
const isNumbered = (pom: string) => /\/\d+$/.test(pom)

/** What curvature leaves of the step size, POM by POM; undefined where no step tells. */
export const factorCurves = (steps: ReadonlyArray<StepDone>): Chart | undefined => {
  const values = steps.flatMap(({ factors, step }) =>
    Object.entries(factors ?? {}).filter(([pom]) => isNumbered(pom)).map(([pom, factor]) => ({
      step,
      pom,
      layer: pom.split("/")[0],
      factor
    }))
  )
  return values.length === 0 ? undefined : {
    name: "factors",
    title: "Step-size factor of every POM",
    caption:
      "1/g: 1 where a step is plain, less where the product's curvature shortens it; one line per POM, on a logarithmic scale.",
    spec: {
      width,
      height: 260,
      data: { values },
      mark: { type: "line", strokeWidth: 1, opacity: 0.5 },
      encoding: {
        x: { field: "step", type: "quantitative", title: "step" },
        y: { field: "factor", type: "quantitative", scale: { type: "log" }, title: "1/g" },
        detail: { field: "pom" },
        color: { field: "layer", type: "nominal", title: null, sort: null }
      }
    }
  }
}

/** The largest norms of the weights by manifold over the epochs, and the bound that renormalization promises. */
export const normCurves = (epochs: ReadonlyArray<EpochDone>): Chart => {
  const values = epochs.flatMap(({ epoch, norms }) =>
    norms.map(({ bound, largest, manifold, norm }) => ({ epoch, manifold, norm, largest, bound: bound ?? null }))
  )
  return {
    name: "norms",
    title: "Norms of the weights, and their bounds",
    caption: "The largest over all component weights by manifold; dashed: the bound that the policy promises.",
    spec: {
      data: { values },
      facet: { column: { field: "norm", type: "nominal", title: null, sort: ["spectral", "frobenius", "rowSum"] } },
      resolve: { scale: { y: "independent" } },
      spec: {
        width: 150,
        height: 200,
        encoding: { x: { field: "epoch", type: "quantitative", axis: whole, title: "epoch" } },
        layer: [
          {
            mark: { type: "line", point: true },
            encoding: {
              y: { field: "largest", type: "quantitative", title: "largest norm" },
              color: { field: "manifold", type: "nominal", title: null, sort: null }
            }
          },
          {
            transform: [{ filter: "datum.bound !== null" }],
            mark: { type: "line", strokeDash: [4, 4], color: "#555" },
            encoding: { y: { aggregate: "max", field: "bound", type: "quantitative" } }
          }
        ]
      }
    }
  }
}

/** Singular values of every layer, largest first; undefined where none are recorded. */
export const spectra = (layers: ReadonlyArray<LayerSpectrum>): Chart | undefined => {
  const values = layers.flatMap(({ layer, singularValues = [] }) =>
    singularValues.map((value, i) => ({ layer, value, place: (i + 0.5) / singularValues.length }))
  )
  return values.length === 0 ? undefined : {
    name: "spectra",
    title: "Spectra of the layers",
    caption: "Singular values of every kernel as one matrix of height × width × inputs by outputs, the largest first.",
    spec: {
      width,
      height: 300,
      data: { values },
      mark: { type: "line", point: { size: 12 }, strokeWidth: 1.5 },
      encoding: {
        x: { field: "place", type: "quantitative", title: "place among the layer's singular values", axis: percent },
        y: { field: "value", type: "quantitative", title: "singular value" },
        color: { field: "layer", type: "nominal", title: null, sort: null, scale: palette }
      }
    }
  }
}

/** A constrained layer as the manifest describes it. */
export interface LayerPlan {
  readonly layer: string
  readonly matricization: string
  readonly shape: readonly [number, number, number, number]
  readonly groups: ReadonlyArray<{ readonly manifold: string; readonly matrices: ReadonlyArray<number> }>
}

const thinned = { labelAngle: 0, labelOverlap: true }

/** More cells than this are no picture any more. */
const largestMap = 32

/** Which kernel of a layer lives on which manifold; undefined for layers that are not seen per kernel, or are too large to be shown. */
export const manifoldMap = (
  { groups, layer, matricization, shape: [, , inputs, outputs] }: LayerPlan
): Chart | undefined =>
  matricization !== "perKernel" || inputs > largestMap || outputs > largestMap ? undefined : {
    name: `map-${layer}`,
    title: `Manifolds of the kernels of ${layer}`,
    caption: `${inputs} × ${outputs} kernels in ${groups.length} POMs.`,
    spec: {
      width: Math.min(width, 14 * outputs),
      height: Math.min(400, 14 * inputs),
      data: {
        values: groups.flatMap(({ manifold, matrices }, pom) =>
          matrices.map((index) => ({ input: Math.floor(index / outputs), output: index % outputs, manifold, pom }))
        )
      },
      mark: "rect",
      encoding: {
        x: {
          field: "output",
          type: "ordinal",
          title: "output channel",
          axis: thinned
        },
        y: { field: "input", type: "ordinal", title: "input channel", axis: thinned },
        color: { field: "manifold", type: "nominal", title: null, sort: null }
      }
    }
  }

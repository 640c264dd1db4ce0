/** Figures of errors, of losses, and of kernels by manifold. */
import { counted } from "../choices/counted.ts"
import type { LayerPlan } from "../training/RunFiles.ts"
import type { Chart } from "./Chart.ts"
import * as chartStyle from "./chartStyle.ts"
import { middle, type Steps } from "./Steps.ts"

/** A row's errors, one a seed, with the interval of their mean. */
export interface Dots {
  readonly row: string
  readonly values: ReadonlyArray<number>
  readonly mean: number
  /** Of the interval of the mean, where there is one. */
  readonly halfWidth: number | undefined
}

/** Test errors of all seeds by row, with 95 % intervals; undefined where no row has one. */
export const errorDots = (rows: ReadonlyArray<Dots>): Chart | undefined =>
  rows.length === 0 ? undefined : {
    name: "test-errors",
    title: "Test errors",
    caption: "One dot a seed; the mean, and its 95 % interval by Student's t, cut off at 0 and 100 %.",
    spec: {
      width: chartStyle.width,
      height: { step: 24 },
      encoding: { y: { field: "row", type: "nominal", sort: null, title: null, axis: { labelLimit: 400 } } },
      layer: [
        {
          data: {
            values: rows.flatMap(({ halfWidth, mean, row }) =>
              halfWidth === undefined
                ? []
                : [{ row, low: Math.max(0, mean - halfWidth), high: Math.min(100, mean + halfWidth) }]
            )
          },
          mark: { type: "rule", color: "#888", strokeWidth: 2 },
          encoding: {
            x: {
              field: "low",
              type: "quantitative",
              scale: { zero: false, nice: false, padding: 6 },
              axis: { tickCount: 8 },
              title: "test error, %"
            },
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
  }

/** The loss of every step, or of parts of a long run; undefined where there was none. */
export const lossCurve = ({ parts, size }: Steps): Chart | undefined =>
  parts.length === 0 ? undefined : {
    name: "loss",
    title: "Training loss by step",
    caption: size === 1 ? "Every step." : `Mean over every ${size} steps.`,
    spec: {
      width: chartStyle.width,
      height: 260,
      data: { values: parts.map(({ index, loss }) => ({ step: middle(index, size), loss })) },
      mark: { type: "line", color: "#1f5a96", strokeWidth: 1 },
      encoding: {
        x: { field: "step", type: "quantitative", title: "step", axis: chartStyle.steps, scale: { nice: false } },
        y: { field: "loss", type: "quantitative", title: "loss" }
      }
    }
  }

const thinned = { labelAngle: 0, labelOverlap: true }

/** More cells than this are no picture any more. */
const largestMap = 32

const isDrawn = (channels: number) => channels >= 1 && channels <= largestMap

/** Where matrices are listed; many are only counted. */
const listed = (matrices: LayerPlan["groups"][number]["matrices"]): ReadonlyArray<number> =>
  "count" in matrices ? [] : matrices

/**
 * Which kernel of a layer lives on which manifold; undefined for layers that are not seen per kernel, or are too large
 * to be shown.
 */
export const manifoldMap = (
  { blocks = 1, groups, layer, matricization, shape: [, , ofEach = 0, outputs = 0] }: LayerPlan
): Chart | undefined => {
  const inputs = blocks * ofEach
  return matricization !== "perKernel" || !isDrawn(inputs) || !isDrawn(outputs) ? undefined : {
    name: `map-${layer}`,
    title: `Manifolds of the kernels of ${layer}`,
    caption: `${inputs} × ${outputs} kernels in ${counted(groups.length, "POM")}.`,
    spec: {
      width: Math.min(chartStyle.width, 18 * outputs),
      height: Math.min(600, 18 * inputs),
      data: {
        values: groups.flatMap(({ manifold, matrices }, pom) =>
          listed(matrices).map((index) => ({
            input: Math.floor(index / outputs),
            output: index % outputs,
            manifold,
            pom
          }))
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
        // Few channels are lower than their name is long.
        y: { field: "input", type: "ordinal", title: inputs < 6 ? "input" : "input channel", axis: thinned },
        color: { field: "manifold", type: "nominal", title: null, sort: null, legend: { orient: "bottom" } }
      }
    }
  }
}

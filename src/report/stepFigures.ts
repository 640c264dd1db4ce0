/** Figures of what every step records. */
import { type MeasureAxes, ofSteps, type StepMeasure } from "../training/measures.ts"
import { type Figure, figure } from "./Figure.ts"
import { middle, resized, type StepRange } from "./Steps.ts"

/** Parts of a run that a curve shows, at most. */
const mostShown = 100

/** The figure of a measure by step, means over parts of a long run. */
const ofMeasure = (field: keyof StepRange, measure: MeasureAxes & { readonly figure: string }): Figure => (runs) => {
  // Of one size for all runs, so that those which ended early are seen beside the others.
  const longest = Math.max(1, ...runs.map(({ steps }) => steps.last))
  const size = 2 ** Math.max(0, Math.ceil(Math.log2(longest / mostShown)))
  const means = size === 1 ? "" : `, mean over every ${size} steps`
  const scale = measure.scale === "log" ? ", on a logarithmic scale" : ""
  const caption = `${measure.caption}${means}${scale}.`
  return figure(
    { ...measure, name: measure.figure, caption, over: "step" },
    ({ row, steps }) => resized(steps, size).map((part) => ({ row, at: middle(part.index, size), value: part[field] }))
  )(runs)
}

/** The learning rate stands in every event of a step, as its loss does. */
const learningRate = ofMeasure("rate", {
  figure: "learning-rate",
  title: "Learning rate by step",
  caption: "r(t) of the schedule",
  value: "learning rate",
  zero: true
})

/** Figures of all measures by step, a line per row. */
export const stepFigures: ReadonlyArray<Figure> = [
  learningRate,
  ...Object.entries<StepMeasure>(ofSteps).map(([field, measure]) => ofMeasure(field as keyof typeof ofSteps, measure))
]

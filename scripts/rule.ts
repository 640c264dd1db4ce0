/**
 * How often, and how much, the step rule shortened the steps of every layer of the final runs of an experiment
 * that completed: rule.json, to commit beside its results. `node scripts/rule.ts DIRECTORY`
 */
import { quantile } from "../src/numerics/quantile.ts"
import { isShortened } from "../src/training/measures/factors.ts"
import { directoryGiven, eventsOf, writeFound } from "./byRun.ts"

const directory = directoryGiven("rule")

interface Step {
  readonly factors?: Readonly<Record<string, number>>
  readonly gradientNorms?: Readonly<Record<string, number>>
}

const median = (values: ReadonlyArray<number>) => quantile(values.toSorted((a, b) => a - b), 0.5)

/** Of the steps that tell of every POM, those of one layer's. */
const ofLayer = (name: string, steps: ReadonlyArray<Step>) => {
  const of = (values: Readonly<Record<string, number>> = {}) =>
    Object.entries(values).flatMap(([pom, value]) => pom.startsWith(`${name}/`) ? [value] : [])
  const factors = steps.flatMap((step) => of(step.factors))
  return {
    name,
    acts: Number((factors.filter(isShortened).length / factors.length).toFixed(4)),
    factor: Number(median(factors).toFixed(4)),
    norm: Number(median(steps.flatMap((step) => of(step.gradientNorms))).toPrecision(4))
  }
}

const ofRun = (id: string) => {
  const steps = (eventsOf(directory, id) as ReadonlyArray<Step>).filter(({ factors }) => factors !== undefined)
  if (steps.length === 0) throw new Error(`no step of ${id} tells what a step rule made of it: its optimizer has none`)
  const layers = [...new Set(Object.keys(steps[0]!.factors!).map((pom) => pom.split("/")[0]!))]
  return layers.map((name) => ofLayer(name, steps))
}

writeFound(directory, "rule.json", "finals", ofRun)

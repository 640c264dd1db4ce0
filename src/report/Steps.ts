/** The steps of a run, however many, in as much room as figures need. */
import { type OfPoms, type PerStep, perStep, toldOfPoms } from "../training/measures/steps.ts"
import type { StepDone } from "../training/Trainer.ts"

/** Neighbouring steps together, with the means of what they recorded. */
export interface StepRange extends PerStep<number> {
  /** Its place among the parts of the run, from 0. */
  readonly index: number
  readonly count: number
  readonly loss: number
  readonly rate: number
}

/** The steps that tell of POMs. */
interface PomSteps {
  /** POMs of constrained layers in the run. */
  readonly total: number
  /** Those that are kept. */
  readonly names: ReadonlyArray<string>
  /** Values of those, in their order. */
  readonly steps: ReadonlyArray<
    { readonly step: number } & Readonly<Partial<Record<OfPoms, ReadonlyArray<number>>>>
  >
}

/** The steps of a run in as much room as figures need, however many there were. */
export interface Steps {
  /** Steps of a part: a power of two, so that parts of one run are parts of those of a longer one. */
  readonly size: number
  readonly last: number
  readonly parts: ReadonlyArray<StepRange>
  readonly poms: PomSteps
}

/** Parts of a run, and POMs that are kept of it, at most. */
export const [mostParts, mostPoms] = [1024, 480] as const

/**
 * So many of a list at most, evenly.
 *
 * @internal
 */
export const evenly = <A>(all: ReadonlyArray<A>, most: number): ReadonlyArray<A> => {
  const every = Math.ceil(all.length / most)
  return all.filter((_, i) => i % every === 0)
}

/**
 * The step in the middle of a part of so many.
 *
 * @internal
 */
export const middle = (index: number, size: number): number => size * (index + 0.5) + 0.5

/** POMs of constrained layers are numbered; those of other weights, which are flat, have names. */
const isNumbered = (pom: string) => /\/\d+$/.test(pom)

/** A part more; into one that is there already, where there is one of its place. */
const put = (into: Map<number, StepRange>, part: StepRange): void => {
  const { count, index, loss, rate } = part
  const there = into.get(index)
  const all = count + (there?.count ?? 0)
  const mean = (a: number, b: number | undefined) => b === undefined ? a : b + (a - b) * count / all
  into.set(index, {
    index,
    count: all,
    loss: mean(loss, there?.loss),
    rate: mean(rate, there?.rate),
    ...perStep((name) => mean(part[name], there?.[name]))
  })
}

/** So many parts together. */
const merged = (parts: Iterable<StepRange>, factor: number): Map<number, StepRange> => {
  const together = new Map<number, StepRange>()
  for (const part of parts) put(together, { ...part, index: Math.floor(part.index / factor) })
  return together
}

/**
 * The parts of a run in parts of another size, a power of two that is no smaller.
 *
 * @internal
 */
export const resized = ({ parts, size }: Steps, to: number): ReadonlyArray<StepRange> => [
  ...merged(parts, to / size).values()
]

/**
 * Takes steps one by one, and keeps their means over parts that double in size whenever there are too many.
 *
 * @internal
 */
export const collector = () => {
  let [size, last] = [1, 0]
  let parts = new Map<number, StepRange>()
  let [total, names]: [number, ReadonlyArray<string>] = [0, []]
  const steps: Array<PomSteps["steps"][number]> = []
  const valuesOf = (told: Readonly<Record<string, number>>) => {
    if (names.length === 0) {
      const all = Object.keys(told).filter(isNumbered)
      total = all.length
      names = evenly(all, mostPoms)
    }
    return names.map((name) => told[name] ?? Number.NaN)
  }
  return {
    add: (event: StepDone): void => {
      const { loss, rate, step } = event
      last = Math.max(last, step)
      while (Math.floor((step - 1) / size) >= mostParts) {
        parts = merged(parts.values(), 2)
        size *= 2
      }
      put(parts, { index: Math.floor((step - 1) / size), count: 1, loss, rate, ...perStep((name) => event[name]) })
      const told = toldOfPoms((name) => event[name] && valuesOf(event[name]))
      if (Object.keys(told).length > 0) steps.push({ step, ...told })
    },
    steps: (): Steps => ({ size, last, parts: [...parts.values()], poms: { total, names, steps } })
  }
}

/**
 * The means of all steps of a list.
 *
 * @internal
 */
export const of = (all: ReadonlyArray<StepDone>): Steps => {
  const { add, steps } = collector()
  for (const step of all) add(step)
  return steps()
}

/** What is recorded of steps, and how fields of events, sums of checkpoints and means of epochs follow from it. */
import type * as Catalogue from "../../choices/Catalogue.ts"
import { pomAngles } from "./angles.ts"
import { dualityGaps } from "./dualityGaps.ts"
import { factors } from "./factors.ts"
import { gradientNorm } from "./gradientNorm.ts"
import { pomGradientNorms } from "./pomGradientNorms.ts"
import type { PomMeasure, StepFacts, StepMeasure } from "./StepMeasure.ts"

/**
 * What every step records, by the name of its field.
 *
 * @example
 * ```ts
 * import { Measures } from "finegrain"
 * const told = { norms: Float32Array.of(3, 4), denominators: Float32Array.of(1, 1) }
 * Measures.ofSteps.gradientNorm.of({ loss: 1, rate: 0.1, told }) // => 5
 * ```
 */
export const ofSteps = {
  gradientNorm
} as const satisfies Catalogue.Catalogue<StepMeasure>

/**
 * What some fifty steps of a run record of every POM, by the name of its field.
 *
 * @example
 * ```ts
 * import { Measures } from "finegrain"
 * Object.keys(Measures.ofPoms) // => ["gradientNorms", "factors", "angles", "gaps"]
 * ```
 */
export const ofPoms = {
  gradientNorms: pomGradientNorms,
  factors,
  angles: pomAngles,
  gaps: dualityGaps
} as const satisfies Catalogue.Catalogue<PomMeasure>

type OfStep = keyof typeof ofSteps
/** What some steps tell of POMs. */
export type OfPoms = keyof typeof ofPoms

/** Something of every measure of steps. */
export type PerStep<A> = { readonly [K in OfStep]: A }

/** Numbers by POM, of what some steps tell of every one. */
export type PomReadings = { readonly [K in OfPoms]?: Readonly<Record<string, number>> }

/** Of every measure of steps, its sum over an epoch so far. */
export type StepSums<A = number> = { readonly [K in OfStep as `${K}Sum`]: A }

const record = <K extends string, A>(names: ReadonlyArray<K>, of: (name: K) => A) =>
  Object.fromEntries(names.map((name) => [name, of(name)])) as { readonly [N in K]: A }

const stepNames = Object.keys(ofSteps) as ReadonlyArray<OfStep>

/** Something of every measure of steps, by name. */
export const perStep = <A>(of: (name: OfStep) => A): PerStep<A> => record(stepNames, of)

/** Something of every measure of steps, by the name of its sum. */
export const perSum = <A>(of: (name: OfStep) => A): StepSums<A> =>
  Object.fromEntries(stepNames.map((name) => [`${name}Sum`, of(name)])) as StepSums<A>

/** Something of every measure of POMs, by name. */
export const perPoms = <A>(of: (name: OfPoms) => A): { readonly [K in OfPoms]: A } =>
  record(Object.keys(ofPoms) as ReadonlyArray<OfPoms>, of)

/** Something of those measures of POMs that give something, by name. */
export const toldOfPoms = <A>(of: (name: OfPoms) => A | undefined): { readonly [K in OfPoms]?: A } =>
  Object.fromEntries(Object.entries(perPoms(of)).filter(([, found]) => found !== undefined))

/** What a step is recorded with. */
export const readingsOf = (step: StepFacts): PerStep<number> => perStep((name) => ofSteps[name].of(step))

/** In digits enough for a figure; all of a float32 would be nine. */
const digits = 7

/** What a step that tells of every POM is recorded with, POMs by their names. */
export const pomReadingsOf = (step: StepFacts, poms: ReadonlyArray<{ readonly name: string }>): PomReadings =>
  toldOfPoms((measure) => {
    const values = (ofPoms[measure] as PomMeasure).of(step)
    return values && Object.fromEntries(poms.map(({ name }, i) => [name, Number(values[i]!.toPrecision(digits))]))
  })

/** Sums over an epoch with a step more, which counts so often. */
export const added = (sums: StepSums, step: PerStep<number>, weight: number): StepSums =>
  perSum((name) => sums[`${name}Sum`] + step[name] * weight)

/** Means over an epoch, of sums with so much weight together. */
export const means = (sums: StepSums, weight: number): PerStep<number> => perStep((name) => sums[`${name}Sum`] / weight)

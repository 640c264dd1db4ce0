import { quantile } from "../src/numerics/quantile.ts"

/** What is timed. */
export interface Subject {
  readonly name: string
  readonly run: () => void | Promise<void>
  /** What has to be done first, and is not timed. */
  readonly before?: () => Promise<void>
}

/** Milliseconds. */
export interface Timing {
  readonly name: string
  readonly median: number
  /** First and third quartile. */
  readonly quartiles: readonly [number, number]
}

/** First quartile, median and third quartile, between two values where they fall there. */
export const quantiles = (values: ReadonlyArray<number>): readonly [number, number, number] => {
  const sorted = values.toSorted((a, b) => a - b)
  return [quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)]
}

/**
 * All subjects in turns, so many rounds, after some to warm up: a step of a millisecond takes dozens until it is
 * compiled.
 */
export const inTurns = async (
  subjects: ReadonlyArray<Subject>,
  rounds: number,
  warmUp = 1
): Promise<ReadonlyArray<Timing>> => {
  const times = subjects.map((): Array<number> => [])
  for (let round = -warmUp; round < rounds; round++) {
    for (const [i, { before, run }] of subjects.entries()) {
      await before?.()
      const start = performance.now()
      await run()
      if (round >= 0) times[i]!.push(performance.now() - start)
    }
  }
  return subjects.map(({ name }, i) => {
    const [low, median, high] = quantiles(times[i]!)
    return { name, median, quartiles: [low, high] }
  })
}

/** A median with its quartiles. */
export const spread = ({ median, quartiles: [low, high] }: Timing): string =>
  `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`

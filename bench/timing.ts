/** What is timed. */
export interface Subject {
  readonly name: string
  readonly run: () => void | Promise<void>
}

/** Milliseconds. */
export interface Timing {
  readonly name: string
  readonly median: number
  /** First and third quartile. */
  readonly quartiles: readonly [number, number]
}

/** First quartile, median and third quartile. */
export const quantiles = (values: ReadonlyArray<number>): readonly [number, number, number] => {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (q: number) => sorted[Math.floor(q * (sorted.length - 1))]!
  return [at(0.25), at(0.5), at(0.75)]
}

/** All subjects in turns, so many rounds, after one to warm up. */
export const inTurns = async (
  subjects: ReadonlyArray<Subject>,
  rounds: number
): Promise<ReadonlyArray<Timing>> => {
  const times = subjects.map((): Array<number> => [])
  for (let round = -1; round < rounds; round++) {
    for (const [i, { run }] of subjects.entries()) {
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

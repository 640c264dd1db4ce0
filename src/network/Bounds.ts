/** Norms of a group of weights: of a POM, or of a whole layer. */
export interface GroupNorms {
  readonly spectral: number
  readonly frobenius: number
  /** ‖·‖_{2→1}. */
  readonly rowSum: number
}

/** What a generalization bound speaks of. */
export interface BoundedNetwork {
  /** For every layer, the norms of its groups. */
  readonly layers: ReadonlyArray<ReadonlyArray<GroupNorms>>
  /** Number N of training samples. */
  readonly samples: number
  /** Largest width ϖ of a layer. */
  readonly width: number
}

/** Natural logarithms of the three bounds. */
export interface LogBounds {
  /** 2^L·Π_l Π_g ‖·‖_F/√N, after Neyshabur, Tomioka and Srebro 2015. */
  readonly frobenius: number
  /** Π_l Π_g ‖·‖₂/√N·(Σ_l Π_g (‖·‖_{2→1}/‖·‖₂)^⅔)^{3/2}, after Bartlett, Foster and Telgarsky 2017. */
  readonly rowSum: number
  /** Π_l Π_g ‖·‖₂/√N·(L²ϖ·Σ_l Π_g ‖·‖_F²/‖·‖₂²)^½, after Neyshabur, Bhojanapalli and Srebro 2018. */
  readonly spectral: number
}

const sum = (values: ReadonlyArray<number>) => values.reduce((a, b) => a + b, 0)

/** log Σ exp, without overflow; the sum over nothing is log 0. */
const logSum = (logs: ReadonlyArray<number>): number => {
  const largest = Math.max(-Infinity, ...logs)
  return Number.isFinite(largest) ? largest + Math.log(sum(logs.map((value) => Math.exp(value - largest)))) : largest
}

/**
 * The three bounds of the generalization error with dynamic group scaling, in log space: products over layers and
 * groups of networks of any depth neither overflow nor vanish. With one group per layer, that of the whole layer, they
 * are the classical ones.
 *
 * Constants and logarithmic factors are left out, as in the source. Source: Ozay 2019, section 5.
 *
 * @throws RangeError for a norm that is not positive, no layer, or no sample.
 *
 * @example
 * ```ts
 * import { Bounds } from "finegrain"
 * const unit = { spectral: 1, frobenius: 1, rowSum: 1 }
 * const { frobenius } = Bounds.logBounds({ layers: [[unit, unit], [unit]], samples: 16, width: 4 })
 * Math.exp(frobenius) // => 1
 * ```
 */
export const logBounds = ({ layers, samples, width }: BoundedNetwork): LogBounds => {
  const norms = layers.flat().flatMap(({ frobenius, rowSum, spectral }) => [frobenius, rowSum, spectral])
  const bad = [...norms, samples, width].find((value) => !(value > 0 && Number.isFinite(value)))
  if (layers.length === 0 || layers.some((groups) => groups.length === 0) || bad !== undefined) {
    throw new RangeError(
      `Bounds need layers with groups, and positive norms, samples and width; found ${bad ?? "no group"}`
    )
  }
  const root = Math.log(samples) / 2
  const over = (groups: ReadonlyArray<GroupNorms>, f: (norms: GroupNorms) => number) =>
    sum(groups.map((norms) => Math.log(f(norms))))
  const all = layers.flat()
  const spectral = over(all, (norms) => norms.spectral)
  const ratios = (f: (norms: GroupNorms) => number, power: number) =>
    logSum(layers.map((groups) => power * over(groups, (norms) => f(norms) / norms.spectral)))
  return {
    frobenius: layers.length * Math.LN2 + over(all, (norms) => norms.frobenius) - root,
    rowSum: spectral - root + 1.5 * ratios((norms) => norms.rowSum, 2 / 3),
    spectral: spectral - root +
      (2 * Math.log(layers.length) + Math.log(width) + ratios((norms) => norms.frobenius, 2)) / 2
  }
}

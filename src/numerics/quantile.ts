/**
 * The value below which that share of sorted values lies, x₍ᵢ₎ + (h − i)(x₍ᵢ₊₁₎ − x₍ᵢ₎) with h = share·(n − 1) and
 * i = ⌊h⌋, counted from 0; not jstat's, whose quantile of one value is NaN, and whose median of two is the lower one.
 *
 * Source: Hyndman and Fan 1996, *Sample quantiles in statistical packages*, definition 7.
 *
 * @internal
 */
export const quantile = (sorted: ReadonlyArray<number>, share: number): number => {
  const at = share * (sorted.length - 1)
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!]
  return low + (high - low) * (at - Math.floor(at))
}

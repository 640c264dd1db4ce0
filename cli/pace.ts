/** How far and how fast, as text: times, rates, bars and shares. */

const [minute, hour, day] = [60, 3600, 86_400]

const two = (n: number) => String(Math.floor(n)).padStart(2, "0")

/**
 * A time to come: `0:07`, `12:30`, `3:05:00`, `2 d 4 h`; `-:--` where it is not known.
 *
 * @internal
 */
export const clock = (time: number): string => {
  if (!Number.isFinite(time)) return "-:--"
  const seconds = Math.round(time)
  if (seconds >= day) return `${Math.floor(seconds / day)} d ${Math.floor((seconds % day) / hour)} h`
  const rest = `${seconds >= hour ? two((seconds % hour) / minute) : Math.floor(seconds / minute)}:${
    two(seconds % minute)
  }`
  return seconds >= hour ? `${Math.floor(seconds / hour)}:${rest}` : rest
}

const digits = (value: number) => value >= 10 ? value.toFixed(0) : value.toPrecision(2)

/**
 * How fast units are done, in words that suit it: per second, per minute, or how long each takes.
 *
 * @internal
 */
export const rate = (perSecond: number, unit: string): string => {
  if (!(perSecond > 0)) return `– ${unit}/s`
  if (perSecond >= 1) return `${digits(perSecond)} ${unit}/s`
  if (perSecond * minute >= 1) return `${digits(perSecond * minute)} ${unit}/min`
  const seconds = 1 / perSecond
  return seconds < 2 * hour ? `${digits(seconds / minute)} min each` : `${digits(seconds / hour)} h each`
}

/**
 * A bar as wide as a line has room for.
 *
 * @internal
 */
export const bar = (share: number, width: number): string => {
  const full = Math.round(width * Math.max(0, Math.min(1, share)))
  return `[${"█".repeat(full)}${"·".repeat(width - full)}]`
}

/**
 * A share in percent, as wide as 100 % is; whole only when everything is done.
 *
 * @internal
 */
export const percent = (share: number): string => `${String(Math.floor(100 * share + 1e-9)).padStart(3)} %`

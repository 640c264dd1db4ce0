/** What is known of grids that run elsewhere, as text. */
import * as pace from "./pace.ts"
import { table } from "./Table.ts"

/** A grid in numbers of trials. */
export interface GridNumbers {
  readonly name: string
  readonly offered: number
  readonly running: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
  /** Trials that ended within the last hour, and seconds over which that was. */
  readonly lately: number
  readonly seconds: number
}

const leftOf = ({ lately, offered, running, seconds }: GridNumbers) =>
  offered + running === 0 ? "" : lately === 0 ? "?" : pace.clock((offered + running) * seconds / lately)

/**
 * Every grid, a row each; with a column more, if there is something to tell of each.
 *
 * @internal
 */
export const overview = <G extends GridNumbers>(
  found: ReadonlyArray<G>,
  more: Readonly<Record<string, (grid: G) => string>> = {}
): string =>
  table(
    ["grid", "offered", "running", "completed", "failed", "taken back", "per hour", "left", ...Object.keys(more)],
    found.map((grid) => [
      grid.name,
      ...[grid.offered, grid.running, grid.completed, grid.failed, grid.cancelled].map(String),
      grid.seconds < 1 ? "" : (3600 * grid.lately / grid.seconds).toFixed(0),
      leftOf(grid),
      ...Object.values(more).map((cell) => cell(grid))
    ])
  )

/** A trial that is at work, since so many seconds. */
export interface AtWork {
  readonly label: string
  readonly attempt: number
  readonly share: number
  readonly seconds: number
}

/**
 * How far a trial is, and what is left of it at its pace.
 *
 * @internal
 */
export const atWork = ({ attempt, label, seconds, share }: AtWork): string =>
  `${pace.percent(share)} ${label}, attempt ${attempt}${
    share > 0 ? `, ${pace.clock(seconds * (1 - share) / share)} left` : ""
  }`

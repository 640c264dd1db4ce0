/** What Slurm says of jobs, read. */

/** A task of an array, as `squeue` tells of it. */
export interface Job {
  /** Number of the array. */
  readonly array: string
  readonly index: number
  readonly state: string
  /** Seconds for which it has run. */
  readonly seconds: number
  /** Why it waits, or how it ended. */
  readonly reason: string
  readonly node: string
  /** The name that the array was submitted under. */
  readonly name: string
}

/** For `squeue --array --noheader --format`; what may hold anything stands last. */
export const format = "%F|%K|%T|%M|%r|%N|%j"

const line = /^(\d+)\|(\d+)\|([A-Z_]+)\|([^|]*)\|([^|]*)\|([^|]*)\|(.*)$/

/** Elapsed time, in which one colon stands before seconds: `4:05`, `1:04:05`, `2-01:04:05`. */
const elapsed = (text: string): number => {
  const [clock = "", days = "0"] = text.split("-").toReversed()
  return Number(days) * 86_400 + clock.split(":").reduce((sum, part) => 60 * sum + (Number(part) || 0), 0)
}

/**
 * Tasks of arrays from what `squeue` prints; lines of another form are not ours.
 *
 * @internal
 */
export const parse = (text: string): ReadonlyArray<Job> =>
  text.split("\n").flatMap((row) => {
    const [, array, index, state, time, reason, node, name] = line.exec(row.trim()) ?? []
    return array === undefined
      ? []
      : [{
        array,
        index: Number(index),
        state: state!,
        seconds: elapsed(time!),
        reason: reason!,
        node: node!,
        name: name!
      }]
  })

/** States after which nothing more is to come of a job. */
const over: ReadonlySet<string> = new Set([
  "BOOT_FAIL",
  "CANCELLED",
  "COMPLETED",
  "DEADLINE",
  "FAILED",
  "NODE_FAIL",
  "OUT_OF_MEMORY",
  "PREEMPTED",
  "REVOKED",
  "TIMEOUT"
])

/**
 * Whether more is to come of a job: it waits, runs, or will run again.
 *
 * @internal
 */
export const isOpen = ({ state }: Pick<Job, "state">): boolean => !over.has(state)

/** Reasons to wait that pass by themselves: others come first, or it has just been queued again. */
const passing = /^(|None|Priority|Resources|Dependency|JobArrayTaskLimit|BeginTime|Cleaning)$/

/**
 * Whether a job waits for what may never come, as for a node that the partition does not have.
 *
 * @internal
 */
export const isStuck = ({ reason, state }: Pick<Job, "reason" | "state">): boolean =>
  state === "PENDING" && !passing.test(reason)

/**
 * A setting from what `scontrol show config` prints.
 *
 * @internal
 */
export const settingOf = (text: string, name: string): string | undefined =>
  text.split("\n").flatMap((row) => {
    const [key, ...value] = row.split("=")
    return key?.trim() === name ? [value.join("=").trim()] : []
  })[0]

/**
 * The exit code of a job from what `scontrol show job` prints, undefined where it does not say.
 *
 * @internal
 */
export const codeOf = (text: string): number | undefined => {
  const [, code] = /\bExitCode=(\d+):\d+/.exec(text) ?? []
  return code === undefined ? undefined : Number(code)
}

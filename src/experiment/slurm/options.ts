/** What is said to `sbatch`: as arguments, which no shell reads, never as text of a script. */

/** A time as Slurm writes it: minutes, minutes:seconds, hours:minutes:seconds, days-hours and so on. */
const written = /^(?:(\d+)-(\d+)(?::(\d+)(?::(\d+))?)?|(\d+)(?::(\d+)(?::(\d+))?)?)$/

const number = (text: string | undefined) => Number(text ?? 0)

/**
 * Seconds of a time as Slurm writes it; Infinity where there is no limit, undefined where it is no time.
 *
 * @internal
 */
export const secondsOf = (text: string): number | undefined => {
  if (/^(unlimited|infinite)$/i.test(text)) return Infinity
  const [, days, hours, minutes, seconds, first, second, third] = written.exec(text) ?? []
  if (days !== undefined) {
    return ((number(days) * 24 + number(hours)) * 60 + number(minutes)) * 60 + number(seconds)
  }
  if (first === undefined) return undefined
  return third === undefined
    ? number(first) * 60 + number(second)
    : (number(first) * 60 + number(second)) * 60 + number(third)
}

/** Options that have a flag of their own here. */
const flagged: Readonly<Record<string, string>> = {
  partition: "--partition",
  gpus: "--gpus",
  "cpus-per-task": "--cpus",
  time: "--time",
  signal: "--lead"
}

/** Options on which it depends that trials are found again, end in order and go on. */
const own = [
  "array",
  "chdir",
  "dependency",
  "error",
  "help",
  "hold",
  "input",
  "job-name",
  "kill-on-invalid-dep",
  "no-kill",
  "no-requeue",
  "nodes",
  "ntasks",
  "open-mode",
  "output",
  "parsable",
  "quiet",
  "requeue",
  "test-only",
  "usage",
  "version",
  "wait",
  "workdir",
  "wrap"
]

/**
 * Why an option is not handed on to `sbatch`; undefined where it is. Slurm takes the beginning of a name for the name.
 *
 * @internal
 */
export const refusal = (option: string): string | undefined => {
  const [, name] = /^(?:--)?([a-z][a-z0-9-]*)(?:=|$)/.exec(option) ?? []
  const shown = JSON.stringify(option)
  if (name === undefined) return `must be one option of sbatch in its long form, as constraint=a100, not ${shown}`
  const flag = Object.keys(flagged).find((key) => key.startsWith(name))
  if (flag !== undefined) return `${shown} is for ${flagged[flag]} to say`
  const set = own.find((key) => key.startsWith(name))
  return set === undefined ? undefined : `${shown} sets --${set}, which finegrain sets itself`
}

/** What is asked of Slurm for every trial. */
export interface Asked {
  readonly partition?: string | undefined
  readonly gpus?: number | undefined
  readonly cpus?: number | undefined
  readonly time?: string | undefined
  /** Seconds before the end of an allocation at which a trial hears of it. */
  readonly lead: number
  readonly sbatchOption?: ReadonlyArray<string> | undefined
}

/** An array of trials as it is submitted. */
export interface Submission {
  readonly name: string
  readonly size: number
  /** How many of them may run at a time. */
  readonly throttle?: number | undefined
  /** Jobs or tasks of arrays that have to have ended before, in whatever way. */
  readonly after: ReadonlyArray<string>
}

const option = (name: string, value: number | string | undefined) => value === undefined ? [] : [`--${name}=${value}`]

/**
 * Arguments of `sbatch` before the script.
 *
 * @internal
 */
export const submission = (asked: Asked, { after, name, size, throttle }: Submission): ReadonlyArray<string> => [
  "--parsable",
  `--job-name=${name}`,
  `--array=0-${size - 1}${throttle === undefined ? "" : `%${throttle}`}`,
  // Where an experiment lies may be anything, and Slurm would read % in it: the script goes there itself.
  "--chdir=/",
  "--output=/dev/null",
  "--open-mode=append",
  "--nodes=1",
  "--ntasks=1",
  "--requeue",
  `--signal=B:USR1@${asked.lead}`,
  ...option("dependency", after.length === 0 ? undefined : `afterany:${after.join(":")}`),
  ...option("partition", asked.partition),
  ...option("gpus", asked.gpus),
  ...option("cpus-per-task", asked.cpus),
  ...option("time", asked.time),
  ...(asked.sbatchOption ?? []).map((text) => text.startsWith("--") ? text : `--${text}`)
]

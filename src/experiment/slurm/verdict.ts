/** What becomes of a trial whose job is over without its word. */
import { codes } from "./script.ts"

/** What is known of a job that is over. */
export interface Remains {
  /** Its last state, undefined where Slurm does not know of it any more. */
  readonly state: string | undefined
  readonly code: number | undefined
  readonly node: string
  /** Whether it had begun. */
  readonly hasBegun: boolean
  /** Whether a checkpoint came of it. */
  readonly hasAdvanced: boolean
  /** Where its log is. */
  readonly log: string
}

/** Whether it is to be submitted once more, or how it failed. */
export type Verdict =
  | { readonly _tag: "Again" }
  | { readonly _tag: "Failed"; readonly error: string; readonly reason: string }

const failed = (error: string, reason: string): Verdict => ({ _tag: "Failed", error, reason })

/** States that are none of the trial's making: it goes on elsewhere, if it gets anywhere. */
const taken: Readonly<Record<string, readonly [error: string, reason: string]>> = {
  TIMEOUT: ["TimedOut", "its time was over before it had written a checkpoint: raise --time, or --lead"],
  PREEMPTED: ["Preempted", "it was preempted before it had written a checkpoint"],
  NODE_FAIL: ["NodeFailed", "its node failed before it had written a checkpoint"],
  BOOT_FAIL: ["NodeFailed", "its node did not start"]
}

/**
 * Decides what becomes of it. What got on gets another allocation; what did not would do the same again.
 *
 * @internal
 */
export const of = ({ code, hasAdvanced, hasBegun, log, node, state }: Remains): Verdict => {
  const own = state === undefined ? undefined : taken[state]
  if (own !== undefined) return hasAdvanced ? { _tag: "Again" } : failed(own[0], own[1])
  if (state === "CANCELLED") return failed("Cancelled", "it was cancelled")
  if (state === "DEADLINE") return failed("TimedOut", "its deadline had come")
  if (state === "OUT_OF_MEMORY") {
    return failed("OutOfMemory", "its memory did not suffice: ask for more, as with --sbatch-option mem=16G")
  }
  if (code === codes.absent) {
    return failed("Absent", `its directory is not on ${node}, or cannot be written: all nodes must share it`)
  }
  if (code === codes.more && hasAdvanced) return { _tag: "Again" }
  if (state === undefined) {
    return hasBegun
      ? failed("Vanished", `Slurm does not know of it any more; ${log}`)
      : failed("Vanished", "Slurm does not know of it, and it had not begun: it was cancelled, or could not start")
  }
  const how = code === undefined ? "" : ` with code ${code}`
  return failed("Crashed", `the job ended${how} on ${node}${hasBegun ? "" : " before the trial began"}; ${log}`)
}

/** Processes as others can tell them, on one machine and across its restarts. */
import * as Schema from "effect/Schema"
import { readFileSync, readlinkSync } from "node:fs"
import { hostname } from "node:os"

/**
 * A process as others can tell it from all that were before and will be: its number means something only on one machine
 * since it booted, in one space of numbers (every container counts from 1), and together with the moment at which it
 * began.
 */
export const ProcessIdentity = Schema.Struct({
  pid: Schema.Int,
  host: Schema.String,
  boot: Schema.optionalKey(Schema.String),
  space: Schema.optionalKey(Schema.String),
  began: Schema.optionalKey(Schema.String)
})

/** A process as others can tell it. */
export type ProcessIdentity = typeof ProcessIdentity.Type

const orUndefined = (read: () => string): string | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

/**
 * When a process began, in ticks since the machine booted; undefined where there is none, or only its number is left.
 */
const beganOf = (pid: number | "self"): string | undefined => {
  const stat = orUndefined(() => readFileSync(`/proc/${pid}/stat`, "utf8"))
  // After the name, which may hold anything: the state first, the beginning as the twentieth.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? []
  return /^[ZX]/.test(fields[0] ?? "") ? undefined : fields[19]
}

/**
 * This process.
 *
 * @internal
 */
export const self = (): ProcessIdentity => {
  const [boot, space, began] = [
    orUndefined(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    orUndefined(() => readlinkSync("/proc/self/ns/pid")),
    beganOf("self")
  ]
  return {
    pid: process.pid,
    host: hostname(),
    ...(boot === undefined ? {} : { boot }),
    ...(space === undefined ? {} : { space }),
    ...(began === undefined ? {} : { began })
  }
}

const hasNumber = (pid: number): boolean => {
  try {
    // Signal 0 only asks.
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}

/**
 * Whether a process is at work, as far as this one can see: that of another machine, or of another container, it
 * cannot.
 *
 * @internal
 */
export const stateOf = (other: ProcessIdentity, own: ProcessIdentity = self()): "alive" | "dead" | "out of sight" => {
  if (other.boot !== undefined && other.began !== undefined) {
    if (other.boot !== own.boot || other.space !== own.space) return "out of sight"
    return beganOf(other.pid) === other.began ? "alive" : "dead"
  }
  // A system that tells no more than the number, or a lock of an earlier version.
  if (other.host !== own.host) return "out of sight"
  return other.pid !== own.pid && hasNumber(other.pid) ? "alive" : "dead"
}

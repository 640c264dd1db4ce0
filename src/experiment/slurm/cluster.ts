/** What a cluster has and allows, looked at before anything is submitted. */
import * as Effect from "effect/Effect"
import { LauncherError } from "../launchers/Launcher.ts"
import * as commands from "./commands.ts"
import * as jobs from "./jobs.ts"
import * as options from "./options.ts"

const refuse = (reason: string, remedy: string) => Effect.fail(new LauncherError({ launcher: "slurm", reason, remedy }))

/** Partitions by name, each with the seconds that it allows. */
const partitions = Effect.map(
  commands.run("sinfo", ["--noheader", "--format=%l|%R"]),
  (text) =>
    new Map(
      text.split("\n").filter((row) => row.includes("|")).map((row) => {
        const [limit = "", ...name] = row.trim().split("|")
        return [name.join("|"), options.secondsOf(limit) ?? Infinity] as const
      })
    )
)

/**
 * Looks at what is asked for, and gives how many trials an array may have.
 *
 * Fails with LauncherError where there is no Slurm, no such partition, or not so much time.
 *
 * @internal
 */
export const check = Effect.fnUntraced(function*({ lead, partition, time }: options.Asked) {
  yield* commands.run("sbatch", ["--version"])
  const limit = time === undefined ? Infinity : options.secondsOf(time)!
  if (limit <= lead) {
    return yield* refuse(
      `trials would hear of the end ${lead} s before it, and --time ${time} is ${limit} s`,
      "Give more --time, or less --lead."
    )
  }
  const settings = yield* commands.run("scontrol", ["show", "config"])
  const found = partition === undefined ? new Map<string, number>() : yield* partitions
  if (partition !== undefined && !found.has(partition)) {
    return yield* refuse(`there is no partition ${partition}`, `There are ${[...found.keys()].join(", ")}.`)
  }
  const most = found.get(partition ?? "") ?? Infinity
  if (limit > most && time !== undefined) {
    return yield* refuse(
      `the partition ${partition} allows ${most} s, and --time ${time} is ${limit} s`,
      "Give less: trials that take longer go on in another allocation."
    )
  }
  // Indices are below this number.
  return Math.max(1, Number(jobs.settingOf(settings, "MaxArraySize")) || 1001)
})

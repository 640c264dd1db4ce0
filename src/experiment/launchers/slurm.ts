/** The launcher `slurm`: arrays of jobs on a cluster, in a directory that its nodes share. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Catalogue from "../../choices/Catalogue.ts"
import * as Setting from "../../choices/Setting.ts"
import * as Door from "../../training/Door.ts"
import * as cluster from "../slurm/cluster.ts"
import type { Grid } from "../slurm/grid.ts"
import { offer } from "../slurm/offer.ts"
import * as options from "../slurm/options.ts"
import * as status from "../slurm/status.ts"
import type { Fleet, Given, Launcher } from "./Launcher.ts"

const time = Schema.NonEmptyString.check(
  Schema.makeFilter((text: string) =>
    options.secondsOf(text) === undefined ? "must be a time as Slurm writes it, as 30, 4:00:00 or 1-12" : undefined
  )
)

const option = Schema.NonEmptyString.check(Schema.makeFilter(options.refusal))

const parameters = {
  partition: Schema.optionalKey(Schema.NonEmptyString).annotate({ description: "partition of the cluster" }),
  gpus: Schema.optionalKey(Setting.count).annotate({ description: "GPUs of every trial" }),
  cpus: Schema.optionalKey(Setting.count).annotate({
    description: "CPUs of every trial: its threads, where neither its settings nor FINEGRAIN_THREADS say how many"
  }),
  time: Schema.optionalKey(time).annotate({
    description: "time limit of an allocation, as 4:00:00; a trial that takes longer goes on in another"
  }),
  lead: Setting.orDefault(Setting.count, 120).annotate({
    description: "seconds before the time limit at which a trial writes a checkpoint and asks for another allocation"
  }),
  throttle: Schema.optionalKey(Setting.count).annotate({ description: "trials that may run at a time" }),
  sbatchOption: Schema.optionalKey(Schema.Array(option)).annotate({
    description: "further option of sbatch, as constraint=a100"
  }),
  poll: Setting.orDefault(Setting.count, 10).annotate({ description: "seconds between two looks at the queue" })
}

const open = Effect.fnUntraced(function*(given: Given & Schema.Struct.Type<typeof parameters>) {
  const { cells, directory, name, partition, poll, retry, root, throttle, use } = given
  const largest = yield* cluster.check(given)
  const used = yield* Effect.promise(() => Promise.all(use.map(Door.usedOf)))
  const grid: Grid = {
    name,
    root,
    use,
    cells,
    directory,
    retry,
    poll,
    throttle,
    largest,
    asked: given,
    used: used.filter((one) => one !== undefined),
    places: new Map(),
    stuck: new Set()
  }
  const fleet: Fleet = {
    about: `on ${partition === undefined ? "Slurm" : `Slurm's partition ${partition}`}${
      throttle === undefined ? "" : `, ${throttle} at a time`
    }`,
    offer: (trials, listener) => offer(grid, trials, listener),
    cancel: Effect.asVoid(status.cancel(root))
  }
  return fleet
})

/**
 * Arrays of jobs in Slurm. The grid goes on without whoever offered it: seeds of the table are submitted with their
 * candidates, and choose by themselves once those have ended.
 *
 * @internal
 */
export const slurm: Launcher = Catalogue.entries<Given, ReturnType<typeof open>>()({
  about: "arrays of jobs of a Slurm cluster, in a directory that its nodes share",
  parameters,
  make: open
})

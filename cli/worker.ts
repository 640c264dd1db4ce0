/** `finegrain worker`: trials of a grid, taken from the queue. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "../src/experiment/queue/Queue.ts"
import * as Voice from "./Voice.ts"

/** Which database. */
export const database = Flag.String("database").pipe(
  Flag.withDescription(Queue.about),
  Flag.withDefault(Queue.usual)
)

/** `finegrain worker`. */
export const worker = Command.make(
  "worker",
  {
    database,
    grid: Flag.String("grid").pipe(
      Flag.withDescription(
        "the grid to work on, as finegrain run tells it: its name, with @FINGERPRINT where it brings modules"
      )
    ),
    slots: Flag.Int("slots").pipe(
      Flag.withDescription("trials at a time, each in a process of its own (default 1)"),
      Flag.withDefault(1),
      Flag.filter((slots) => slots >= 1, (slots) => `at least 1, not ${slots}`)
    ),
    gpus: Flag.String("gpus").pipe(
      Flag.withDescription("GPUs that the slots share, separated by commas (default all that CUDA may use)"),
      Flag.optional
    ),
    scratch: Flag.String("scratch").pipe(
      Flag.withDescription("directory for trials while they run (default .finegrain-worker)"),
      Flag.withDefault(".finegrain-worker")
    ),
    artifacts: Flag.String("artifacts").pipe(
      Flag.withDescription("where the grid's shared directory is on this machine, if elsewhere"),
      Flag.optional
    ),
    untilDone: Flag.Boolean("until-done").pipe(
      Flag.withDescription("end once there has been nothing of the grid to do for a lease"),
      Flag.withDefault(false)
    )
  },
  ({ artifacts, gpus, ...options }) =>
    Effect.flatMap(
      Queue.worker({
        ...options,
        artifacts: Option.getOrUndefined(artifacts),
        gpus: Option.getOrUndefined(Option.map(gpus, (text) => text.split(",").map((gpu) => gpu.trim()))),
        say: Console.log
      }),
      Voice.result
    )
).pipe(
  Command.withDescription("Take trials of a grid from the queue in PostgreSQL, on as many machines as there are"),
  Command.withExamples([
    {
      command: "finegrain worker --grid table-poms --slots 2",
      description: "Two at a time; the URL of the database is in FINEGRAIN_DATABASE"
    }
  ])
)

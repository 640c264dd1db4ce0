import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as chunks from "../src/experiment/queue/chunks.ts"
import * as database from "../src/experiment/queue/database.ts"
import * as parcels from "../src/experiment/queue/parcels.ts"
import * as service from "../src/experiment/queue/service.ts"
import * as trials from "../src/experiment/queue/trials.ts"

/**
 * A process of `bench/queue.ts`: a worker in all that concerns the database, but its trials take a millisecond, and
 * leave the files of a directory that is there.
 */
const [grid = "", directory = "", lease = ""] = process.argv.slice(2)

/** Milliseconds, a number per trial. */
export interface Told {
  /** From asking the queue until it hands a trial out, and until the attempt has begun: a claim. */
  readonly claims: ReadonlyArray<number>
  /** Of these, from being handed a trial. */
  readonly begins: ReadonlyArray<number>
  /** Sending the files and the result. */
  readonly ends: ReadonlyArray<number>
  /** Seconds of CPU time. */
  readonly cpu: number
}

const summary = { status: "completed", testAccuracy: 0.5, epochs: 1, steps: 1, seconds: 0.001, seed: 1 }
const result = { _tag: "Completed", summary } as unknown as Parameters<typeof trials.ended>[1]
const [claims, begins, ends]: [Array<number>, Array<number>, Array<number>] = [[], [], []]

const work = Effect.gen(function*() {
  const queue = yield* service.queueOf(grid)
  const store = yield* chunks.inDatabase
  const one = Effect.suspend(() => {
    const asked = performance.now()
    return queue.take(Effect.fnUntraced(function*({ id }, { id: ticket }) {
      const handed = performance.now()
      const claim = yield* trials.begin({ grid, id }, ticket, String(process.pid), 5)
      if (claim === undefined) return
      const begun = performance.now()
      yield* Effect.sleep(1)
      const done = performance.now()
      const owner = { grid, trial: id, attempt: claim.attempt }
      const files = yield* parcels.pack(store, owner, directory, "everything")
      yield* trials.ended(claim, result, files)
      yield* store.keep(owner, files.map(({ upload }) => upload))
      claims.push(begun - asked)
      begins.push(begun - handed)
      ends.push(performance.now() - done)
    }))
  })
  process.send!("ready")
  yield* Effect.callback<void>((resume) => void process.once("message", () => resume(Effect.void)))
  yield* Effect.forever(one)
})

process.on("message", (message) => {
  if (message !== "tell") return
  const { system, user } = process.cpuUsage()
  process.send!({ claims, begins, ends, cpu: (system + user) / 1e6 } satisfies Told)
})

const address = await Effect.runPromise(database.address(database.usual))
await Effect.runPromise(
  work.pipe(Effect.provide([service.layer(address, Number(lease)), NodeServices.layer]))
)

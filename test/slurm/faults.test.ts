import type { Experiment } from "finegrain"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { processes, says, type Started, until } from "../processes.ts"
import { runsSlurm, startSlurm } from "../slurm.ts"
import { writeTinyDataset } from "../tinyDataset.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-on-slurm-"))

/** Training that takes its time without taking the machine's, so that faults meet it at work: not a bit differs. */
const slow = `const nap = (milliseconds) => ({
  about: "naps",
  make: () => (batch) => {
    if (process.env.AWAKE === undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
    return batch
  }
})
// 48 steps take longer than until the signal, and after it there is nothing to wait for.
export const variations = { nap: nap(100), sleep: nap(process.env.SLURM_RESTART_COUNT === undefined ? 2000 : 0) }
export const models = { poison: { about: "kills", make: () => process.kill(process.pid, "SIGKILL") } }
`

/** 96 images in batches of 8: twelve steps an epoch. */
const base: Experiment.Settings = { dataset: scratch, epochs: 4, batchSize: 8, backend: "wasm", threads: 1 }
const [Euc, Sp] = [
  { name: "Euc", settings: { collection: "Euc" } },
  { name: "Sp", settings: { collection: "Sp" } }
]
const experiments = {
  tiny: { base: { ...base, vary: ["nap"] }, rows: [Euc, Sp], seeds: [1] },
  long: { base: { ...base, vary: ["sleep"] }, rows: [Euc], seeds: [1] },
  poisoned: { base, rows: [Euc, { name: "poison", settings: { model: "poison" } }], seeds: [1] },
  // More candidates than an array may have here.
  chosen: {
    base: { ...base, epochs: 1 },
    rows: [Euc],
    seeds: [1],
    selection: { setting: "learningRate", values: [0.001, 0.1, 0.01], seed: 9, validationImages: 30 }
  },
  halved: {
    base: { ...base, epochs: 2 },
    rows: [Euc],
    seeds: [1],
    selection: {
      candidates: 4,
      how: "successive-halving",
      factor: 2,
      epochs: 1,
      over: { learningRate: { from: 0.001, to: 0.3 } },
      seed: 9,
      validationImages: 30
    }
  }
} satisfies Record<string, Omit<Experiment.Experiment, "name" | "about">>

interface Stored {
  readonly cells: ReadonlyArray<{
    readonly chosen?: number
    readonly finals: ReadonlyArray<{ readonly status: string; readonly summary?: { readonly weightsSha256: string } }>
  }>
}

describe.skipIf(!runsSlurm)("a grid on Slurm", { timeout: 120_000 }, () => {
  let slurm: Awaited<ReturnType<typeof startSlurm>>
  let long: Started
  let local: Record<"tiny" | "chosen" | "halved", ReturnType<typeof outcomeOf>>

  const { end, finegrain: start } = processes()
  const finegrain = (...args: ReadonlyArray<string>) => start(args, { cwd: scratch, env: slurm.env })
  const offer = (name: keyof typeof experiments, output: string, ...more: ReadonlyArray<string>) =>
    finegrain("run", `${name}.ts`, "--launcher", "slurm", "--poll", "1", "--output", output, ...more)
  const outcomeOf = (output: string) => {
    const { cells } = JSON.parse(readFileSync(join(scratch, output, "results.json"), "utf8")) as Stored
    return {
      bits: cells.map(({ chosen, finals }) => ({
        chosen,
        finals: finals.map(({ status, summary }) => [status, summary?.weightsSha256])
      })),
      table: readFileSync(join(scratch, output, "table.md"), "utf8")
    }
  }
  const finished = async (output: string, run: Started) => {
    const code = await run.ended
    return code === 0 ? outcomeOf(output) : { code, said: run.said() }
  }
  /** What is in the queue, but for the trial that is in it all the time. */
  const queue = (format: string) =>
    slurm.run("squeue", "--array", "--noheader", `--format=${format}|%j`).trim().split("\n").flatMap((row) => {
      const [said = "", name = ""] = row.split("|")
      return row === "" || name.startsWith("long.") ? [] : [said]
    })
  const empty = () => until(() => queue("%i").length === 0)
  const files = (output: string) =>
    existsSync(join(scratch, output)) ? readdirSync(join(scratch, output), { recursive: true }).map(String) : []
  const arraysIn = (output: string) => files(output).filter((file) => file.endsWith("array.json")).length
  /** Waits until so many trials have told of steps. */
  const atWork = async (output: string, run: Started, trials = 1) => {
    const shares = () =>
      files(output).filter((file) => /^slurm\/[^/]+\/\d+\.json$/.test(file)).filter((file) =>
        (JSON.parse(readFileSync(join(scratch, output, file), "utf8")) as { readonly share: number }).share > 0
      )
    await until(() => shares().length >= trials, run)
  }
  const attempts = (output: string) =>
    files(output).filter((file) => /^slurm\/[^/]+\/\d+\.json$/.test(file)).map((file) =>
      (JSON.parse(readFileSync(join(scratch, output, file), "utf8")) as { readonly attempt: number }).attempt
    )

  beforeAll(async () => {
    writeTinyDataset(scratch)
    writeFileSync(join(scratch, "slow.mjs"), slow)
    for (const [name, experiment] of Object.entries(experiments)) {
      const whole = { name, about: "Does a table survive?", use: ["./slow.mjs"], ...experiment }
      writeFileSync(join(scratch, `${name}.ts`), `export default ${JSON.stringify(whole)}\n`)
    }
    slurm = await startSlurm()
    const alone = async (name: keyof typeof local) => {
      const run = finegrain("run", `${name}.ts`, "--output", `local-${name}`)
      if (await run.ended !== 0) throw new Error(run.said())
      return outcomeOf(`local-${name}`)
    }
    slurm.env["AWAKE"] = "yes"
    local = { tiny: await alone("tiny"), chosen: await alone("chosen"), halved: await alone("halved") }
    delete slurm.env["AWAKE"]
    // Slurm sends its signal up to a minute early, so between 30 and 90 s here: it runs beside the others.
    long = offer("long", "long", "--time", "2", "--lead", "30")
  }, 120_000)

  afterAll(async () => {
    await end()
    await slurm.end()
    rmSync(scratch, { recursive: true, force: true })
  })

  it("chooses among candidates in several arrays as one machine does", async () => {
    const run = offer("chosen", "chosen")
    expect(await finished("chosen", run)).toEqual(local.chosen)
  })

  it("halves candidates as one machine does, and begins the seed after the last rung", async () => {
    const run = offer("halved", "halved")
    expect(await finished("halved", run)).toEqual(local.halved)
    // Four candidates in arrays of two, the two of the last rung, and the seed.
    expect(arraysIn("halved")).toBe(4)
  })

  it("goes on from checkpoints where a task is requeued or told of its end, in a directory of any name", async () => {
    const output = `it's "$(touch wrong)"; %a\n\\x \`id\``
    const run = offer("tiny", output, "--sbatch-option", "comment=it's \"$(touch wrong)\"; %a\n`id`")
    await atWork(output, run, 2)
    const [first, second] = queue("%i")
    slurm.run("scontrol", "requeue", first!)
    slurm.run("scancel", "--batch", "--signal=USR1", second!)
    expect(await finished(output, run)).toEqual(local.tiny)
    expect(attempts(output)).toEqual([2, 2])
    expect(files(".").filter((file) => file.endsWith("wrong"))).toEqual([])
  })

  it("tells of a trial that was cancelled, and runs that one alone on --resume", async () => {
    const run = offer("tiny", "cancelled")
    await atWork("cancelled", run, 2)
    slurm.run("scancel", queue("%i")[0]!)
    expect(await run.ended).toBe(6)
    expect(run.said()).toContain("it was cancelled")
    expect(await finished("cancelled", offer("tiny", "cancelled", "--resume"))).toEqual(local.tiny)
    expect(attempts("cancelled")).toEqual([1, 1, 1])
  })

  it("tells of a trial that fails, and the others go on", async () => {
    const run = offer("poisoned", "poisoned")
    expect(await run.ended).toBe(6)
    expect(outcomeOf("poisoned").bits).toEqual([local.tiny.bits[0], {
      chosen: undefined,
      finals: [["crashed", undefined]]
    }])
    expect(run.said()).toContain("SIGKILL")
  })

  it("goes on to its end where whoever offered it is killed, and is watched again", async () => {
    const run = offer("chosen", "left")
    await until(() => arraysIn("left") === 3 && queue("%r").includes("Dependency"), run)
    run.child.kill("SIGKILL")
    await run.ended
    await empty()
    expect(files("left").filter((file) => /seed-.*summary\.json$/.test(file))).toHaveLength(1)
    expect(await finished("left", offer("chosen", "left", "--resume"))).toEqual(local.chosen)
    // Nothing was submitted a second time: two arrays of candidates, one of the seed.
    expect(arraysIn("left")).toBe(3)
  })

  it("goes on after Ctrl-C, is listed, cancelled, and goes on with --resume", async () => {
    const run = offer("tiny", "stopped", "--throttle", "1")
    await atWork("stopped", run)
    run.child.kill("SIGINT")
    expect(await run.ended).toBe(130)
    expect(run.said()).toContain("The grid goes on without this process")
    expect(queue("%T")).toEqual(expect.arrayContaining(["RUNNING", "PENDING"]))
    const list = finegrain("slurm", "list", "stopped")
    expect(await list.ended).toBe(0)
    expect(list.said()).toMatch(/tiny +1 +1 +0 +0 +0/)
    expect(list.said()).toMatch(/n[12]: +\d+ % Euc, small-cnn, seed 1, attempt 1/)
    expect(await finegrain("slurm", "cancel", "stopped").ended).toBe(0)
    await empty()
    expect(await finished("stopped", offer("tiny", "stopped", "--resume"))).toEqual(local.tiny)
  })

  it("is refused, by name, where the cluster has no such thing", async () => {
    const refused = async (...args: ReadonlyArray<string>) => {
      const run = offer("tiny", `refused${args.join("")}`, ...args)
      expect(await run.ended).toBe(6)
      return run.said()
    }
    const [partition, time, ...slurms] = await Promise.all([
      refused("--partition", "nowhere"),
      refused("--partition", "short", "--time", "1-0"),
      refused("--sbatch-option", "constraint=none"),
      refused("--gpus", "1"),
      refused("--sbatch-option", "mem=nonsense")
    ])
    expect(partition).toContain("there is no partition nowhere. There are main, short, urgent.")
    expect(time).toContain("the partition short allows 600 s")
    // In Slurm's own words.
    expect(slurms).toEqual([
      expect.stringMatching(/sbatch: error: .*Invalid feature specification/),
      expect.stringMatching(/sbatch: error: .*Invalid generic resource/),
      expect.stringMatching(/sbatch: error: .*Invalid --mem specification/)
    ])
    expect(queue("%i")).toEqual([])
    expect(files(".").filter((file) => file.startsWith("refused--") && file.includes("/"))).toEqual([])
    // So nothing has to be resumed.
    const again = offer("tiny", "refused--sbatch-optionconstraint=none")
    expect(await finished("refused--sbatch-optionconstraint=none", again)).toEqual(local.tiny)
  })

  it("is told of what Slurm takes and never runs", async () => {
    const run = offer("tiny", "stuck", "--cpus", "99")
    await says(run, /Euc, small-cnn, seed 1 waits for more than its turn \(PartitionConfig, as Slurm says\)/)
    expect(await finegrain("slurm", "cancel", "stuck").ended).toBe(0)
    expect(await run.ended).toBe(6)
    expect(run.said().match(/waits for more/g)).toHaveLength(1)
  })

  it("goes on from a checkpoint in another allocation before the time limit", async () => {
    expect(await finished("long", long)).toMatchObject({ bits: [local.tiny.bits[0]] })
    expect(attempts("long")[0]).toBeGreaterThan(1)
  })

  // Last, since it meets whatever runs.
  it("goes on from checkpoints where others are preferred, and where nodes are lost", async () => {
    const run = offer("tiny", "preempted")
    await atWork("preempted", run, 2)
    slurm.run("sbatch", "--partition=urgent", "--nodes=2", "--exclusive", "--output=/dev/null", "--wrap=sleep 1")
    await until(() => attempts("preempted").every((attempt) => attempt >= 2), run)
    await atWork("preempted", run, 2)
    // They come back by themselves, with what still runs there.
    slurm.run("scontrol", "update", "nodename=n1,n2", "state=down", "reason=test")
    expect(await finished("preempted", run)).toEqual(local.tiny)
    expect(attempts("preempted")).toEqual([3, 3])
  })
})

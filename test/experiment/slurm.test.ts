import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, it, vi } from "vitest"
import * as LauncherFlags from "../../cli/launcherFlags.ts"
import * as arrays from "../../src/experiment/slurm/arrays.ts"
import * as cluster from "../../src/experiment/slurm/cluster.ts"
import * as commands from "../../src/experiment/slurm/commands.ts"
import * as jobs from "../../src/experiment/slurm/jobs.ts"
import * as options from "../../src/experiment/slurm/options.ts"
import { codes, script } from "../../src/experiment/slurm/script.ts"
import { split } from "../../src/experiment/slurm/submit.ts"
import * as verdict from "../../src/experiment/slurm/verdict.ts"
import { finegrain } from "../commandLine.ts"

describe("options of sbatch", () => {
  it("have times in every form of Slurm", () => {
    const times = ["30", "1:30", "4:00:00", "1-12", "1-12:30", "1-12:30:15", "UNLIMITED"]
    expect(times.map(options.secondsOf)).toEqual([1800, 90, 14_400, 129_600, 131_400, 131_415, Infinity])
    for (const text of ["", "4h", "1-", "-1", "1:2:3:4", "1-2:3:4:5", "4:00:00 --wrap=id"]) {
      expect(options.secondsOf(text), text).toBeUndefined()
    }
  })

  it("are handed on, but for those that finegrain says itself, in whatever length", () => {
    for (
      const text of ["constraint=a100", "--mem=16G", "gres=gpu:1", "exclusive", "comment=a 'b' $(c)\n", "time-min=1"]
    ) {
      expect(options.refusal(text), text).toBeUndefined()
    }
    expect(options.refusal("-C a100")).toBe(
      "must be one option of sbatch in its long form, as constraint=a100, not \"-C a100\""
    )
    expect(options.refusal("partition=x")).toBe("\"partition=x\" is for --partition to say")
    expect(options.refusal("--parti=x")).toBe("\"--parti=x\" is for --partition to say")
    for (const text of ["array=1-9", "arr=1-9", "output=x", "--wrap=id", "dependency=x", "chdir=/", "no-requeue"]) {
      expect(options.refusal(text), text).toMatch(/ sets --[a-z-]+, which finegrain sets itself$/)
    }
  })

  it("are arguments, each by itself", () => {
    const asked = {
      partition: "a b",
      gpus: 2,
      cpus: 3,
      time: "4:00:00",
      lead: 90,
      sbatchOption: ["comment=$(x) '\"\n"]
    }
    const made = options.submission(asked, { name: "t.1", size: 3, throttle: 2, after: ["7_0", "7_1"] })
    expect(made).toEqual(expect.arrayContaining([
      "--array=0-2%2",
      "--job-name=t.1",
      "--signal=B:USR1@90",
      "--dependency=afterany:7_0:7_1",
      "--partition=a b",
      "--gpus=2",
      "--cpus-per-task=3",
      "--time=4:00:00",
      "--comment=$(x) '\"\n"
    ]))
  })
})

it("arrays are no larger than allowed, and lose nobody", () => {
  expect(split([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]])
  expect(split([], 2)).toEqual([])
})

it("what squeue prints is read, and what is not ours is not", () => {
  const text =
    "12|0|RUNNING|1-02:03:04|None|n1|t.1\n12|7|PENDING|0:00|JobHeldAdmin||t.1\n9|N/A|RUNNING|0:01|None|n1|x\n"
  expect(jobs.parse(text)).toEqual([
    { array: "12", index: 0, state: "RUNNING", seconds: 93_784, reason: "None", node: "n1", name: "t.1" },
    { array: "12", index: 7, state: "PENDING", seconds: 0, reason: "JobHeldAdmin", node: "", name: "t.1" }
  ])
  expect(["PENDING", "COMPLETING", "REQUEUED", "SUSPENDED"].every((state) => jobs.isOpen({ state }))).toBe(true)
  expect(["COMPLETED", "FAILED", "TIMEOUT", "CANCELLED"].some((state) => jobs.isOpen({ state }))).toBe(false)
  expect(jobs.settingOf("MaxArraySize            = 1001\nX = a=b", "MaxArraySize")).toBe("1001")
  expect(jobs.settingOf("MaxArraySize            = 1001\nX = a=b", "X")).toBe("a=b")
  expect(jobs.codeOf("JobState=FAILED ExitCode=66:0 RunTime=00:00:01")).toBe(66)
})

describe("a job that is over without a word", () => {
  const remains = { code: undefined, node: "n1", hasBegun: true, log: "its log is x" }
  const of = (state: string | undefined, hasAdvanced: boolean, code?: number) =>
    verdict.of({ ...remains, state, hasAdvanced, code })

  it("goes on in another allocation where it got on and could not help it", () => {
    for (const state of ["TIMEOUT", "PREEMPTED", "NODE_FAIL", "BOOT_FAIL"]) {
      expect(of(state, true)).toEqual({ _tag: "Again" })
      expect(of(state, false)._tag).toBe("Failed")
    }
    expect(of("FAILED", true, codes.more)).toEqual({ _tag: "Again" })
  })

  it("has failed, by name, where another would not mend it", () => {
    const names = [of("CANCELLED", true), of("OUT_OF_MEMORY", true), of("FAILED", true, 1), of(undefined, true)]
    expect(names.map((one) => one._tag === "Failed" && one.error)).toEqual([
      "Cancelled",
      "OutOfMemory",
      "Crashed",
      "Vanished"
    ])
    expect(of("FAILED", false, codes.none)).toMatchObject({ error: "TimedOut" })
    expect(of("FAILED", false, codes.absent)).toMatchObject({ error: "Absent" })
    expect(of("FAILED", false, 9)).toMatchObject({ reason: "the job ended with code 9 on n1; its log is x" })
  })
})

describe("the script of a task", () => {
  /** A `scontrol` that says what it is asked, and a trial that ends so. */
  const run = (trial: string, name = "a b'\"$(touch wrong)\n;%a") => {
    const scratch = mkdtempSync(join(tmpdir(), "finegrain-script-"))
    try {
      const directory = join(scratch, name)
      execFileSync("mkdir", [directory])
      writeFileSync(join(scratch, "job.sh"), script)
      writeFileSync(join(scratch, "scontrol"), "#!/bin/bash\necho \"$@\"\n", { mode: 0o755 })
      const env = {
        ...process.env,
        PATH: `${scratch}:${process.env["PATH"]}`,
        SLURM_ARRAY_JOB_ID: "12",
        SLURM_ARRAY_TASK_ID: "3"
      }
      const args = [join(scratch, "job.sh"), directory, "bash", "-c", trial, "a b", "$(c) '\n"]
      let code = 0
      try {
        execFileSync("bash", args, { env, cwd: scratch, stdio: "pipe" })
      } catch (error) {
        code = (error as { readonly status: number }).status
      }
      return { code, log: readFileSync(join(directory, "3.log"), "utf8") }
    } finally {
      rmSync(scratch, { recursive: true, force: true })
    }
  }

  it("runs what it is given, in its directory, whatever the names", () => {
    expect(run("echo \"[$0] [$1]\"; exit 5")).toEqual({ code: 5, log: "[a b] [$(c) '\n]\n" })
  })

  it("asks for another allocation where the signal came and there is a new checkpoint", () => {
    const stopping = (code: number) => `trap 'exit ${code}' TERM; kill -USR1 $PPID; while :; do sleep 0.01; done`
    expect(run(stopping(codes.more))).toEqual({ code: codes.more, log: "requeue 12_3\n" })
    expect(run(stopping(codes.none))).toEqual({ code: codes.none, log: "" })
    expect(run("kill -USR1 $PPID; sleep 1")).toMatchObject({ code: 143, log: expect.stringMatching(/requeue 12_3\n$/) })
  })

  it("does not where the end came from elsewhere, and tells of a directory that is not there", () => {
    const trial = `trap 'exit ${codes.more}' TERM; kill -TERM $PPID; while :; do sleep 0.01; done`
    expect(run(trial)).toEqual({ code: codes.more, log: "" })
    const scratch = mkdtempSync(join(tmpdir(), "finegrain-script-"))
    writeFileSync(join(scratch, "job.sh"), script)
    expect(() => execFileSync("bash", [join(scratch, "job.sh"), join(scratch, "none"), "true"], { stdio: "pipe" }))
      .toThrow(expect.objectContaining({ status: codes.absent }))
    rmSync(scratch, { recursive: true, force: true })
  })
})

describe("Slurm's commands", () => {
  const scratch: Array<string> = []
  afterEach(() => {
    vi.unstubAllEnvs()
    for (const directory of scratch.splice(0)) rmSync(directory, { recursive: true, force: true })
  })
  /** A PATH with commands that are these scripts, beside the system's. */
  const withCommands = (scripts: Readonly<Record<string, string>>, others = process.env["PATH"]) => {
    const directory = mkdtempSync(join(tmpdir(), "finegrain-commands-"))
    scratch.push(directory)
    for (const [name, text] of Object.entries(scripts)) {
      writeFileSync(join(directory, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 })
    }
    vi.stubEnv("PATH", `${directory}:${others}`)
  }
  const refused = (asked: Parameters<typeof cluster.check>[0]) =>
    Effect.runPromise(Effect.match(cluster.check(asked), { onFailure: ({ message }) => message, onSuccess: String }))

  it("are told by name where they are not there", async () => {
    withCommands({}, "/nowhere")
    expect(await refused({ lead: 1 })).toContain("there is no sbatch on the PATH")
  })

  it("tell what a cluster has: what is asked for beyond that is refused", async () => {
    withCommands({
      sbatch: "exit 0",
      scontrol: "echo 'MaxArraySize            = 77'",
      sinfo: "printf 'infinite|main\\n10:00|short\\n'"
    })
    expect(await refused({ lead: 60, partition: "main", time: "4:00:00" })).toBe("77")
    expect(await refused({ lead: 60, partition: "none" })).toContain("There are main, short.")
    expect(await refused({ lead: 60, partition: "short", time: "11" })).toContain("the partition short allows 600 s")
    expect(await refused({ lead: 60, time: "1" })).toContain("Give more --time, or less --lead.")
  })

  it("get arguments as they are, no credentials, and nothing that contradicts", async () => {
    withCommands({ say: "printf '[%s]' \"$@\" \"${PGPASSWORD-}\" \"${ADDRESS-}\" \"${SBATCH_ARRAY_INX-}\"" })
    vi.stubEnv("PGPASSWORD", "hush")
    vi.stubEnv("ADDRESS", "postgres://me:hush@there/x")
    vi.stubEnv("SBATCH_ARRAY_INX", "1-99")
    expect(await Effect.runPromise(commands.run("say", ["a b", "$(c) '\n\""]))).toBe("[a b][$(c) '\n\"][][][]")
  })

  it("list what waits for what may never come, and not what waits for its turn, for whatever reason", async () => {
    const root = mkdtempSync(join(tmpdir(), "finegrain-waiting-"))
    scratch.push(root)
    const reasons = ["None", "Priority", "BeginTime", "Cleaning", "JobHeldAdmin", "DependencyNeverSatisfied"]
    const entries = reasons.map((column) => ({ row: "Euc", column, seed: 1 }))
    const { name } = await Effect.runPromise(Effect.provide(arrays.write(root, "t", entries, []), NodeServices.layer))
    const lines = reasons.map((reason, i) => `echo '12|${i}|PENDING|0:00|${reason}||${name}'`)
    withCommands({ squeue: lines.join("\n") })
    const { code, stdout } = await finegrain("slurm", "list", root)
    expect([code, stdout.match(/Euc, .*/g)]).toEqual([0, [
      "Euc, JobHeldAdmin, seed 1: PENDING, JobHeldAdmin",
      "Euc, DependencyNeverSatisfied, seed 1: PENDING, DependencyNeverSatisfied"
    ]])
  })

  it("fail in their own words", async () => {
    withCommands({ say: "echo 'error: no such thing' >&2; exit 1" })
    const failed = Effect.runPromise(Effect.flip(commands.run("say", [])))
    expect((await failed).message).toContain("say says: error: no such thing")
  })
})

it("flags that make no sense are refused before anything is asked", async () => {
  const refused = (flags: Readonly<Record<string, unknown>>) =>
    Effect.runPromise(
      Effect.match(
        LauncherFlags.decode(
          "slurm",
          Object.fromEntries(Object.entries(flags).map(([key, value]) => [key, Option.some(value)]))
        ),
        { onFailure: (problems) => problems, onSuccess: () => [] }
      )
    )
  expect(await refused({ time: "4:00:00", sbatchOption: ["mem=1G"], throttle: 2 })).toEqual([])
  expect(await refused({ time: "4h", sbatchOption: ["mem=1G", "array=1-2"] })).toEqual([
    "--time: must be a time as Slurm writes it, as 30, 4:00:00 or 1-12",
    "--sbatch-option.1: \"array=1-2\" sets --array, which finegrain sets itself"
  ])
})

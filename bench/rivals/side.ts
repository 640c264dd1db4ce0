/** A side of a comparison: a process that takes steps when it is asked for some, and tells how long each took. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { homedir } from "node:os"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import type { Subject } from "../networkStep.ts"

/** What there is a step of; `layout`, `compiled` and `way` are for PyTorch. */
export type Work =
  | (Subject & {
    readonly kind: "network"
    readonly batch: number
    readonly layout?: "default" | "channels last"
    readonly compiled?: boolean
  })
  | { readonly kind: "optimizer"; readonly model: Subject["model"]; readonly channels: number }
  | {
    readonly kind: "layer"
    readonly manifold: "sphere" | "oblique" | "Stiefel"
    readonly n: number
    readonly inputs: number
    readonly outputs: number
    readonly way?: string
  }

/** What a side is asked. */
export type Asked =
  | { readonly do: "steps"; readonly work: Work; readonly times: number }
  | { readonly do: "memory" }
  | { readonly do: "forget" }

/** A side that runs. */
export interface Side {
  readonly name: string
  /** What it says of itself: versions, and what computes. */
  readonly about: Readonly<Record<string, string>>
  /** Milliseconds of every step. */
  readonly steps: (work: Work, times: number) => Promise<ReadonlyArray<number>>
  /** Frees what its steps needed. */
  readonly forget: () => Promise<unknown>
  /** MiB that it has held at most. */
  readonly memory: () => Promise<number>
  readonly stop: () => Promise<void>
}

const cache = process.env["FINEGRAIN_CACHE"] ?? join(homedir(), ".cache", "finegrain")

/** The interpreter that bench/rivals/install.sh has filled, or that the variable PYTHON names. */
export const python = (): string => {
  const installed = join(cache, "rivals", "bin", "python")
  return process.env["PYTHON"] ?? (existsSync(installed) ? installed : "python3")
}

const commands = {
  own: (engine: string, threads: number) => [
    process.execPath,
    ["--conditions=finegrain:source", join(import.meta.dirname, "own_steps.ts"), engine, String(threads)]
  ],
  torch: (device: string, threads: number) => [
    python(),
    [join(import.meta.dirname, "torch_steps.py"), String(threads), device]
  ],
  jax: (_: string, threads: number) => [python(), [join(import.meta.dirname, "jax_steps.py"), String(threads)]]
} as const satisfies Record<string, (which: string, threads: number) => readonly [string, ReadonlyArray<string>]>

/** Starts a side; its last words where it does not start. */
export const startSide = async (
  name: string,
  kind: keyof typeof commands,
  which: string,
  threads: number
): Promise<Side | string> => {
  const [command, args] = commands[kind](which, threads)
  const count = String(threads)
  const child = spawn(command, [...args], {
    cwd: resolve(import.meta.dirname, "../.."),
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      ...process.env,
      OMP_NUM_THREADS: count,
      TF_NUM_INTRAOP_THREADS: count,
      FINEGRAIN_THREADS: count,
      // What is compiled once is kept.
      TORCHINDUCTOR_CACHE_DIR: join(cache, "inductor"),
      JAX_COMPILATION_CACHE_DIR: join(cache, "jax")
    }
  })
  let words = ""
  child.stderr.on("data", (text) => words = `${words}${String(text)}`.slice(-2000))
  const failed = once(child, "error").then(([error]) => words += String(error))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async (): Promise<unknown> => {
    const line = await Promise.race([lines.next(), failed.then(() => ({ done: true as const, value: undefined }))])
    if (line.done === true) throw new Error(`${name} ended: ${words.trim().split("\n").at(-1) ?? ""}`)
    return JSON.parse(line.value as string)
  }
  const ask = (asked: Asked): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(asked)}\n`)
    return answer()
  }
  try {
    const about = await answer() as Side["about"]
    return {
      name,
      about,
      steps: (work, times) => ask({ do: "steps", work, times }) as Promise<ReadonlyArray<number>>,
      forget: () => ask({ do: "forget" }),
      memory: () => ask({ do: "memory" }) as Promise<number>,
      stop: async () => {
        child.stdin.end()
        if (child.exitCode === null) await once(child, "exit")
      }
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

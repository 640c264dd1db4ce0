import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

/** The command line of this checkout. */
const main = resolve(import.meta.dirname, "../cli/main.ts")

/** A command that was started. */
export interface Started {
  readonly child: ChildProcess
  /** Its exit code, once nothing more can be heard of it; null where a signal ended it. */
  readonly ended: Promise<number | null>
  /** What it has said so far. */
  readonly said: () => string
}

/** Where a command is started. */
export interface Where {
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
}

/** How the command line is started, if not as it is. */
export interface How {
  readonly env?: NodeJS.ProcessEnv
  /** What starts it in place of the shell, as `unshare`. */
  readonly within?: ReadonlyArray<string>
  /** The file of another command line. */
  readonly main?: string
}

/** Waits until something holds; fails once a command has ended without which it never will. */
export const until = async (holds: () => boolean, because?: Started) => {
  while (!holds()) {
    if (because !== undefined && (because.child.exitCode !== null || because.child.signalCode !== null)) {
      await because.ended
      if (holds()) return
      throw new Error(`The command has ended, and it never held that ${holds.toString()}: ${because.said()}`)
    }
    await sleep(100)
  }
}

/** Waits until a command says something, and gives what of it was meant. */
export const says = async (command: Started, what: RegExp) => {
  await until(() => what.test(command.said()), command)
  return what.exec(command.said())!
}

/** Asks commands to end in order, and waits for them. */
export const dismiss = async (...commands: ReadonlyArray<Started>) => {
  for (const { child } of commands) child.kill("SIGTERM")
  for (const { ended } of commands) await ended
}

/** Processes of a test, none of which outlives it. Each has a group of its own, with what it starts. */
export const processes = () => {
  const begun: Array<Started> = []
  const start = (command: string, args: ReadonlyArray<string>, { cwd, env = process.env }: Where): Started => {
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] })
    let told = ""
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (told += text.toString()))
    const ended = once(child, "close").then(([code]) => code as number | null)
    const started = { child, ended, said: () => told }
    begun.push(started)
    return started
  }
  return {
    start,
    /** The command line. */
    finegrain: (args: ReadonlyArray<string>, where: Where, { env = {}, main: file = main, within = [] }: How = {}) => {
      const [command, ...rest] = [...within, process.execPath, "--conditions=finegrain:source", file, ...args]
      return start(command!, rest, { ...where, env: { ...where.env ?? process.env, ...env } })
    },
    /** What every command has said so far. */
    everything: () => begun.map(({ said }) => said()).join("\n"),
    /** Ends them all, with what they have started, and waits until nothing more is heard of them. */
    end: async (signal: NodeJS.Signals = "SIGKILL") => {
      for (const { child: { pid } } of begun) {
        try {
          process.kill(-pid!, signal)
        } catch {
          // Nobody is left of them.
        }
      }
      for (const { ended } of begun) await ended
    }
  }
}

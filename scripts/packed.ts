/** The package as users get it: packed, and installed into a project that has nothing else. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, dirname, join, resolve } from "node:path"

export const root = resolve(import.meta.dirname, "..")

/** This Node comes first on the path, for the `#!/usr/bin/env node` of commands. */
const env = () => ({ ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}` })

/** What a command prints; throws with it where the command fails. */
export const run = (command: string, args: ReadonlyArray<string>, cwd: string): string => {
  const { error, status, stdout } = spawnSync(command, [...args], {
    cwd,
    env: env(),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"]
  })
  if (error === undefined && status === 0) return stdout
  throw new Error(`${[command, ...args].join(" ")} failed (${error?.message ?? status}):\n${stdout}`)
}

interface Tarball {
  readonly filename: string
  readonly files: ReadonlyArray<{ readonly path: string }>
}

/** Packs finegrain into a directory of its own. */
export const pack = (): Tarball & { readonly project: string } => {
  const project = mkdtempSync(join(tmpdir(), "finegrain-package-"))
  const told = run("npm", ["pack", "--json", "--pack-destination", project], root).replace(/^[^[{]*/, "")
  const [tarball] = Object.values(JSON.parse(told) as ReadonlyArray<Tarball> | Readonly<Record<string, Tarball>>)
  if (tarball === undefined) throw new Error("npm pack made nothing")
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }))
  return { ...tarball, project }
}

/** Installs packages into a project; their install scripts do not run. */
export const install = (project: string, packages: ReadonlyArray<string>): string =>
  run("npm", ["install", "--no-audit", "--no-fund", "--loglevel", "error", ...packages], project)

import { execFileSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { connect } from "node:net"
import { tmpdir, userInfo } from "node:os"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { freePort } from "../freePort.ts"
import { binaries, runsPostgres } from "../postgres.ts"
import { processes, type Started, until } from "../processes.ts"

/** The blocks of docs/many-machines.md, each typed into a terminal as it stands, but for the port. */
const root = resolve(import.meta.dirname, "../..")
const guide = readFileSync(join(root, "docs/many-machines.md"), "utf8")
const block = (name: string) => {
  const [, text] = new RegExp(`^\`\`\`\\w+ ${name}\\n([\\s\\S]*?)^\`\`\``, "m").exec(guide) ?? []
  if (text === undefined) throw new Error(`docs/many-machines.md has no block ${name}`)
  return text
}

const scratch = mkdtempSync(join(tmpdir(), "finegrain-guide-"))
const hosts = ["ada", "bell", "curie"] as const
const home = (host: string) => join(scratch, "hosts", host, "poms")

/** A program of the guide that this machine has no other machines for. */
const stand = (name: string, script: string) => {
  const file = join(scratch, "bin", name)
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
}

describe.skipIf(!runsPostgres)("docs/many-machines.md", { timeout: 240_000 }, () => {
  let port = 0
  const path = () => ({ ...process.env, PATH: [join(scratch, "bin"), binaries(), process.env["PATH"]].join(":") })
  const { end, start } = processes()
  /** A terminal on a machine, in which a block is typed. */
  const terminal = (host: string, name: string, change = (text: string) => text) =>
    start("bash", ["-ec", change(block(name)).replaceAll("5433", String(port))], { cwd: home(host), env: path() })
  /** What went wrong in it, in the end. */
  const failure = async ({ ended, said }: Started) => await ended === 0 ? "" : said()
  const cells = (host: string, run: string) => {
    const { cells } = JSON.parse(readFileSync(join(home(host), "runs", run, "results.json"), "utf8")) as {
      readonly cells: ReadonlyArray<{ readonly finals: ReadonlyArray<{ summary?: { weightsSha256: string } }> }>
    }
    return cells.map(({ finals }) => finals.map(({ summary }) => summary?.weightsSha256))
  }

  beforeAll(async () => {
    port = await freePort()
    mkdirSync(join(scratch, "bin"))
    const main = `${JSON.stringify(process.execPath)} --conditions=finegrain:source ${join(root, "cli", "main.ts")}`
    stand("npx", `shift; exec ${main} "$@"`)
    // Other machines are directories; what ssh hands over is for a shell there.
    stand("ssh", `cd ${join(scratch, "hosts")}/"$1" && exec sh -c "$2"`)
    stand(
      "scp",
      `shift; for last; do :; done
      at() { case "$1" in *:*) echo ${join(scratch, "hosts")}/"\${1%%:*}/\${1#*:}";; *) echo "$1";; esac; }
      to=$(at "$last"); while [ $# -gt 1 ]; do cp -rp "$(at "$1")" "$to"; shift; done`
    )
    for (const host of hosts) {
      mkdirSync(join(home(host), "node_modules"), { recursive: true })
      symlinkSync(root, join(home(host), "node_modules", "finegrain"))
      writeFileSync(join(home(host), "spheres.ts"), block("spheres.ts"))
    }
    if (userInfo().uid === 0) {
      execFileSync("chown", ["postgres", scratch, join(scratch, "hosts"), join(scratch, "hosts", "ada"), home("ada")])
    }
    chmodSync(scratch, 0o755)
    terminal("ada", "database", (text) => userInfo().uid === 0 ? `runuser -u postgres -- sh -c '${text.trim()}'` : text)
    const isUp = () =>
      new Promise<boolean>((done) => {
        const socket = connect(port, "127.0.0.1", () => (socket.destroy(), done(true)))
        socket.once("error", () => done(false))
      })
    while (!(await isUp())) await sleep(100)
    writeFileSync(
      join(home("ada"), ".database"),
      `postgresql://finegrain@127.0.0.1:${port}/postgres?sslmode=disable\n`
    )
  }, 60_000)

  afterAll(async () => {
    await end("SIGTERM")
    rmSync(scratch, { recursive: true, force: true })
  })

  it("the queue has the bits that two parts join to, and workers by ssh have nothing left to do", async () => {
    terminal("curie", "work")
    expect(await failure(terminal("ada", "offer"))).toBe("")
    for (const [host, part] of [["ada", "1/2"], ["bell", "2/2"]] as const) {
      expect(await failure(terminal(host, "shard", (text) => text.replace("1/2", part)))).toBe("")
    }
    const queued = cells("ada", "spheres")
    expect(queued.flat()).toHaveLength(4)
    rmSync(join(home("ada"), "runs", "spheres"), { recursive: true })
    expect(await failure(terminal("ada", "join"))).toBe("")
    expect(cells("ada", "spheres")).toEqual(queued)
    rmSync(join(home("ada"), "runs", "spheres"), { recursive: true })
    expect(await failure(terminal("ada", "ssh"))).toBe("")
    expect(cells("ada", "spheres")).toEqual(queued)
    const log = () =>
      existsSync(join(home("bell"), "worker.log")) ? readFileSync(join(home("bell"), "worker.log"), "utf8") : ""
    await until(() => log().includes("takes trials of spheres"))
  })
})

import { execFileSync } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { userInfo } from "node:os"
import { join } from "node:path"
import { type processes, says } from "../processes.ts"

/** Machines that are this one, but for a disk or a network of their own, made by whoever runs the tests. */

const isRoot = userInfo().uid === 0
const alone = isRoot ? [] : ["--user", "--map-root-user"]

/** Starts a command that alone sees what is mounted. */
export const mounting = (what: string) => [
  "unshare",
  "--mount",
  ...alone,
  "sh",
  "-c",
  `mount ${what} && exec "$@"`,
  "sh"
]

/** Starts a command beside a process, in its world. */
const beside = (pid: number, what: "--mount" | "--net", cwd: string) => [
  "nsenter",
  `--target=${pid}`,
  ...isRoot ? [] : ["--user", "--preserve-credentials"],
  what,
  `--wd=${cwd}`
]

type Processes = ReturnType<typeof processes>

/** A directory that is a disk of its own for whatever is started `within`, and fills up whenever that is told. */
export const diskAt = async ({ start }: Processes, directory: string, size: string) => {
  mkdirSync(directory, { recursive: true })
  const [command, ...rest] = mounting(`-t tmpfs -o size=${size} tmpfs ${directory}`)
  const holder = start(command!, [...rest, "sh", "-c", "echo mounted && exec sleep infinity"], { cwd: "/" })
  await says(holder, /mounted/)
  const seen = join("/proc", String(holder.child.pid), "root", directory)
  const ballast = join(seen, "ballast")
  return {
    within: (cwd: string) => beside(holder.child.pid!, "--mount", cwd),
    /** Where this process sees it. */
    seen,
    fill: () => {
      const bytes = Buffer.alloc(4096)
      try {
        for (;;) writeFileSync(ballast, bytes, { flag: "a" })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error
      }
    },
    makeRoom: () => rmSync(ballast)
  }
}

/** Hands on whatever comes, to a socket of the file system, which is seen from every network. */
const relay = `
  const { connect, createServer } = require("node:net")
  const server = createServer((here) => {
    const there = connect(process.argv[1])
    for (const [a, b] of [[here, there], [there, here]]) a.pipe(b).on("error", () => a.destroy())
    here.on("close", () => there.destroy()).on("error", () => there.destroy())
  }).listen(0, "127.0.0.1", () => console.log("port", server.address().port))
`

/** A network from which nothing but a socket is reached, on whose way packets are lost whenever that is told. */
export const networkTo = async ({ start }: Processes, socket: string) => {
  const made = ["--net", ...alone, "sh", "-c", `ip link set lo up && exec "$@"`, "sh"]
  const holder = start("unshare", [...made, process.execPath, "-e", relay, socket], { cwd: "/" })
  const [, port] = await says(holder, /port (\d+)/)
  const within = (cwd: string) => beside(holder.child.pid!, "--net", cwd)
  const nft = (rules: string) => {
    const [command, ...rest] = within("/")
    execFileSync(command!, [...rest, "nft", rules], { stdio: ["ignore", "ignore", "inherit"] })
  }
  return {
    port: port!,
    within,
    // What is dropped where it is sent would be an error there; where it arrives, it is only missed.
    drop: () =>
      nft("add table inet cut; add chain inet cut arriving { type filter hook input priority 0; policy drop; }"),
    pass: () => nft("delete table inet cut")
  }
}

import { readdirSync, readFileSync } from "node:fs"

/** Of a line in /proc/PID/stat: the parent, and ticks of 10 ms of the process and of its children that have ended. */
const statOf = (pid: string) => {
  try {
    // The state and what follows it, behind a name that may hold anything.
    const line = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!
    const [, parent = 0, ...rest] = line.split(" ").map(Number)
    return [{ pid: Number(pid), parent, own: rest[9]! + rest[10]!, children: rest[11]! + rest[12]! }]
  } catch {
    // It has ended.
    return []
  }
}

/** Seconds of CPU time of a process and its children, those that have ended among them. */
export const cpuOf = (root: number): number => {
  const stats = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap(statOf)
  const ticks = stats.flatMap((one) => one.pid === root ? one.own + one.children : one.parent === root ? one.own : [])
  return ticks.reduce((a, b) => a + b, 0) / 100
}

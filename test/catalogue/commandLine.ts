import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Row, told } from "./Row.ts"

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
    given: "--resume without --output",
    says: "flags: --resume needs the --output of the run",
    run: () => told("train", "--resume")
  }
]

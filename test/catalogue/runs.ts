import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { finegrain } from "../commandLine.ts"
import { writeTinyDataset } from "../tinyDataset.ts"

/** A tiny dataset, and runs on it that rows and properties damage copies of. */
const scratch = mkdtempSync(join(tmpdir(), "finegrain-runs-"))
process.once("exit", () => rmSync(scratch, { recursive: true, force: true }))
writeTinyDataset(scratch)

const settings = {
  "--model": "small-cnn",
  "--collection": "Sp",
  "--epochs": "2",
  "--batch-size": "32",
  "--seed": "3",
  "--backend": "wasm",
  "--checkpoint-seconds": "0",
  "--dataset": scratch
}

/** Flags of every run here, and how some of them differ. */
export const flags = (others: Readonly<Record<string, string>> = {}): ReadonlyArray<string> =>
  Object.entries({ ...settings, ...others }).flat()

let made: Promise<string> | undefined

/** A run that was completed, made once. */
const completed = () =>
  made ??= finegrain("train", ...flags(), "--output", join(scratch, "run")).then(({ code, stderr }) => {
    if (code !== 0) throw new Error(stderr)
    return join(scratch, "run")
  })

/** Copies a completed run into a directory. */
export const completedIn = async (directory: string): Promise<void> =>
  cpSync(await completed(), directory, { recursive: true })

/** The same, killed in its last epoch. */
export const killedIn = async (directory: string): Promise<void> => {
  await completedIn(directory)
  const results = ["summary.json", "spectra.json", "evaluation.json", "report.html", "figures"]
  const gone = [...results, "weights.bin", "model.json", "checkpoint.bin"]
  for (const name of gone) rmSync(join(directory, name), { recursive: true, force: true })
  if (!existsSync(join(directory, "checkpoint.previous.bin"))) throw new Error("there is no earlier checkpoint")
}

/** An experiment of one trial, its file without an extension that Node would have to strip. */
export const experiment = {
  name: "tiny",
  about: "Is it damaged?",
  base: { dataset: scratch, model: "small-cnn", collection: "Sp", epochs: 2, batchSize: 32, backend: "wasm" },
  rows: [{ name: "Sp", settings: {} }],
  seeds: [3]
}

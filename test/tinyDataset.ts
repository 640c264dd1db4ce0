import { Idx, Seed } from "finegrain"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Split } from "../src/data/Dataset.ts"

/** Noisy 8×8 pictures of horizontal (0) and vertical (1) stripes and of a blank (2): learnable within seconds. */
const split = (count: number, seed: number): Split => {
  const noise = Seed.uniforms(seed, count * 64)
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 3)
  const images = Uint8Array.from({ length: count * 64 }, (_, i) => {
    const [label, row, column] = [labels[Math.floor(i / 64)]!, Math.floor((i % 64) / 8), i % 8]
    const stripe = label === 0 ? row % 2 : label === 1 ? column % 2 : 0.5
    return 40 + 120 * stripe + 60 * noise[i]!
  })
  return { images, labels, count }
}

export const tinyDataset = {
  name: "stripes",
  classes: 3,
  height: 8,
  width: 8,
  channels: 1,
  train: split(96, 1),
  test: split(30, 2),
  checksum: "none"
}

/** The same as four IDX files. */
export const writeTinyDataset = (directory: string, dataset = tinyDataset): void => {
  const { height, test, train, width } = dataset
  for (const [prefix, split] of [["train", train], ["t10k", test]] as const) {
    writeFileSync(
      join(directory, `${prefix}-images-idx3-ubyte`),
      Idx.encode({ type: "uint8", shape: [split.count, height, width], values: split.images })
    )
    writeFileSync(
      join(directory, `${prefix}-labels-idx1-ubyte`),
      Idx.encode({ type: "uint8", shape: [split.count], values: split.labels })
    )
  }
}

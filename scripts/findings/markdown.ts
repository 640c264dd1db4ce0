/** What pages of findings have in common: tables in Markdown, means, layers. */
import { Statistics } from "finegrain"

export const table = (header: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>) =>
  [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

export const mean = (values: ReadonlyArray<number>) => Statistics.sample(values).mean

/** Of the layers of a residual network. */
export const isConvolution = (layer: string) => /conv\d$/.test(layer)

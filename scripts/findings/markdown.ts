/** Tables in Markdown, and means in them. */
import { Statistics } from "finegrain"

export const table = (header: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>) =>
  [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

export const mean = (values: ReadonlyArray<number>) => Statistics.sample(values).mean

/** What bench/scaling.ts measures, and its two tables. */
import { spread, type Timing } from "./timing.ts"

/** What bench/scaling.ts writes. */
export interface Scaling {
  readonly rows: ReadonlyArray<{
    readonly collection: string
    readonly kernels: number
    readonly side: number
    readonly small: Timing
    readonly large: Timing
    readonly tenfold: number
    readonly toDearest: number
  }>
  readonly batches: ReadonlyArray<{ readonly batch: number; readonly timings: ReadonlyArray<Timing> }>
}

type Table = readonly [header: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>]

/** By collection and number of kernels. */
const byKernels = (rows: Scaling["rows"]): Table => [
  ["collection", "kernels", "ms", "ten times as many, ms", "ratio", "to the dearest alone"],
  rows.map(({ collection, kernels, large, side, small, tenfold, toDearest }) => [
    collection,
    `${kernels.toLocaleString("en")} of ${side}×${side}`,
    spread(small),
    spread(large),
    tenfold.toFixed(1),
    toDearest.toFixed(2)
  ])
]

/** By batch and number of threads, which are the names of the timings. */
const byBatch = (batches: Scaling["batches"]): Table => [
  [
    "ResNet-20, batch",
    ...batches[0]!.timings.map(({ name }) => `${name} ${name === "1" ? "thread" : "threads"}, ms`),
    "one to all",
    "ms an image, all"
  ],
  batches.map(({ batch, timings }) => [
    String(batch),
    ...timings.map(spread),
    (timings[0]!.median / timings.at(-1)!.median).toFixed(2),
    (timings.at(-1)!.median / batch).toFixed(2)
  ])
]

/** Both tables, each a header and rows. */
export const scalingTables = ({ batches, rows }: Scaling): ReadonlyArray<Table> => [byKernels(rows), byBatch(batches)]

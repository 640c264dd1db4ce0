import type { Chart } from "./Chart.ts"
import type { Section } from "./Html.ts"

/** What a report is made of. */
export interface Content {
  readonly title: string
  readonly before: ReadonlyArray<Section>
  readonly figures: ReadonlyArray<Chart>
  readonly after: ReadonlyArray<Section>
  /** Whether more is to come: the page then follows it. */
  readonly isRunning: boolean
}

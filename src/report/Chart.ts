/** Figures as values, drawn without a browser. */
import * as Effect from "effect/Effect"
import type { TopLevelSpec } from "vega-lite"

/** A figure: its title for readers, its file name, and what it shows as a Vega-Lite specification. */
export interface Chart {
  readonly name: string
  readonly title: string
  readonly caption: string
  readonly spec: TopLevelSpec
}

/** One look for all figures. */
const theme = {
  background: "white",
  font: "system-ui, sans-serif",
  axis: { gridColor: "#e5e5e5", labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" as const },
  legend: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" as const, labelLimit: 400 },
  header: { labelFontSize: 12 },
  view: { stroke: "#ccc" }
}

/**
 * A chart as SVG, rendered without a browser. The plotting library is loaded when it is first needed.
 *
 * @internal
 */
export const svg = ({ spec, title }: Chart): Effect.Effect<string> =>
  Effect.promise(async () => {
    const [vegaLite, vega] = await Promise.all([import("vega-lite"), import("vega")])
    const { spec: compiled } = vegaLite.compile({ ...spec, description: title, config: theme })
    const view = new vega.View(vega.parse(compiled), { renderer: "none", logLevel: vega.Error })
    const text = await view.toSVG()
    view.finalize()
    return text
  })

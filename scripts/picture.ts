import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/**
 * The README's picture from a run directory: which kernel of a layer lives on which manifold, the training loss, and
 * the largest norms against their bound. Usage: node scripts/picture.ts RUN LAYER OUT.svg
 */
const [run = "", layerName = "conv2", out = "picture.svg"] = process.argv.slice(2)

interface Manifest {
  readonly layers: ReadonlyArray<{
    readonly layer: string
    readonly shape: readonly [number, number, number, number]
    readonly groups: ReadonlyArray<{ readonly manifold: string; readonly matrices: ReadonlyArray<number> }>
  }>
}
interface Event {
  readonly _tag: "StepDone" | "EpochDone"
  readonly step: number
  readonly loss: number
  readonly testAccuracy: number
  readonly norms: ReadonlyArray<{ readonly manifold: string; readonly largest: number; readonly bound?: number }>
}

const manifest = JSON.parse(readFileSync(join(run, "manifest.json"), "utf8")) as Manifest
const events = readFileSync(join(run, "events.jsonl"), "utf8").trim().split("\n").map((line) =>
  JSON.parse(line) as Event
)
const layer = manifest.layers.find(({ layer }) => layer === layerName)
if (layer === undefined) throw new Error(`there is no layer ${layerName} in ${run}`)

const colours: Readonly<Record<string, string>> = { Sp: "#4269d0", Ob: "#efb118", St: "#ff725c", Euc: "#9c9c9c" }
const [, , inputs, outputs] = layer.shape
const cell = 24
const [left, top] = [40, 64]

const text = (x: number, y: number, content: string, extra = "") =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${extra}>${content}</text>`

const kernels = layer.groups.flatMap(({ manifold, matrices }, group) =>
  matrices.map((index) => {
    const [x, y] = [left + (index % outputs) * cell, top + Math.floor(index / outputs) * cell]
    return `<rect x="${x}" y="${y}" width="${cell - 2}" height="${cell - 2}" rx="4" fill="${
      colours[manifold] ?? "#555"
    }"/>` +
      text(x + cell / 2 - 1, y + cell / 2 + 3, String(group + 1), `class="group"`)
  })
)
const legend = [...new Set(layer.groups.map(({ manifold }) => manifold))].flatMap((manifold, i) => [
  `<rect x="${left + i * 90}" y="${top + inputs * cell + 12}" width="12" height="12" rx="3" fill="${
    colours[manifold] ?? "#555"
  }"/>`,
  text(left + i * 90 + 18, top + inputs * cell + 22, manifold)
])

const steps = events.filter(({ _tag }) => _tag === "StepDone")
const epochs = events.filter(({ _tag }) => _tag === "EpochDone")
const plot = { x: left + outputs * cell + 70, y: top, width: 330, height: inputs * cell }
const bucket = Math.max(1, Math.floor(steps.length / 110))
const means = Array.from({ length: Math.floor(steps.length / bucket) }, (_, i) => {
  const part = steps.slice(i * bucket, (i + 1) * bucket)
  return { step: part.at(-1)!.step, loss: part.reduce((sum, { loss }) => sum + loss, 0) / part.length }
})
const [high, low] = [Math.log10(3), Math.log10(0.01)]
const px = (step: number) => plot.x + (plot.width * step) / steps.length
const py = (loss: number) => plot.y + (plot.height * (high - Math.log10(Math.max(loss, 0.01)))) / (high - low)
const curve = means.map(({ loss, step }, i) => `${i === 0 ? "M" : "L"}${px(step).toFixed(1)},${py(loss).toFixed(1)}`)
  .join("")
const grid = [1, 0.1, 0.01].flatMap((loss) => [
  `<line x1="${plot.x}" x2="${plot.x + plot.width}" y1="${py(loss).toFixed(1)}" y2="${
    py(loss).toFixed(1)
  }" class="grid"/>`,
  text(plot.x - 6, py(loss) + 4, String(loss), `text-anchor="end"`)
])
const marks = epochs.map(({ step, testAccuracy }) =>
  `<line x1="${px(step)}" x2="${px(step)}" y1="${plot.y}" y2="${plot.y + plot.height}" class="grid"/>` +
  text(px(step) - 4, plot.y + 14, `${(100 * testAccuracy).toFixed(2)} %`, `text-anchor="end"`)
)
const last = epochs.at(-1)!
const largest = Math.max(...last.norms.filter(({ bound }) => bound !== undefined).map((norm) => norm.largest))

writeFileSync(
  out,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${plot.x + plot.width + 40} ${
    top + inputs * cell + 52
  }" role="img">
<style>text{font:12px system-ui,sans-serif;fill:#444}.title{font-weight:600;font-size:14px}
.group{font-size:9px;fill:#fff;text-anchor:middle}
.grid{stroke:#ddd}.curve{fill:none;stroke:#4269d0;stroke-width:1.5}</style>
<rect width="100%" height="100%" fill="#fff"/>
${
    text(
      left,
      24,
      `Inside layer ${layerName}: ${inputs}×${outputs} kernels, ${layer.groups.length} products`,
      `class="title"`
    )
  }
${text(left, 44, "number: product · row: input channel · column: output channel")}
${kernels.join("\n")}
${legend.join("\n")}
${text(plot.x, 24, "Training loss by step, test accuracy by epoch", `class="title"`)}
${text(plot.x, 44, `largest norm of any renormalized kernel: ${largest.toFixed(4)} ≤ 1`)}
${grid.join("\n")}
${marks.join("\n")}
<path d="${curve}" class="curve"/>
</svg>
`
)

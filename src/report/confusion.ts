/** Who was taken for whom, as a picture. */
import { byWhom, type Evaluation } from "../training/Answers.ts"
import type { Chart } from "./Chart.ts"
import * as chartStyle from "./chartStyle.ts"

/** Cells with numbers, and cells at all, at most. */
const [mostNumbers, mostClasses] = [12, 64]

/** The confusion matrix of the test images; undefined for more classes than a picture shows. */
export const confusionMatrix = ({ classes, confusion, kept }: Evaluation): Chart | undefined => {
  if (classes.length > mostClasses) return undefined
  const values = confusion.flatMap((row, i) => {
    const all = Math.max(1, row.reduce((sum, count) => sum + count, 0))
    return row.map((images, j) => ({ class: classes[i]!, taken: classes[j]!, images, share: 100 * images / all }))
  })
  const side = Math.min(chartStyle.width - 80, Math.max(200, 34 * classes.length))
  const place = (field: string, title: string) => ({ field, type: "nominal" as const, sort: null, title })
  return {
    name: "confusion",
    title: "Confusion matrix",
    caption: `Test images of every class by what they were taken for${
      byWhom(kept)
    }; the shade is their share of the class.`,
    spec: {
      width: side,
      height: side,
      data: { values },
      encoding: { x: { ...place("taken", "taken for"), axis: { labelAngle: 0 } }, y: place("class", "class") },
      layer: [
        {
          mark: "rect",
          encoding: {
            color: {
              field: "share",
              type: "quantitative",
              scale: { domain: [0, 100], scheme: "blues" },
              title: "share, %"
            }
          }
        },
        ...(classes.length > mostNumbers ? [] : [{
          mark: { type: "text" as const, fontSize: 11 },
          encoding: {
            text: { field: "images", type: "quantitative" as const },
            color: { condition: { test: "datum.share > 50", value: "white" }, value: "#222" }
          }
        }])
      ]
    }
  }
}

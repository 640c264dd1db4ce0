/** Pages of reports as HTML that needs no network. */
import { toJson } from "../training/RunFiles.ts"

/** A file that a page has in itself. */
interface HtmlFile {
  readonly name: string
  /** Of the media. */
  readonly type: string
  readonly text: string
}

/** A part of a page: text, a table, or a figure that was drawn before. */
export type Section =
  | { readonly _tag: "Text" | "Headline" | "Note"; readonly text: string }
  | {
    readonly _tag: "Table"
    readonly title?: string
    readonly header: ReadonlyArray<string>
    readonly rows: ReadonlyArray<ReadonlyArray<string>>
  }
  | {
    readonly _tag: "Figure"
    readonly title: string
    readonly caption: string
    readonly svg: string
    readonly files?: ReadonlyArray<HtmlFile>
  }
  | { readonly _tag: "Json"; readonly title: string; readonly value: unknown }

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;" }

/**
 * Text in HTML.
 *
 * @internal
 */
export const escape = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => entities[character]!)

const style = `
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
figcaption a { margin-left: .4rem; }
.tip { position: fixed; pointer-events: none; background: #222; color: #fff; font-size: .8rem; border-radius: .25rem; }
.tip { padding: .2rem .5rem; max-width: 20rem; }
.tip:empty { display: none; }
.headline { font-size: 1.15rem; }
.note { border-left: .25rem solid #e0a030; background: #fdf7ea; padding: .4rem .8rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; white-space: nowrap; }
th, td { padding: .3rem .7rem; text-align: left; border-bottom: 1px solid #ddd; }
td:not(:first-child) { font-variant-numeric: tabular-nums; }
.number { text-align: right; }
figure { margin: 0; } figure svg { display: block; max-width: 100%; height: auto; }
figcaption { color: #555; font-size: .9rem; }
pre { overflow-x: auto; background: #f6f6f6; padding: .7rem; font-size: .8rem; }`

/**
 * A figure may be drawn so much smaller, no more, so that its labels of 12 pixels can be read on a phone; beyond that
 * it scrolls.
 */
const leastScale = 0.85

const readable = (svg: string): string => {
  const width = Number(/<svg[^>]* width="([\d.]+)"/.exec(svg)?.[1] ?? 0)
  return svg.replace("<svg", `<svg style="min-width: ${Math.floor(leastScale * width)}px"`)
}

/** A file to be saved from the page, which stays one file. */
const fileHtml = ({ name, text, type }: HtmlFile) =>
  ` <a download="${escape(name)}" href="data:${type};base64,${Buffer.from(text).toString("base64")}">${
    escape(name.slice(name.indexOf(".") + 1))
  }</a>`

/** Columns of such cells are set to the right. */
const number = /^(?:[-+]?\d[\d,.]*(?:e[-+]?\d+)?|–)?$/

const sectionHtml = (section: Section): string => {
  switch (section._tag) {
    case "Text":
      return `<p>${escape(section.text)}</p>`
    case "Headline":
    case "Note":
      return `<p class="${section._tag.toLowerCase()}">${escape(section.text)}</p>`
    case "Table": {
      const isNumeric = section.header.map((_, i) => section.rows.every((row) => number.test(row[i] ?? "")))
      const cells = (tag: "th" | "td", row: ReadonlyArray<string>) =>
        `<tr>${
          row.map((cell, i) => `<${tag}${isNumeric[i] === true ? ` class="number"` : ""}>${escape(cell)}</${tag}>`)
            .join("")
        }</tr>`
      const heading = section.title === undefined ? "" : `<h2>${escape(section.title)}</h2>`
      return `${heading}<div class="wide"><table><thead>${cells("th", section.header)}</thead>` +
        `<tbody>${section.rows.map((row) => cells("td", row)).join("")}</tbody></table></div>`
    }
    case "Figure":
      return `<h2>${escape(section.title)}</h2><figure><div class="wide">${readable(section.svg)}</div><figcaption>${
        escape(section.caption)
      }${(section.files ?? []).map(fileHtml).join("")}</figcaption></figure>`
    case "Json":
      return `<details><summary>${escape(section.title)}</summary><pre>${
        escape(toJson(section.value, 2))
      }</pre></details>`
  }
}

/** Shows beside the pointer what the mark below it says of itself. */
const hover = `
const tip = document.createElement("div")
tip.className = "tip"
document.body.append(tip)
addEventListener("pointermove", ({ clientX, clientY, target }) => {
  const mark = target.closest?.("figure svg [role='graphics-symbol'][aria-label]")
  tip.textContent = mark?.getAttribute("aria-label") ?? ""
  tip.style.left = Math.max(0, Math.min(clientX + 12, innerWidth - tip.offsetWidth - 8)) + "px"
  tip.style.top = Math.max(0, Math.min(clientY + 12, innerHeight - tip.offsetHeight - 8)) + "px"
})`

/**
 * A page that needs no network; it loads itself anew after so many seconds where it is to follow what is drawn.
 *
 * @internal
 */
export const page = (title: string, sections: ReadonlyArray<Section>, refresh?: number): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${refresh === undefined ? "" : `<meta http-equiv="refresh" content="${refresh}">\n`}<title>${escape(title)}</title>
<style>${style}
</style>
</head>
<body>
<h1>${escape(title)}</h1>
${sections.map(sectionHtml).join("\n")}
<script>${hover}
</script>
</body>
</html>
`

/**
 * An earlier page with other sections before its first heading of a part; the rest, and its figures, stay. The page as
 * it is where it has no such part.
 *
 * @internal
 */
export const renewed = (earlier: string, title: string, before: ReadonlyArray<Section>): string => {
  const [from, to] = [earlier.indexOf("<h1>"), earlier.search(/<h2>|<details/)]
  if (from < 0 || to < from) return earlier
  const head = earlier.slice(0, from).replace(/<style>[\s\S]*?<\/style>/, () => `<style>${style}\n</style>`)
  return `${head}<h1>${escape(title)}</h1>\n${before.map(sectionHtml).join("\n")}\n${earlier.slice(to)}`
}

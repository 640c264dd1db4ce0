import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as PlatformError from "effect/PlatformError"
import { Backend, Experiment, Measures, Run, TrainConfig } from "finegrain"
import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { type Browser, launch } from "puppeteer-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as ExperimentDirectory from "../../src/experiment/ExperimentDirectory.ts"
import * as Ledger from "../../src/experiment/Ledger.ts"
import * as Report from "../../src/report/Report.ts"
import { browserPath, isBrowserRequired } from "../browser.ts"
import { writeTinyDataset } from "../tinyDataset.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-pages-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const write = (directory: string) => Effect.runPromise(Report.write(directory).pipe(Effect.provide(NodeServices.layer)))

/** Figures of measures, by when they are known; of POMs those that every optimizer tells. */
const byEpochs = Object.keys(Measures.recorded)
const atEnd = Object.entries<Measures.EndMeasure>(Measures.atEnd).flatMap(([name, { figure }]) => figure ? [name] : [])
const bySteps = Object.values(Measures.ofSteps).map(({ figure }) => figure)
const { gaps: _, ...toldByAll } = Measures.ofPoms
const told = Object.values(toldByAll).map(({ figure }) => figure)

const experiment: Experiment.Experiment = {
  name: "pages",
  about: "What does a page show?",
  base: { dataset: scratch, backend: "wasm", epochs: 3, measureBounds: true },
  rows: [
    { name: "Euc", settings: { collection: "Euc" } },
    { name: "PIO (Sp+Ob+St+Euc), with a name that needs some room", settings: { collection: "Sp+Ob+St+Euc" } }
  ],
  columns: [{ name: "small CNN/2", settings: {} }],
  seeds: [1, 2]
}

/** The runs of an experiment in this process, and its results. */
const runAll = Effect.gen(function*() {
  const directory = join(scratch, "experiment")
  const { trials } = yield* ExperimentDirectory.open(directory, { experiment, smoke: false }, false)
  for (const { finals } of yield* Experiment.plan(experiment)) {
    for (const { config, id } of finals(undefined)) yield* Run.train(config, join(trials, id), () => Effect.void)
  }
  yield* (yield* Ledger.make(directory)).write
}).pipe(Effect.scoped)

beforeAll(async () => {
  writeTinyDataset(scratch)
  const program = Effect.gen(function*() {
    const config = yield* TrainConfig.decode({ dataset: scratch, backend: "wasm", epochs: 3 }, "test")
    yield* Run.train(config, join(scratch, "run"), () => Effect.void)
    yield* runAll
  })
  await Effect.runPromise(program.pipe(Effect.provide([NodeServices.layer, Backend.wasm])))
  await write(join(scratch, "run"))
  await write(join(scratch, "experiment"))
}, 120_000)

const figure = (of: string, name: string) => readFileSync(join(scratch, of, "figures", `${name}.svg`), "utf8")

/** Figures of what stands in every event of a step, and of what follows from g. */
const alone = ["learning-rate", "shortened"]

/** Figures, of which each has its specification and its data beside it. */
const pictures = (of: string) => {
  const files = readdirSync(join(scratch, of, "figures"))
  const svgs = files.filter((name) => name.endsWith(".svg")).toSorted()
  const sources = svgs.flatMap((name) => [".csv", ".svg", ".vl.json"].map((end) => name.replace(".svg", end)))
  expect(files.toSorted()).toEqual(sources.toSorted())
  return svgs
}

/** What the labels of a figure say. */
const labels = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text)

describe("the report of a run", () => {
  it("has a figure of the loss, of the norms of weights and directions, and of every layer", () => {
    expect(pictures("run")).toEqual(
      [
        ...bySteps,
        ...told,
        ...atEnd,
        ...alone,
        "loss",
        "accuracy",
        "test-loss",
        "norms",
        "confusion",
        "map-conv1",
        "map-conv2",
        "map-conv3"
      ].map((name) => `${name}.svg`).toSorted()
    )
    const map = figure("run", "map-conv2")
    // One cell per kernel.
    expect(map.match(/aria-roledescription="rect mark"/g)).toHaveLength(8 * 16)
    const html = readFileSync(join(scratch, "run", "report.html"), "utf8")
    expect(html).toMatch(/<td>conv2<\/td><td>3 × 3 × 8 × 16<\/td>(?:<td class="number">[\d.]+<\/td>){3}/)
  })

  it("is written from what a killed run left", async () => {
    rmSync(join(scratch, "run", "summary.json"))
    expect(await write(join(scratch, "run"))).toBe(join(scratch, "run", "report.html"))
  })

  it("has what the picture of the README is made of", () => {
    const picture = join(scratch, "picture.svg")
    const script = join(import.meta.dirname, "..", "..", "scripts", "picture.ts")
    execFileSync(process.execPath, [script, join(scratch, "run"), "conv2", picture])
    const svg = readFileSync(picture, "utf8")
    expect(labels(svg)).toEqual(expect.arrayContaining(["Inside layer conv2: 8×16 kernels, 24 products", "Sp", "Euc"]))
    expect(svg.match(/<path d="M[\d.,ML]+" class="curve"/)).not.toBeNull()
    expect(svg).not.toMatch(/NaN|undefined/)
  })

  it("is refused where there is none", async () => {
    const error = await Effect.runPromise(Effect.flip(Report.write(scratch)).pipe(Effect.provide(NodeServices.layer)))
    expect(error.message).toContain("no experiment, no run")
  })
})

describe("the report of an experiment", () => {
  it("has a figure of everything that its runs recorded", () => {
    expect(pictures("experiment")).toEqual(
      ["test-errors", ...byEpochs, ...bySteps, ...told, ...atEnd, ...alone].map((name) => `${name}-small_CNN_2.svg`)
        .toSorted()
    )
  })

  it.each([...byEpochs, ...bySteps, ...atEnd])(
    "draws a line per row with a band over the seeds: %s",
    (name) => {
      const svg = figure("experiment", `${name}-small_CNN_2`)
      const lines = new Set([...svg.matchAll(/; row: ([^";]*)/g)].map(([, row]) => row))
      expect(lines).toEqual(new Set(experiment.rows.map(({ name }) => name)))
      expect(svg.match(/class="mark-area/g)?.length).toBeGreaterThanOrEqual(2)
      expect(svg.match(/NaN|undefined|null/)).toBeNull()
    }
  )

  it("draws every norm on every manifold against its bound, and the spectrum of every layer", () => {
    const norms = figure("experiment", "norms-small_CNN_2")
    expect(labels(norms)).toEqual(
      expect.arrayContaining(["spectral", "Frobenius", "‖·‖₂→₁", "Sp", "Ob", "St", "Euc"])
    )
    // A dashed line in every panel with a bound: three norms on three manifolds.
    expect(norms.match(/stroke-dasharray/g)).toHaveLength(9)
    expect(labels(figure("experiment", "spectra-small_CNN_2"))).toEqual(
      expect.arrayContaining(["conv1", "conv2", "conv3"])
    )
  })

  it.each(told)("draws %s with a panel per row and a line per POM", (name) => {
    const poms = (row: string) => {
      const manifest = join(scratch, "experiment", "trials", row, "small_CNN_2", "seed-1", "manifest.json")
      const { layers } = JSON.parse(readFileSync(manifest, "utf8")) as {
        readonly layers: ReadonlyArray<{ readonly groups: ReadonlyArray<unknown> }>
      }
      return layers.reduce((sum, { groups }) => sum + groups.length, 0)
    }
    const svg = figure("experiment", `${name}-small_CNN_2`)
    // Panels' titles are broken at commas.
    expect([...svg.matchAll(/Title text '([^']*)'/g)].map(([, title]) => title)).toEqual(
      experiment.rows.map(({ name }) => name.replace(", ", " "))
    )
    const [first, second] = readdirSync(join(scratch, "experiment", "trials"))
    expect(svg.match(/"mark-line/g)).toHaveLength(poms(first!) + poms(second!))
  })
})

/** A disk that takes no more than a few bytes of every file. */
const fullDisk = Effect.map(FileSystem.FileSystem, (real) =>
  FileSystem.FileSystem.of({
    ...real,
    open: (file, options) =>
      Effect.map(real.open(file, options), (handle) => ({
        ...handle,
        writeAll: (bytes: Uint8Array) =>
          Effect.andThen(
            handle.writeAll(bytes.subarray(0, 5)),
            Effect.fail(
              PlatformError.systemError({
                _tag: "Unknown",
                module: "FileSystem",
                method: "write",
                description: "ENOSPC"
              })
            )
          )
      }))
  }))

describe("on a full disk", () => {
  it("the old page and figures stay as they are, and the error says why", async () => {
    const directory = join(scratch, "run")
    const files = () =>
      readdirSync(directory, { recursive: true }).map(String).toSorted().filter((name) => /html|svg|part/.test(name))
        .map((name) => [name, readFileSync(join(directory, name), "utf8")])
    const before = files()
    expect(before.length).toBeGreaterThan(5)
    const error = await Effect.runPromise(
      Effect.flip(Report.write(directory)).pipe(
        Effect.provideServiceEffect(FileSystem.FileSystem, fullDisk),
        Effect.provide(NodeServices.layer)
      )
    )
    expect(error.message).toMatch(/figures.*the disk is full; free some space/)
    expect(files()).toEqual(before)
  })
})

describe.skipIf(browserPath === undefined && !isBrowserRequired)("in a browser", () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launch({ executablePath: browserPath ?? "/usr/bin/chromium", args: ["--no-sandbox"] })
  }, 60_000)
  afterAll(() => browser.close())

  const pages = [
    ["a run", () => join(scratch, "run", "report.html")],
    ["an experiment", () => join(scratch, "experiment", "report.html")]
  ] as const

  describe.each(pages)("the page of %s", (name, file) => {
    it.each([1280, 390])(
      "draws readably at %i pixels, without an error, a request or a sideways scroll",
      async (width) => {
        const page = await browser.newPage()
        const complaints: Array<string> = []
        page.on("console", (message) => complaints.push(message.text()))
        page.on("pageerror", (error) => complaints.push(String(error)))
        page.on("request", (request) => {
          if (!request.url().startsWith("file:") && !request.url().startsWith("data:")) complaints.push(request.url())
        })
        await page.setViewport({ width, height: 900 })
        await page.goto(pathToFileURL(file()).href)
        const seen = await page.evaluate(`(() => ({
        wide: document.documentElement.scrollWidth,
        figures: [...document.querySelectorAll("figure")].map((figure) => {
          const wide = figure.querySelector(".wide")
          const [svg, frame] = [figure.querySelector("svg"), wide].map((e) => e.getBoundingClientRect())
          const drawn = [svg.width, svg.height]
          return { drawn, frame: [frame.left, frame.right], reachable: wide.scrollWidth }
        }),
        labels: [...document.querySelectorAll("figure svg text")].map((text) => {
          // The font as drawn: as set, in the units of the drawing, times the scale of the drawing on the screen.
          const { c, d } = text.getScreenCTM()
          return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(c, d)
        }),
        heading: document.querySelector("h1").textContent
      }))()`) as {
          readonly wide: number
          readonly figures: ReadonlyArray<{
            readonly drawn: readonly [width: number, height: number]
            readonly frame: readonly [left: number, right: number]
            readonly reachable: number
          }>
          readonly labels: ReadonlyArray<number>
          readonly heading: string
        }
        expect(complaints).toEqual([])
        expect(seen.wide).toBeLessThanOrEqual(width)
        expect(seen.heading).not.toBe("")
        expect(seen.figures.length).toBeGreaterThan(2)
        for (const { drawn: [w, h], frame: [left, right], reachable } of seen.figures) {
          expect(w).toBeGreaterThan(100)
          expect(h).toBeGreaterThan(30)
          expect([left >= 0, right <= width]).toEqual([true, true])
          // What does not fit is a scroll away, inside the frame.
          expect(reachable).toBeGreaterThanOrEqual(Math.floor(w))
        }
        expect(seen.labels.length).toBeGreaterThan(50)
        expect(Math.min(...seen.labels)).toBeGreaterThanOrEqual(9)
        // What a mark shows is told where one points at it.
        const point = await page.$(
          "figure svg [aria-roledescription='point'], figure svg [aria-roledescription='circle']"
        )
        await point!.scrollIntoView()
        await point!.hover()
        expect(await page.$eval(".tip", (tip) => tip.textContent)).toMatch(/: /)
        const shots = process.env["FINEGRAIN_SCREENSHOTS"]
        if (shots !== undefined) await page.screenshot({ path: join(shots, `${name}-${width}.png`), fullPage: true })
        await page.close()
      },
      60_000
    )
  })
})

import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { Backend, Job, TrainConfig } from "finegrain"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { type Browser, launch } from "puppeteer-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as Report from "../../src/report/Report.ts"
import { writeTinyDataset } from "../tinyDataset.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-pages-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const write = (directory: string) => Effect.runPromise(Report.write(directory).pipe(Effect.provide(NodeServices.layer)))

beforeAll(async () => {
  writeTinyDataset(scratch)
  const program = Effect.gen(function*() {
    const config = yield* TrainConfig.decode({ dataset: scratch, backend: "wasm", epochs: 3 }, "test")
    yield* Job.run(config, join(scratch, "run"), () => Effect.void)
  })
  await Effect.runPromise(program.pipe(Effect.provide([NodeServices.layer, Backend.wasm])))
  await write(join(scratch, "run"))
}, 60_000)

describe("the report of a run", () => {
  it("has a figure of the loss, of the norms, and of every layer", () => {
    expect(readdirSync(join(scratch, "run", "figures")).toSorted()).toEqual([
      "factors.svg",
      "loss.svg",
      "map-conv1.svg",
      "map-conv2.svg",
      "map-conv3.svg",
      "norms.svg",
      "spectra.svg"
    ])
    const map = readFileSync(join(scratch, "run", "figures", "map-conv2.svg"), "utf8")
    // One cell per kernel.
    expect(map.match(/aria-roledescription="rect mark"/g)).toHaveLength(8 * 16)
    const html = readFileSync(join(scratch, "run", "report.html"), "utf8")
    expect(html).toMatch(/<td>conv2<\/td><td>3 × 3 × 8 × 16<\/td><td>[\d.]+<\/td><td>[\d.]+<\/td><td>[\d.]+<\/td>/)
  })

  it("is written from what a killed run left", async () => {
    rmSync(join(scratch, "run", "summary.json"))
    expect(await write(join(scratch, "run"))).toBe(join(scratch, "run", "report.html"))
  })

  it("is refused where there is none", async () => {
    const error = await Effect.runPromise(Effect.flip(Report.write(scratch)).pipe(Effect.provide(NodeServices.layer)))
    expect(error.message).toContain("no experiment, no run")
  })
})

const browserPath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path)
)
const isRequired = process.env["FINEGRAIN_REQUIRE_BROWSER"] === "1"
if (browserPath === undefined && !isRequired) {
  process.stderr.write("The suite of pages in a browser is skipped: there is no Chromium (apt-get install chromium).\n")
}

describe.skipIf(browserPath === undefined && !isRequired)("in a browser", () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launch({ executablePath: browserPath ?? "/usr/bin/chromium", args: ["--no-sandbox"] })
  }, 60_000)
  afterAll(() => browser.close())

  const pages = [
    ["a run", () => join(scratch, "run", "report.html")],
    ["an experiment", () => resolve(import.meta.dirname, "../../experiments/results/small/report.html")]
  ] as const

  describe.each(pages)("the page of %s", (_, file) => {
    it.each([1200, 390])("draws at %i pixels, without an error, a request or a sideways scroll", async (width) => {
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
        figures: [...document.querySelectorAll("figure svg")].map((svg) => svg.getBoundingClientRect()).map(({ height, width }) => [width, height]),
        heading: document.querySelector("h1").textContent
      }))()`) as {
        readonly wide: number
        readonly figures: ReadonlyArray<readonly [number, number]>
        readonly heading: string
      }
      expect(complaints).toEqual([])
      expect(seen.wide).toBeLessThanOrEqual(width)
      expect(seen.heading).not.toBe("")
      expect(seen.figures.length).toBeGreaterThan(2)
      for (const [w, h] of seen.figures) {
        expect(w).toBeGreaterThan(100)
        expect(w).toBeLessThanOrEqual(width)
        expect(h).toBeGreaterThan(30)
      }
      await page.close()
    }, 60_000)
  })
})

import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { type Browser, launch } from "puppeteer-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { page } from "../../scripts/page.ts"
import { browserPath, isBrowserRequired } from "../browser.ts"

/** What the page tells of its training. */
interface Trained {
  readonly name: string
  readonly device: string
  readonly epochs: ReadonlyArray<{ readonly loss: number; readonly farthest: Readonly<Record<string, number>> }>
}

const scratch = mkdtempSync(join(tmpdir(), "finegrain-page-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const file = join(scratch, "in-the-browser.html")

describe.skipIf(browserPath === undefined && !isBrowserRequired)("the page of docs/in-the-browser", () => {
  let browser: Browser
  beforeAll(async () => {
    writeFileSync(file, await page())
    browser = await launch({
      executablePath: browserPath ?? "/usr/bin/chromium",
      protocolTimeout: 240_000,
      // WebGPU in software.
      args: ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]
    })
  }, 60_000)
  afterAll(() => browser.close())

  // Software that plays a GPU takes its time for shaders: one epoch there.
  const engines = [
    ["wasm", "?engine=wasm", /^CPU, WebAssembly (relaxed )?SIMD, 1 thread$/, 8],
    ["webgpu", "?engine=webgpu&epochs=1", /WebGPU on/, 1]
  ] as const

  it.each(engines)("trains on four manifolds, and stays on them, on %s", async (name, query, device, epochs) => {
    const opened = await browser.newPage()
    const complaints: Array<string> = []
    opened.on("pageerror", (error) => complaints.push(String(error)))
    opened.on("request", (request) => {
      if (!/^(file|data|blob):/.test(request.url())) complaints.push(request.url())
    })
    await opened.goto(pathToFileURL(file).href + query)
    const trained = await opened.evaluate("trained") as Trained
    expect(complaints).toEqual([])
    expect(trained.name).toBe(name)
    expect(trained.device).toMatch(device)
    const losses = trained.epochs.map(({ loss }) => loss)
    expect(losses.length).toBe(epochs)
    // ln 3 is the loss of who knows nothing.
    expect(losses[0]).toBeLessThan(1.5 * Math.log(3))
    expect(losses.at(-1)).toBeLessThanOrEqual(losses[0]! * (epochs === 1 ? 1 : 0.5))
    for (const { farthest } of trained.epochs) {
      expect(Object.keys(farthest).toSorted()).toEqual(["Euc", "Ob", "Sp", "St"])
      // Float32 rounds at 6e-8; a step makes some such errors, and a retraction forgets those of earlier ones.
      expect(Math.max(...Object.values(farthest))).toBeLessThan(1e-5)
    }
    const rows = await opened.evaluate("document.querySelector('tbody').rows.length")
    expect(rows).toBe(trained.epochs.length)
    await opened.close()
  }, 240_000)
})

import { build } from "esbuild"
import { readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { gzipSync } from "node:zlib"
import { describe, expect, it } from "vitest"
import { forBrowsers } from "../../scripts/page.ts"

const root = resolve(import.meta.dirname, "../..")

/** What a bundler makes of a module for browsers, which fails where it reaches one of Node's. */
const bundled = async (contents: string) => {
  const { metafile, outputFiles, warnings } = await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    ...forBrowsers,
    metafile: true,
    logLevel: "silent"
  })
  return { modules: Object.keys(metafile.inputs), bytes: outputFiles[0]!.contents, warnings }
}

/** Rooms of which nothing may be in a page: they read files, start processes, keep runs. */
const elsewhere = /^(src\/(training|experiment|report)|cli)\//

/** Sizes that docs/in-the-browser.md tells, in kB after gzip. */
const told = new Map(
  [
    ...readFileSync(join(root, "docs/in-the-browser.md"), "utf8").matchAll(
      /^\| `(finegrain\/\w+)` \|.*\| (\d+) kB \|$/gm
    )
  ]
    .map(([, entry, size]) => [entry, Number(size)])
)

describe.each(["finegrain/browser", "finegrain/laws", "finegrain/layers"])("%s in a browser", (entry) => {
  it("reaches nothing of Node.js, and is as large as the guide tells", async () => {
    const { bytes, modules, warnings } = await bundled(`export * from "${entry}"`)
    expect(warnings).toEqual([])
    expect(modules.filter((path) => path.startsWith("node:") || elsewhere.test(path))).toEqual([])
    const size = gzipSync(bytes).length / 1000
    // A tenth, so that not every line changes the guide.
    expect(Math.abs(size / told.get(entry)! - 1), `${size} kB`).toBeLessThan(0.1)
  })
})

it("an entry that reaches Node.js is found", async () => {
  await expect(bundled(`export * from "./src/engine/threads.ts"`)).rejects.toThrow(/Could not resolve "node:/)
})

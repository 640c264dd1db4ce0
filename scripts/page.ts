import { build, type BuildOptions } from "esbuild"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"

/** The page of docs/in-the-browser as one file, with everything that it needs: node scripts/page.ts FILE. */
const root = resolve(import.meta.dirname, "..")
const source = join(root, "docs", "in-the-browser")

/** How a bundler makes one module for browsers of the sources. */
export const forBrowsers = {
  absWorkingDir: root,
  bundle: true,
  write: false as const,
  minify: true,
  platform: "browser" as const,
  format: "esm" as const,
  conditions: ["finegrain:source"]
} satisfies BuildOptions

/** The text of the page. */
export const page = async (): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [join(source, "page.js")],
    ...forBrowsers,
    loader: { ".wasm": "dataurl" },
    logLevel: "warning"
  })
  // Within a page this would end the script.
  const script = outputFiles[0]!.text.replaceAll("</script", "<\\/script")
  return readFileSync(join(source, "index.html"), "utf8").replace("/* page.js */", () => script)
}

if (import.meta.main) {
  const file = resolve(process.argv[2] ?? join(root, "dist", "in-the-browser.html"))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, await page())
  process.stdout.write(`${file}\n`)
}

import { build } from "esbuild"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"

/** The page of docs/in-the-browser as one file, with everything that it needs: node scripts/page.ts FILE. */
const root = resolve(import.meta.dirname, "..")
const source = join(root, "docs", "in-the-browser")

/** The text of the page. */
export const page = async (): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [join(source, "page.js")],
    absWorkingDir: root,
    bundle: true,
    write: false,
    minify: true,
    platform: "browser",
    format: "esm",
    conditions: ["finegrain:source"],
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

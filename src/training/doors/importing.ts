/** Files of the user's own, imported as modules. */
import { readFileSync } from "node:fs"
import { dirname, extname, join } from "node:path"
import { pathToFileURL } from "node:url"

/** The nearest `package.json` of a file, and the kind of module that it says files are. */
const nearest = (file: string): { readonly path: string; readonly type?: unknown } | undefined => {
  for (let directory = dirname(file);; directory = dirname(directory)) {
    const path = join(directory, "package.json")
    try {
      return { path, type: (JSON.parse(readFileSync(path, "utf8")) as { readonly type?: unknown }).type }
    } catch {
      if (directory === dirname(directory)) return undefined
    }
  }
}

/** What becomes of a file that was taken for a script; `npm init` lets packages be of scripts. */
const asScript = (file: string): string => {
  const [extension, found] = [extname(file), nearest(file)]
  return found?.type === "commonjs" && (extension === ".ts" || extension === ".js")
    ? `; ${found.path} says "type": "commonjs", so that it is read as a script: run \`npm pkg set type=module\` ` +
      `there, or call it ${extension.replace(".", ".m")}`
    : ""
}

/**
 * Imports a file, by its absolute path; where it is no module since its package is of scripts, the error says so.
 *
 * @internal
 */
export const importing = async (file: string): Promise<Readonly<Record<string, unknown>>> => {
  try {
    return await import(pathToFileURL(file).href) as Readonly<Record<string, unknown>>
  } catch (error) {
    if (error instanceof SyntaxError) error.message += asScript(file)
    throw error
  }
}

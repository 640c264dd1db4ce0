/** Files of the user's own, imported as modules. */
import { existsSync, readFileSync } from "node:fs"
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

const inPackages = "; Node.js runs no TypeScript below node_modules: copy the file, with those that it imports by " +
  "relative paths, into your own directory"

const remedyOf = (error: Error, file: string): string =>
  error instanceof SyntaxError
    ? asScript(file)
    : "code" in error && error.code === "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING"
    ? inPackages
    : ""

/**
 * Imports a file, by its absolute path. The error of one that is missing, that is no module since its package is of
 * scripts, or that Node.js does not run where it is, says so, and what to do.
 *
 * @internal
 */
export const importing = async (file: string): Promise<Readonly<Record<string, unknown>>> => {
  if (!existsSync(file)) throw new Error("there is no such file")
  try {
    return await import(pathToFileURL(file).href) as Readonly<Record<string, unknown>>
  } catch (error) {
    if (error instanceof Error) error.message += remedyOf(error, file)
    throw error
  }
}

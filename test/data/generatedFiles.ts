import * as Effect from "effect/Effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import * as Generated from "../../src/data/Generated.ts"

/** The generated files of a format, on disk, to be damaged. */
export const writeGenerated = async (
  directory: string,
  format: Generated.GeneratedFormat = "imagenet"
): Promise<string> => {
  for (const [path, bytes] of await Effect.runPromise(Generated.contents(format))) {
    const file = join(directory, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, bytes)
  }
  return directory
}

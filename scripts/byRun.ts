/** What was measured of runs, as a file with a line for each. */
import { writeFileSync } from "node:fs"

/** Writes values by the runs that they are of, as JSON whose changes can be read run by run. */
export const writeByRun = (
  file: string,
  values: Readonly<Record<string, unknown>>,
  replacer?: (key: string, value: unknown) => unknown
): void => {
  const lines = Object.entries(values).map(([id, value]) =>
    `  ${JSON.stringify(id)}: ${JSON.stringify(value, replacer)}`
  )
  writeFileSync(file, `{\n${lines.join(",\n")}\n}\n`)
}

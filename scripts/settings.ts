import * as Schema from "effect/Schema"
import { Catalogue } from "finegrain"
import { writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { exitCodes } from "../cli/exitCodes.ts"
import { launchers } from "../src/experiment/launchers/launchers.ts"
import { builtIn } from "../src/training/Catalogues.ts"
import { atEnd, ofPoms, ofSteps, recorded } from "../src/training/measures.ts"
import * as TrainConfig from "../src/training/TrainConfig.ts"
import { configSchemaFile, renderSchema } from "./configSchema.ts"
import * as Manifolds from "./manifolds.ts"

/**
 * Writes docs/settings.md, every setting and all that can be chosen, and docs/config.schema.json, from their schemas
 * and catalogues.
 */
const page = join(resolve(import.meta.dirname, ".."), "docs", "settings.md")

const { manifolds, ...catalogues } = builtIn

const titled = (title: string, text: string) => `## ${title[0]!.toUpperCase()}${title.slice(1)}\n\n${text}\n`

/** What a setting is, without the entries that have a table of their own. */
const about = (description: string) =>
  Object.values(catalogues).reduce((text, catalogue) => text.replace(`: ${Catalogue.help(catalogue)}`, ""), description)
    .replace(`${Catalogue.help(catalogues.datasets)}; or a`, "a name, or a")
    .replace(/: (Sp, Ob, .*)$/, "")

const settings = () => {
  const defaults: Readonly<Record<string, unknown>> = Schema.decodeUnknownSync(TrainConfig.TrainConfig)({})
  const rows = Object.entries<Schema.Top>(TrainConfig.TrainConfig.fields).map(([key, field]) => {
    const value = defaults[key]
    const description = about(Schema.resolveAnnotations(field)?.description ?? "")
    return `| \`${key}\` | ${value === undefined ? "" : `\`${JSON.stringify(value)}\``} | ${description} |`
  })
  return ["| setting | default | what it is |", "| --- | --- | --- |", ...rows].join("\n")
}

const codes = () =>
  [
    "Every command takes `--json`, which prints the result as one JSON value and errors as JSON on stderr, and",
    "`--quiet`, which prints nothing but errors.",
    "",
    "| code | what it says |",
    "| --- | --- |",
    ...Object.values(exitCodes).map(({ about, code }) => `| ${code} | ${about} |`)
  ].join("\n")

/** The page as it should be. */
export const render = (): string =>
  [
    "# Settings",
    "",
    "Written by `npm run docs:settings` from the schema and the catalogues; a test holds it to them. Each setting is a",
    "key of a configuration, and a flag of `finegrain train`: `batchSize` is `--batch-size`. Entries of your own come",
    "through [the door](your-own.md).",
    "",
    "Configurations (`--config`) are JSON, YAML or TOML, by the extension of the file. Editors complete and check them",
    "by [config.schema.json](config.schema.json), which the package has as `finegrain/config.schema.json`: name its",
    "path in the key `$schema` of JSON, in a first line `# yaml-language-server: $schema=PATH` of YAML,",
    "`#:schema PATH` of TOML.",
    "",
    settings(),
    "",
    titled("manifolds", Manifolds.table(manifolds)),
    ...Object.entries(catalogues).map(([title, catalogue]) => titled(title, Catalogue.table(catalogue))),
    titled("launchers", Catalogue.table(launchers)),
    titled("recorded of every epoch", Catalogue.table(recorded)),
    titled("recorded of every step, as means of every epoch", Catalogue.table(ofSteps)),
    titled("recorded of every POM, in some fifty steps", Catalogue.table(ofPoms)),
    titled("measured at the end of a run", Catalogue.table(atEnd)),
    titled("exit codes", codes())
  ].join("\n")

if (import.meta.main) {
  writeFileSync(page, render())
  writeFileSync(configSchemaFile, renderSchema())
}

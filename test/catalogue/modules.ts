import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Row, told } from "./Row.ts"
import { flags } from "./runs.ts"

const area = "modules of one's own"

/** What the command line says of a module, which a flag or a configuration names. */
const row = (given: string, code: string | undefined, says: RegExp | string, more: Partial<Row> = {}): Row => ({
  area,
  given,
  says,
  prepare: (directory) => {
    if (code !== undefined) writeFileSync(join(directory, "mine.mjs"), code)
    writeFileSync(join(directory, "config.json"), JSON.stringify({ use: ["./mine.mjs"], epochs: 1 }))
  },
  run: (directory) => told("train", "--config", join(directory, "config.json"), "--output", join(directory, "run")),
  untouched: "everything",
  ...more
})

export const rows: ReadonlyArray<Row> = [
  row("a file that is not there", undefined, "DIR/mine.mjs cannot be used: there is no such file"),
  row("one that throws", "throw new Error(\"no luck\")", /^DIR\/mine\.mjs cannot be used: it throws .*: no luck$/),
  row("one without an entry", "export default 1", /^DIR\/mine\.mjs cannot be used: it exports none of manifolds, .*$/),
  row(
    "a name of finegrain's own",
    "export const losses = { hinge: { about: \"mine\", make() {} } }",
    "DIR/mine.mjs cannot be used: the loss hinge is finegrain's own: give yours another name"
  ),
  row(
    "exports that cannot be read",
    "export const losses = { get mine() { throw new Error(\"no\\nluck\") } }",
    "DIR/mine.mjs cannot be used: it throws when its exports are read: no luck"
  ),
  row(
    "a manifold for every shape that is none",
    "export const manifolds = [{ symbol: \"Own\", name: \"own\", at: () => 5 }]",
    "DIR/mine.mjs cannot be used: the function \"at\" of the manifold Own gives no Result, of a manifold or of the " +
      "reason why there is none"
  ),
  row(
    "an optimizer without transforms",
    "export const optimizers = { own: { about: \"mine\", make: () => [5] } }",
    "The optimizer own cannot be made: the optimizer own makes something else than transforms, at place 1",
    { run: (directory) => told("train", ...flags(), "--use", join(directory, "mine.mjs"), "--optimizer", "own") }
  ),
  ...[["throws", "throw new Error(\"no luck\")", "no luck"], ["gives no scalar", "return 5", "its \"value\" .*"]].map(
    ([what, body, reason]) =>
      row(
        `a loss that ${what}`,
        `export const losses = { own: { about: "mine", make: () => ({ name: "own", value() { ${body} } }) } }`,
        new RegExp(`The loss own cannot be made: ${reason}$`),
        { run: (directory) => told("train", ...flags(), "--use", join(directory, "mine.mjs"), "--loss", "own") }
      )
  ),
  row(
    "a model that throws two lines",
    "export const models = { own: { about: \"mine\", make() { throw new Error(\"no\\nluck\") } } }",
    "The model own cannot be made: no luck",
    { run: (directory) => told("train", "--use", join(directory, "mine.mjs"), "--model", "own") }
  ),
  row("a list that is none", "", /use must be array, not "mine\.mjs"/, {
    prepare: (directory) => writeFileSync(join(directory, "config.json"), JSON.stringify({ use: "mine.mjs" }))
  }),
  row("a name that no module adds", "export const losses = { own: { about: \"mine\", make() {} } }", /"other"/, {
    run: (directory) => told("train", "--use", join(directory, "mine.mjs"), "--loss", "other")
  })
]

import { globSync, readFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { describe, expect, it } from "vitest"

const root = resolve(import.meta.dirname, "..")

/** A name that `index.ts` hands out, and what stands above its declaration. */
interface PublicName {
  readonly name: string
  readonly kind: string
  readonly docstring: string
}

const declarations =
  /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?^export (?:abstract )?(const|let|function|class|type|interface) (\w+)/gm
const namespaces = /^export \* as (\w+) from "(\..*)"/gm
const everything = /^export \* from "(\..*)"/gm
const lists = /^export (?:type )?\{([^}]*)\} from "(\..*)"/gm

/** Names that a module hands out, as the formatter writes them; of a namespace those within it. */
const publicNames = (file: string, only?: string): ReadonlyArray<PublicName> => {
  const text = readFileSync(file, "utf8")
  const beside = (path: string) => resolve(dirname(file), path)
  const isMeant = (name: string) => only === undefined || name === only
  return [
    ...[...text.matchAll(declarations)].filter(([, , , name = ""]) => isMeant(name)).map((
      [, docstring = "", kind = "", name = ""]
    ) => ({ name, kind, docstring })),
    ...[...text.matchAll(namespaces)].filter(([, name = ""]) => isMeant(name)).flatMap(([, name = "", path = ""]) =>
      publicNames(beside(path)).map(({ docstring, kind, name: within }) => ({
        name: `${name}.${within}`,
        kind,
        docstring
      }))
    ),
    ...[...text.matchAll(everything)].flatMap(([, path = ""]) => publicNames(beside(path), only)),
    ...[...text.matchAll(lists)].flatMap(([, names = "", path = ""]) =>
      names.split(",").map((entry) => entry.trim().replace(/^type /, "").split(" as ") as [string, string?])
        .filter(([own, given = own]) => own !== "" && isMeant(given))
        .flatMap(([own]) => publicNames(beside(path), own))
    )
  ].filter(({ docstring }) => !docstring.includes("@internal"))
}

const isValue = ({ kind }: PublicName) => ["const", "let", "function"].includes(kind)

const faces = [
  ["src/index.ts", 300],
  ["laws/index.ts", 20],
  ["browser/index.ts", 250],
  ["src/network/models/layers.ts", 3]
] as const

describe.each(faces)("what %s hands out", (index, least) => {
  const all = publicNames(join(root, index))

  it("has a docstring", () => {
    expect(all.length).toBeGreaterThanOrEqual(least)
    expect(all.filter(({ docstring }) => docstring === "").map(({ name }) => name)).toEqual([])
  })

  it("has an example, unless it is a type or an error", () => {
    expect(all.filter((found) => isValue(found) && !found.docstring.includes("```ts")).map(({ name }) => name))
      .toEqual([])
  })
})

it("every docstring says what the thing is, not that it is like another", () => {
  const likened = globSync("{src,laws,browser,cli}/**/*.ts", { cwd: root }).flatMap((file) =>
    readFileSync(join(root, file), "utf8").split("\n").flatMap((line, i, lines) =>
      /^\s*\/\*\* (The same|Likewise|One of them|All of them)\b/.test(line) ||
        (/^\s*\* (The same|Likewise|One of them|All of them)\b/.test(line) && lines[i - 1]!.trim() === "/**")
        ? [`${file}:${i + 1}`]
        : []
    )
  )
  expect(likened).toEqual([])
})

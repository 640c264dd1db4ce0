import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assertion, examplesOf } from "./examples.ts"
import { install, pack, root, run } from "./packed.ts"

/** Installs the packed finegrain into an empty TypeScript project, type-checks and runs a program there. */
const say = (text: string) => process.stdout.write(`package check: ${text}\n`)

const program = `import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Backend, type Manifold, Models, Sphere, Stiefel } from "finegrain"
import { Backend as InBrowsers } from "finegrain/browser"
import { Law, manifoldLaws } from "finegrain/laws"
import { padChannels } from "finegrain/layers"

const use: Manifold.Manifold = Stiefel.make([4, 2])
// @ts-expect-error: the declarations must be strict, not \`any\`
const wrong: number = Sphere.make([3, 3]).name

const program = Effect.gen(function*() {
  const { engine } = yield* Backend.Backend
  const reports = yield* Effect.promise(() => Law.checkAll(manifoldLaws(use), { runs: 2 }))
  const failed = reports.filter(({ passed }) => !passed)
  if (failed.length > 0) throw new Error(failed.map(Law.format).join("\\n"))
  console.log(engine, reports.length, "laws hold", tf.memory().numTensors, typeof wrong)
})
await Effect.runPromise(program.pipe(Effect.provide(Backend.wasm)))
// One engine, one class of layers, by whatever entry.
if (InBrowsers.Backend !== Backend.Backend || padChannels !== Models.padChannels) throw new Error("two of one thing")
`

const { project, ...tarball } = pack()
try {
  const stray = tarball.files.filter(({ path }) =>
    !/^(dist\/(src|cli|laws|browser)|src|laws|kernels|docs|bench\/results|experiments)\/|^(bench\/)?[A-Z]+(\.md)?$/
      .test(path) && path !== "package.json"
  )
  if (stray.length > 0) {
    throw new Error(`the package holds what it should not: ${stray.map(({ path }) => path).join(", ")}`)
  }
  say(`${tarball.filename} with ${tarball.files.length} files`)
  const { typescript } = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly devDependencies: { readonly typescript: string }
  }).devDependencies
  install(project, [join(project, tarball.filename), `typescript@${typescript}`, "@types/node@24"])
  const installed = join(project, "node_modules", "finegrain")
  const published = JSON.parse(
    readFileSync(join(installed, "package.json"), "utf8")
  ) as object
  const untrimmed = ["scripts", "devDependencies", "allowScripts"].filter((key) => key in published)
  if (untrimmed.length > 0) throw new Error(`the published package.json still has ${untrimmed.join(", ")}`)
  const dead = tarball.files.filter(({ path }) => path.endsWith(".md")).flatMap(({ path }) =>
    [...readFileSync(join(installed, path), "utf8").matchAll(/\]\(([^)\s#]+)/g)].map(([, to = ""]) => `${path}: ${to}`)
      .filter((link) => !/: [a-z]+:/.test(link))
      .filter((link) => !existsSync(join(installed, dirname(path), link.split(": ")[1]!)))
  )
  if (dead.length > 0) throw new Error(`links that lead nowhere in the package: ${dead.join(", ")}`)
  const copies = run("npm", ["ls", "@tensorflow/tfjs-core", "--parseable"], project).trim().split("\n")
  if (copies.length !== 1) throw new Error(`there must be one copy of tfjs-core, not ${copies.length}`)
  mkdirSync(join(project, "src"))
  writeFileSync(join(project, "src", "program.ts"), program)
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        module: "NodeNext",
        target: "ES2024",
        strict: true,
        skipLibCheck: true,
        outDir: "out",
        rootDir: "src",
        types: ["node"]
      },
      include: ["src"]
    })
  )
  const pages = tarball.files.map(({ path }) => path).filter((path) => /^(README|docs\/[^/]*)\.md$/.test(path))
  const pasted = pages.flatMap((page) =>
    examplesOf(page, readFileSync(join(root, page), "utf8")).map(({ code, line }) => ({
      name: `${page.replaceAll(/\W/g, "-")}-${line}`,
      code: code.split("\n").map(assertion).join("\n")
    }))
  )
  for (const { code, name } of pasted) {
    writeFileSync(join(project, "src", `${name}.ts`), `import { deepEqual as same } from "node:assert"\n${code}`)
  }
  run(process.execPath, [join(project, "node_modules", "typescript", "bin", "tsc")], project)
  for (const { name } of pasted) run(process.execPath, [`out/${name}.js`], project)
  say(`the ${pasted.length} blocks of the documents run, each by itself`)
  say(run(process.execPath, ["out/program.js"], project).trim())
  const help = run(join(project, "node_modules", ".bin", "finegrain"), ["--help"], project)
  if (!help.includes("train")) throw new Error("finegrain --help does not speak of train")
  say("the command line answers")
} catch (error) {
  say(`FAILED: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  rmSync(project, { recursive: true, force: true })
}

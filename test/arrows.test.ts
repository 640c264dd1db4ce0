import { spawnSync } from "node:child_process"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

const root = resolve(import.meta.dirname, "..")
const cruiser = realpathSync(join(root, "node_modules", ".bin", "depcruise"))
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> }
/** As `npm run check:arrows` calls it. */
const [, ...given] = scripts["check:arrows"]!.split(" ")
let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "finegrain-arrows-"))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** Of what it prints. */
interface Cruised {
  readonly summary: {
    readonly violations: ReadonlyArray<
      { readonly from: string; readonly to: string; readonly rule: { readonly name: string } }
    >
  }
}

/** What the checker finds in files of the given texts: rules and arrows. */
const found = (files: Readonly<Record<string, string>>): ReadonlyArray<string> => {
  for (const folder of ["src", "laws", "browser", "cli", "experiments"]) mkdirSync(join(directory, folder))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    [cruiser, ...given.map((word) => word === "arrows.config.ts" ? join(root, word) : word), "--output-type", "json"],
    { cwd: directory, encoding: "utf8" }
  )
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
  const { summary } = JSON.parse(stdout) as Cruised
  return summary.violations.map(({ from, rule, to }) => `${rule.name}: ${from} → ${to}`).toSorted()
}

describe("the arrows between the rooms", () => {
  it("may run downwards, and within a room", () => {
    expect(found({
      "src/engine/Engine.ts": "export interface Engine { readonly name: string }",
      "src/numerics/NestedTensors.ts":
        `import type { Engine } from "../engine/Engine.ts"\nexport type NestedTensors = Engine`,
      "src/numerics/Norms.ts":
        `import type { NestedTensors } from "./NestedTensors.ts"\nexport type Norms = NestedTensors`,
      "src/report/page.ts": `import type { Norms } from "../numerics/Norms.ts"\nexport type Page = Norms`,
      "src/index.ts": `export * from "./report/page.ts"`,
      "laws/laws.ts": `export * from "../src/index.ts"`,
      "cli/main.ts": `export * from "../laws/laws.ts"\nexport * from "../src/report/page.ts"`,
      "experiments/small.ts": `export * from "../src/index.ts"`
    })).toEqual([])
  })

  it("are found where they run upwards, be it for a type, a value, an export or later", () => {
    expect(found({
      "src/engine/Engine.ts":
        `import type { Optimizer } from "../optimizer/Optimizer.ts"\nexport type Engine = Optimizer`,
      "src/numerics/Norms.ts": `import { law } from "../../laws/law.ts"\nexport const norms = law`,
      "src/geometry/Sphere.ts": `export * from "../collections/Collection.ts"`,
      "src/collections/Collection.ts": `export const later = () => import("../data/Batches.ts")`,
      "src/data/Batches.ts": `export type { Page } from "../report/page.ts"`,
      "src/optimizer/Optimizer.ts": "export type Optimizer = 1",
      "src/report/page.ts": "export type Page = 1",
      "src/network/Network.ts": `export * from "../index.ts"`,
      "src/index.ts": "export const face = 1",
      "laws/law.ts": `import { main } from "../cli/main.ts"\nexport const law = main`,
      "cli/main.ts": `import { small } from "../experiments/small.ts"\nexport const main = small`,
      "experiments/small.ts": "export const small = 1"
    })).toEqual([
      "downwards-only-from-cli: cli/main.ts → experiments/small.ts",
      "downwards-only-from-laws: laws/law.ts → cli/main.ts",
      "downwards-only-from-src/collections: src/collections/Collection.ts → src/data/Batches.ts",
      "downwards-only-from-src/data: src/data/Batches.ts → src/report/page.ts",
      "downwards-only-from-src/engine: src/engine/Engine.ts → src/optimizer/Optimizer.ts",
      "downwards-only-from-src/geometry: src/geometry/Sphere.ts → src/collections/Collection.ts",
      "downwards-only-from-src/network: src/network/Network.ts → src/index.ts",
      "downwards-only-from-src/numerics: src/numerics/Norms.ts → laws/law.ts"
    ])
  })

  it("are found where they go past the door of a room", () => {
    expect(found({
      "src/engine/index.ts": `export * as Engine from "./Engine.ts"`,
      "src/engine/Engine.ts": `import { heap } from "./heap.ts"\nexport const engine = heap`,
      "src/engine/heap.ts": "export const heap = 1",
      "src/numerics/Norms.ts": `import { engine } from "../engine/Engine.ts"\nexport const norms = engine`,
      "src/numerics/Tensors.ts": `import { heap } from "../engine/heap.ts"\nexport const tensors = heap`,
      "cli/main.ts": `import { heap } from "../src/engine/heap.ts"\nexport const main = heap`
    })).toEqual([
      "by-the-door-of-src/engine: cli/main.ts → src/engine/heap.ts",
      "by-the-door-of-src/engine: src/numerics/Tensors.ts → src/engine/heap.ts"
    ])
  })

  it("have a door in every room", () => {
    const rooms = readdirSync(join(root, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(rooms.filter(({ name }) => !existsSync(join(root, "src", name, "index.ts")))).toEqual([])
  })

  it("are found where they run in a circle, be it of types only", () => {
    expect(found({
      "src/data/Augment.ts": `import type { Batch } from "./Batches.ts"\nexport type Augment = Batch`,
      "src/data/Batches.ts": `import { augment } from "./augmented.ts"\nexport type Batch = typeof augment`,
      "src/data/augmented.ts": `import type { Augment } from "./Augment.ts"\nexport const augment: Augment = 1`
    })).toEqual(["no-circle: src/data/Augment.ts → src/data/Batches.ts"])
  })

  it("begin and end in rooms, and at files that are there", () => {
    expect(found({
      "src/alone.ts": "export const alone = 1",
      "src/misc/helper.ts": "export const helper = 1",
      "src/engine/Engine.ts": `export * from "../misc/helper.ts"\nexport * from "./none.ts"`
    })).toEqual([
      "in-a-room: src/alone.ts → src/alone.ts",
      "in-a-room: src/engine/Engine.ts → src/misc/helper.ts",
      "known: src/engine/Engine.ts → ./none.ts"
    ])
  })
})

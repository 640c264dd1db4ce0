import * as Result from "effect/Result"
import fc from "fast-check"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { afterAll, expect, it } from "vitest"
import { attempt, between, cifar, emnist, type Files, folders, idx, put } from "./fixtures.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-damage-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

type Damage = (bytes: Uint8Array) => Uint8Array | "gone" | "directory"

const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const place = (bytes: Uint8Array, where: number) => Math.floor(where * bytes.length)

/** What happens to files. */
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(at, fc.integer({ min: 1, max: 255 })).map(([where, bits]): Damage => (bytes) => {
    const other = Uint8Array.from(bytes)
    other[place(bytes, where)]! ^= bits
    return other
  }),
  at.map((where): Damage => (bytes) => bytes.slice(0, place(bytes, where))),
  at.map((where): Damage => (bytes) => bytes.slice(place(bytes, where))),
  at.map((where): Damage => (bytes) => Uint8Array.from(bytes).fill(0, place(bytes, where))),
  fc.tuple(at, fc.uint8Array({ minLength: 1, maxLength: 40 })).map(([where, noise]): Damage => (bytes) =>
    new Uint8Array([...bytes.slice(0, place(bytes, where)), ...noise, ...bytes.slice(place(bytes, where))])
  ),
  fc.uint8Array({ maxLength: 60 }).map((noise): Damage => () => noise),
  fc.constantFrom<Damage>(() => "gone", () => "directory")
)

const bytesOf = (contents: Uint8Array | string) =>
  typeof contents === "string" ? new TextEncoder().encode(contents) : contents

const zipped = (files: Files) =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytesOf(bytes))]))

const letters = between(1, 26).flatMap((label) => [label, label])
const mapping = between(1, 26).map((label) => `${label} ${64 + label} ${96 + label}`).join("\n")
const superclass = "apple baby".split(" ")

const subjects: ReadonlyArray<readonly [string, number, () => Files | Promise<Files>]> = [
  ["four IDX files", 3, () => idx()],
  ["four IDX files in gzip", 3, () => zipped(idx())],
  ["IDX files with labels 0, 1 and 5", 3, () => idx([0, 1, 5, 0, 1, 5], [5, 1, 0])],
  [
    "EMNIST's letters with their mapping",
    26,
    () => ({ ...emnist("letters", letters), "emnist-letters-mapping.txt": mapping })
  ],
  ["CIFAR-10", 10, () => cifar("cifar-10")],
  ["CIFAR-100", 100, () => cifar("cifar-100")],
  ["class folders", 2, () => folders(...superclass)]
]

/** A line of one of the errors that readers have. */
const refused = "refused in one line"
const judged = ({ _tag, message }: { readonly _tag: string; readonly message: string }) =>
  /Missing|Corrupt|Inconsistent/.test(_tag) && !/undefined|\n/.test(message) ? refused : message

let made = 0

it.each(subjects)(
  "%s, however one of them is damaged, are refused by name or have their classes",
  { timeout: 120_000 },
  async (_, classes, files) => {
    const whole = await files()
    const names = Object.keys(whole)
    await fc.assert(
      fc.asyncProperty(fc.nat(), damage, async (which, damaged) => {
        const directory = join(scratch, String(made++))
        const name = names[which % names.length]!
        const { [name]: hit, ...others } = whole
        const after = damaged(bytesOf(hit!))
        put(directory, typeof after === "string" ? others : { ...others, [name]: after })
        if (after === "directory") mkdirSync(join(directory, name), { recursive: true })
        // A defect rejects here.
        const result = await attempt(directory)
        rmSync(directory, { recursive: true })
        expect(Result.match(result, { onSuccess: (dataset) => dataset.classes, onFailure: judged })).toSatisfy((
          answer
        ) => answer === classes || answer === refused)
      }),
      { numRuns: 150 }
    )
  }
)

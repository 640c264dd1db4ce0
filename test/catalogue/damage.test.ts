import fc from "fast-check"
import { createHash } from "node:crypto"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import * as ownFiles from "../../src/training/run/ownFiles.ts"
import { finegrain } from "../commandLine.ts"
import { isLong } from "../long.ts"
import { snapshot } from "./Row.ts"
import { completedIn, experiment, flags, killedIn } from "./runs.ts"

/**
 * Whatever happens to the files of a run or an experiment, no command is at fault, leaves the directory, or loses what
 * was there.
 */
const scratch = mkdtempSync(join(tmpdir(), "finegrain-damage-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Of somebody else; links lead here. */
const outside = join(scratch, "outside")
mkdirSync(outside)
writeFileSync(join(outside, "precious.txt"), "precious\n")

const senseless = [null, 0, -1, 0.5, 1e300, true, "", "NaN", "x/../../../../out", [], [null], {}, { a: {} }] as const

const replaced = (value: unknown, path: ReadonlyArray<number>, by: unknown): unknown => {
  const [first, ...rest] = path
  if (typeof value !== "object" || value === null || first === undefined) return by
  const keys = Object.keys(value)
  if (keys.length === 0) return by
  const key = keys[first % keys.length]!
  const inner = replaced((value as Record<string, unknown>)[key], rest, by)
  return Array.isArray(value)
    ? value.map((one: unknown, i) => String(i) === key ? inner : one)
    : { ...value, [key]: inner }
}

const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
const place = fc.nat(99)

/** One thing that happens to a directory. */
const damage = fc.oneof(
  fc.record({ kind: fc.constant("truncated" as const), file: place, at: share }),
  fc.record({ kind: fc.constant("flipped" as const), file: place, at: share, bit: fc.nat(7) }),
  fc.record({
    kind: fc.constant("replaced" as const),
    file: place,
    path: fc.array(place, { maxLength: 5 }),
    by: fc.constantFrom(...senseless)
  }),
  fc.record({
    kind: fc.constant("resealed" as const),
    path: fc.array(place, { maxLength: 4 }),
    by: fc.constantFrom(...senseless)
  }),
  fc.record({ kind: fc.constant("deleted" as const), file: place }),
  fc.record({ kind: fc.constant("exchanged" as const), file: place, other: place }),
  fc.record({ kind: fc.constant("linked" as const), file: place })
)
type Damage = typeof damage extends fc.Arbitrary<infer A> ? A : never

const filesOf = (directory: string) =>
  readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name)).filter((file) => !file.endsWith(".svg")).toSorted()

/** The header of a checkpoint with something else in it, and the checksum that belongs to that. */
const resealed = (bytes: Buffer, path: ReadonlyArray<number>, by: unknown): Buffer => {
  const start = bytes.indexOf("\n") + 1
  const length = bytes.readUInt32LE(start)
  const header = JSON.parse(bytes.toString("utf8", start + 4, start + 4 + length)) as unknown
  const text = Buffer.from(JSON.stringify(replaced(header, path, by)))
  const size = Buffer.alloc(4)
  size.writeUInt32LE(text.length)
  const body = Buffer.concat([bytes.subarray(0, start), size, text, bytes.subarray(start + 4 + length, -32)])
  return Buffer.concat([body, createHash("sha256").update(body).digest()])
}

const isJson = (file: string) => /\.jsonl?$/.test(file)

const changes: {
  readonly [K in Damage["kind"]]: (
    file: string,
    damage: Extract<Damage, { readonly kind: K }>,
    files: ReadonlyArray<string>
  ) => void
} = {
  truncated: (file, { at }) => truncateSync(file, Math.floor(at * readFileSync(file).length)),
  flipped: (file, { at, bit }) => {
    const bytes = readFileSync(file)
    if (bytes.length > 0) bytes[Math.floor(at * bytes.length)]! ^= 1 << bit
    writeFileSync(file, bytes)
  },
  replaced: (file, { by, path }) => {
    if (!isJson(file)) return writeFileSync(file, JSON.stringify(by))
    const lines = file.endsWith(".jsonl") ? readFileSync(file, "utf8").split("\n") : [readFileSync(file, "utf8")]
    const index = (path[0] ?? 0) % lines.length
    const changed = lines[index] === "" ? by : replaced(JSON.parse(lines[index]!), path, by)
    writeFileSync(file, lines.with(index, JSON.stringify(changed)).join("\n"))
  },
  resealed: (file, { by, path }) => writeFileSync(file, resealed(readFileSync(file), path, by)),
  deleted: (file) => rmSync(file),
  exchanged: (file, { other }, files) => {
    const partner = files[other % files.length]!
    if (partner === file) return
    renameSync(file, `${file}.aside`)
    renameSync(partner, file)
    renameSync(`${file}.aside`, partner)
  },
  linked: (file) => {
    rmSync(file)
    symlinkSync(join(outside, "precious.txt"), file)
  }
}

/** What cannot be done to a file that was damaged before is not done. */
const inflict = (directory: string, one: Damage): void => {
  const all = filesOf(directory)
  const files = one.kind === "resealed" ? all.filter((file) => /checkpoint.*\.bin$/.test(file)) : all
  if (files.length === 0) return
  const file = files[("file" in one ? one.file : 0) % files.length]!
  try {
    ;(changes[one.kind] as (file: string, damage: Damage, files: ReadonlyArray<string>) => void)(file, one, files)
  } catch {
    return
  }
}

let count = 0
const fresh = () => join(scratch, `run-${count++}`)

/** What drawing makes anew. */
const isDrawn = (name: string) =>
  /(^|\/)(report\.html|figures(\/[^/]*)?|results\.json|table\.md|manifests\.jsonl(\.gz)?)$/.test(name)

/** What is wrong with how a command ended. */
const complaints = (stderr: string) => /defect|\n {4}at |\[object /.test(stderr) ? [stderr] : []

/** Files that are gone or changed, of those that a command must leave as they are. */
const lost = (
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  mayChange: (name: string) => boolean
) => [...before].filter(([name, content]) => !mayChange(name) && after.get(name) !== content).map(([name]) => name)

const several = fc.array(damage, { minLength: 1, maxLength: 3 })

/** Some damage at a time, so often; `npm run test:long` six times as often. */
const holds = (times: number, check: (all: ReadonlyArray<Damage>) => Promise<void>) =>
  fc.assert(fc.asyncProperty(several, check), { numRuns: isLong ? 6 * times : times })

/**
 * Of a run that went on: its log is the old one as far as the checkpoint knew it, and a log without a checkpoint is
 * kept.
 */
const wentOn = new Set(
  [...ownFiles.files, "checkpoint.previous.bin"].filter((name) => !/^(manifest|report)/.test(name))
)

it.each([["killed", killedIn], ["completed", completedIn]] as const)(
  "a damaged run that was %s is resumed or refused",
  async (_, prepare) => {
    await holds(10, async (all) => {
      const directory = fresh()
      await prepare(directory)
      for (const one of all) inflict(directory, one)
      const [before, others] = [snapshot(directory), snapshot(outside)]
      const log = existsSync(join(directory, "events.jsonl"))
        ? readFileSync(join(directory, "events.jsonl"), "utf8")
        : ""
      const { code, stderr } = await finegrain("train", ...flags(), "--output", directory, "--resume")
      const after = snapshot(directory)
      expect(complaints(stderr)).toEqual([])
      expect(snapshot(outside)).toEqual(others)
      // Refused, nothing has changed, not even a page.
      expect(lost(before, after, (name) => code === 0 && (isDrawn(name) || wentOn.has(name)))).toEqual([])
      const kept = ["events.jsonl", "events.before.1.jsonl"].filter((name) => after.has(name))
        .map((name) => readFileSync(join(directory, name), "utf8"))
      const isOld = before.has("manifest.json") && log.includes(`"epoch":1`) && log.includes("EpochDone")
      const first = log.split("\n")[0]!
      expect(isOld && !kept.some((text) => text.startsWith(first)) ? ["the log"] : []).toEqual([])
      rmSync(directory, { recursive: true })
    })
  },
  240_000
)

it("a damaged run is reported or refused", async () => {
  await holds(8, async (all) => {
    const directory = fresh()
    await completedIn(directory)
    for (const one of all) inflict(directory, one)
    const [before, others] = [snapshot(directory), snapshot(outside)]
    const reported = await finegrain("report", directory)
    const compared = await finegrain("compare", directory, directory)
    expect([...complaints(reported.stderr), ...complaints(compared.stderr)]).toEqual([])
    expect(snapshot(outside)).toEqual(others)
    expect(lost(before, snapshot(directory), isDrawn)).toEqual([])
    rmSync(directory, { recursive: true })
  })
}, 240_000)

it("a damaged experiment is reported or refused", async () => {
  await holds(6, async (all) => {
    const directory = fresh()
    await completedIn(join(directory, "trials", "Sp", "small-cnn", "seed-3"))
    writeFileSync(join(directory, "experiment.json"), JSON.stringify({ experiment, smoke: false }))
    writeFileSync(join(directory, "failures.json"), "{}")
    for (const one of all) inflict(directory, one)
    const [before, others] = [snapshot(directory), snapshot(outside)]
    const reported = await finegrain("report", directory)
    const again = await finegrain("report", directory)
    const compared = await finegrain("compare", directory, directory)
    expect([reported, again, compared].flatMap(({ stderr }) => complaints(stderr))).toEqual([])
    expect(snapshot(outside)).toEqual(others)
    expect(lost(before, snapshot(directory), isDrawn)).toEqual([])
    rmSync(directory, { recursive: true })
  })
}, 240_000)

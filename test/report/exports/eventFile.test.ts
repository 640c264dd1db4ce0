import fc from "fast-check"
import { expect, it } from "vitest"
import { crc32c } from "../../../src/report/exports/crc32c.ts"
import { eventFile } from "../../../src/report/exports/eventFile.ts"
import type { LoggedRun } from "../../../src/report/exports/LoggedRun.ts"
import { scalarEvents } from "../../../src/report/exports/scalars.ts"

const bytes = (...values: ReadonlyArray<number>) => Uint8Array.from(values)

// RFC 3720, appendix B.4, and the check value of CRC-32C.
it.each([
  ["nothing", bytes(), 0],
  ["the nine digits", new TextEncoder().encode("123456789"), 0xe3069283],
  ["32 zeros", new Uint8Array(32), 0x8a9136aa],
  ["32 times 255", new Uint8Array(32).fill(255), 0x62a8ab43],
  ["0 to 31", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e]
])("CRC-32C of %s is that of the standard", (_, data, expected) => {
  expect(crc32c(data)).toBe(expected)
})

/** The records of a TFRecord file, by their definition; fails where a checksum is wrong. */
const records = (file: Uint8Array): ReadonlyArray<Uint8Array> => {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const unmasked = (at: number) => {
    const rotated = (view.getUint32(at, true) - 0xa282ead8) >>> 0
    return ((rotated >>> 17) | (rotated << 15)) >>> 0
  }
  const found: Array<Uint8Array> = []
  for (let at = 0; at < file.length;) {
    const length = Number(view.getBigUint64(at, true))
    expect(unmasked(at + 8)).toBe(crc32c(file.subarray(at, at + 8)))
    const data = file.subarray(at + 12, at + 12 + length)
    expect(unmasked(at + 12 + length)).toBe(crc32c(data))
    found.push(data)
    at += 16 + length
  }
  return found
}

/** Fields of a Protocol Buffers message by their number, as written. */
const fields = (data: Uint8Array): ReadonlyArray<readonly [number: number, value: number | Uint8Array]> => {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  let at = 0
  const varint = () => {
    let [value, factor] = [0, 1]
    for (;; factor *= 128) {
      const byte = data[at++]!
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
  }
  const found: Array<readonly [number, number | Uint8Array]> = []
  while (at < data.length) {
    const key = varint()
    const take = (length: number) => (at += length) - length
    found.push([
      key >> 3,
      [
        varint,
        () => view.getFloat64(take(8), true),
        () => {
          const length = varint()
          const from = take(length)
          return data.subarray(from, from + length)
        },
        undefined!,
        undefined!,
        () => view.getFloat32(take(4), true)
      ][key & 7]!()
    ])
  }
  return found
}

it("is a version, then a record of scalars for every event", () => {
  const step = fc.record({
    step: fc.nat({ max: 2 ** 45 }),
    wallTime: fc.double({ noNaN: true }),
    scalars: fc.dictionary(fc.string(), fc.float(), { maxKeys: 3, noNullPrototype: true })
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 4 }), (events) => {
      const [version, ...rest] = records(eventFile(7, events)).map(fields)
      expect(version).toEqual([[1, 7], [3, new TextEncoder().encode("brain.Event:2")]])
      const valueOf = (of: ReturnType<typeof fields>, number: number) => of.find(([found]) => found === number)?.[1]
      const read = rest.map((event) => ({
        step: valueOf(event, 2),
        wallTime: valueOf(event, 1),
        scalars: Object.fromEntries(
          fields(valueOf(event, 5) as Uint8Array).map(([, value]) => {
            const scalar = fields(value as Uint8Array)
            return [new TextDecoder().decode(valueOf(scalar, 1) as Uint8Array), valueOf(scalar, 2)]
          })
        )
      }))
      expect(read).toEqual(events)
    }),
    { numRuns: 50 }
  )
})

it("holds the losses of steps and epochs, with times that never change while a run goes on", () => {
  const step = (number: number, epoch: number) =>
    ({ _tag: "StepDone", step: number, epoch, loss: 1 / number, rate: 0.1, images: number, gradientNorm: 1 }) as const
  const epoch = (number: number, at: number) =>
    ({
      _tag: "EpochDone",
      epoch: number,
      step: at,
      trainLoss: 1,
      trainAccuracy: 0.5,
      gradientNorm: 1,
      testLoss: 2,
      testAccuracy: 0.25,
      norms: [{ manifold: "Sp", norm: "spectral", largest: 0.5, bound: 1 }],
      normBoundViolations: 0,
      tensorsLeaked: 0,
      seconds: 10,
      imagesPerSecond: 1
    }) as const
  const whole: LoggedRun = {
    began: 1000,
    config: {},
    summary: undefined,
    steps: [step(1, 1), step(2, 1), { ...step(3, 2), factors: { "a/0": 1, "a/1": 0.5 } }, step(4, 2)],
    epochs: [epoch(1, 2), epoch(2, 4)],
    ends: {}
  }
  const events = scalarEvents(whole)
  expect(events.map(({ step, wallTime }) => [step, wallTime])).toEqual([
    [1, 1000],
    [2, 1000],
    [2, 1010],
    [3, 1015],
    [4, 1020],
    [4, 1020]
  ])
  expect(events[3]!.scalars).toEqual({
    "step/loss": 1 / 3,
    "step/learning-rate": 0.1,
    "step/gradient-norm": 1,
    "step/share-of-poms-with-g-above-1": 0.5
  })
  expect(events[2]!.scalars).toMatchObject({ "epoch/test-accuracy": 0.25, "norms/spectral/Sp/bound": 1 })
  const soFar = scalarEvents({ ...whole, steps: whole.steps.slice(0, 3), epochs: whole.epochs.slice(0, 1) })
  expect(events.slice(0, soFar.length)).toEqual(soFar)
})

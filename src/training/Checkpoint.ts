/** Checkpoints as bytes: everything that a run needs to go on, with a checksum. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { counted } from "../choices/counted.ts"
import { alike } from "../engine/alike.ts"
import * as Shape from "../numerics/Shape.ts"
import { perSum } from "./measures/steps.ts"
import * as RunFiles from "./RunFiles.ts"
import type { EpochDone } from "./TrainingEvent.ts"

/**
 * Where a run stands: what it has counted so far, and the batch that comes next.
 *
 * @example
 * ```ts
 * import * as Schema from "effect/Schema"
 * import { Checkpoint } from "finegrain"
 * Schema.is(Checkpoint.Position)({ step: -1 }) // => false
 * ```
 */
export const Position = Schema.Struct({
  /** Steps taken. */
  step: RunFiles.count,
  /** Epoch from 1, and the place in its order where the next batch begins. */
  epoch: RunFiles.fromOne,
  from: RunFiles.count,
  /** The epoch at whose start ℜ was measured. */
  measuredIn: RunFiles.count,
  /** Sums over the epoch so far. */
  lossSum: Schema.Finite,
  ...perSum(() => Schema.Finite.pipe(Schema.withDecodingDefaultKey(Effect.succeed(0)))),
  correctSum: Schema.Finite,
  /**
   * Squared angles in degrees, by POM and by layer, summed over so many steps of the epoch that measured them; NaN
   * where kernels were too long for float32 to hold their squares.
   */
  turns: Schema.optionalKey(Schema.Struct({
    steps: RunFiles.count,
    poms: Schema.Array(RunFiles.Num),
    layers: Schema.Array(RunFiles.Num)
  })),
  /** What the next step that moves the point is to tell, since the one that was asked for it did not move it. */
  waiting: Schema.optional(Schema.Struct({ poms: Schema.Boolean, turns: Schema.Boolean })),
  leaked: Schema.Int,
  seconds: Schema.Finite,
  /** Tensors left behind by all steps. */
  tensorsLeaked: Schema.Int
})

/** Where a run stands. */
export type Position = typeof Position.Type

/** A tensor by name. */
export interface Named {
  readonly name: string
  readonly shape: ReadonlyArray<number>
  readonly values: Float32Array
}

/** Everything that a run needs to go on to the same bits. */
export interface Snapshot {
  /** SHA-256 of the network's shapes, manifolds and POMs. */
  readonly fingerprint: string
  readonly position: Position
  /** Events of the epochs that are done. */
  readonly epochs: ReadonlyArray<EpochDone>
  /** ω, μ, ℜ, and all weights of the model. */
  readonly tensors: ReadonlyArray<Named>
}

/** A checkpoint that cannot be read. */
export class CheckpointCorrupt extends Schema.TaggedError<CheckpointCorrupt>()("CheckpointCorrupt", {
  file: Schema.String,
  reason: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    return `${this.file} is no intact checkpoint: ${this.reason}. ${this.remedy}`
  }
}

/** A checkpoint of another run: other shapes, manifolds, POMs, settings or data. */
export class CheckpointMismatch extends Schema.TaggedError<CheckpointMismatch>()("CheckpointMismatch", {
  what: Schema.String,
  expected: Schema.String,
  actual: Schema.String
}) {
  override get message() {
    const hint = this.what === "backend.arithmetic" ? ` (${alike})` : ""
    return `The checkpoint belongs to another run: ${this.what} is ${this.actual} there, but ${this.expected} here. ` +
      `Resume with the settings that the run was started with${hint}, or start a new run in another directory.`
  }
}

/** Of files only: a number, so that a later format can tell. */
const magic = Buffer.from("finegrain checkpoint 1\n")
const digestBytes = 32

const Header = Schema.Struct({
  /** The fingerprint of the network; the key is that of earlier versions. */
  geometry: Schema.String,
  position: Position,
  epochs: Schema.Array(RunFiles.EpochDone),
  extra: Schema.Record(Schema.String, Schema.Finite),
  tensors: Schema.Array(Schema.Struct({ name: Schema.String, shape: Schema.Array(RunFiles.count) }))
})

const decodeHeader = RunFiles.decode(Header, "header of a checkpoint")

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * A snapshot as bytes: a line that names the format, the length of a JSON header, the header, the numbers as float32,
 * little-endian, and SHA-256 of all that. `extra` are numbers that the writer wants back.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Checkpoint } from "finegrain"
 * const sums = { lossSum: 1, gradientNormSum: 1, correctSum: 2 }
 * const none = { leaked: 0, tensorsLeaked: 0 }
 * const position = { step: 7, epoch: 1, from: 64, measuredIn: 1, seconds: 0.5, ...sums, ...none }
 * const tensors = [{ name: "omega/0", shape: [2], values: Float32Array.of(1, 2) }]
 * const bytes = Checkpoint.encode({ fingerprint: "", position, epochs: [], tensors }, { eventBytes: 10 })
 * const { extra, snapshot } = Result.getOrThrow(Checkpoint.decode(bytes, "checkpoint.bin"))
 * [snapshot.position.step, extra["eventBytes"], ...snapshot.tensors[0]!.values] // => [7, 10, 1, 2]
 * Result.isFailure(Checkpoint.decode(bytes.subarray(0, 50), "checkpoint.bin")) // => true
 * ```
 */
export const encode = (snapshot: Snapshot, extra: Readonly<Record<string, number>> = {}): Uint8Array => {
  const { epochs, fingerprint, position, tensors } = snapshot
  const header = Buffer.from(RunFiles.toJson({
    geometry: fingerprint,
    position,
    epochs,
    extra,
    tensors: tensors.map(({ name, shape }) => ({ name, shape }))
  }))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(header.length)
  const numbers = tensors.map(({ values }) => Buffer.from(values.buffer, values.byteOffset, values.byteLength))
  const body = Buffer.concat([magic, length, header, ...numbers])
  return Buffer.concat([body, createHash("sha256").update(body).digest()])
}

/**
 * The snapshot in the bytes of a file, after its checksum was found right.
 *
 * Fails with CheckpointCorrupt, which names the file.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Checkpoint } from "finegrain"
 * const corrupt = Checkpoint.decode(new Uint8Array(100), "checkpoint.bin")
 * Result.getOrThrow(Result.flip(corrupt)).file // => "checkpoint.bin"
 * ```
 */
export const decode = (
  bytes: Uint8Array,
  file: string,
  remedy = "Delete it, and go on from an earlier one or from the start."
): Result.Result<
  { readonly snapshot: Snapshot; readonly extra: Readonly<Record<string, number>> },
  CheckpointCorrupt
> => {
  const refuse = (reason: string) => Result.fail(new CheckpointCorrupt({ file, reason, remedy }))
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const start = magic.length + 4
  if (all.length < start + digestBytes) return refuse(`it ends after ${counted(all.length, "byte")}`)
  if (!all.subarray(0, magic.length).equals(magic)) {
    return refuse("it does not begin as a checkpoint of this version does")
  }
  const body = all.subarray(0, all.length - digestBytes)
  if (!createHash("sha256").update(body).digest().equals(all.subarray(body.length))) {
    return refuse(`its ${all.length} bytes are not those that were written (SHA-256 differs)`)
  }
  const data = start + all.readUInt32LE(magic.length)
  const header = decodeHeader(parse(all.toString("utf8", start, data)))
  if (Result.isFailure(header)) return refuse(header.failure)
  const { epochs, extra, geometry: fingerprint, position, tensors } = header.success
  const numbers = tensors.reduce((sum, { shape }) => sum + Shape.size(shape), 0)
  if (data + 4 * numbers !== body.length) {
    return refuse(`it holds ${body.length - data} bytes of numbers, not ${4 * numbers}`)
  }
  let at = data
  const read = tensors.map(({ name, shape }) => {
    const size = Shape.size(shape)
    // A copy, because numbers may begin anywhere in the file.
    const values = new Float32Array(new Uint8Array(all.subarray(at, at + 4 * size)).buffer)
    at += 4 * size
    return { name, shape, values }
  })
  return Result.succeed({ snapshot: { fingerprint, position, epochs, tensors: read }, extra })
}

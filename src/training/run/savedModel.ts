/** Models as runs save them, read again. */
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
// Registers the layers that saved models name.
import "../../network/models/index.ts"
import * as RunFiles from "../RunFiles.ts"
import { RunDirectoryError } from "./RunDirectoryError.ts"

/** `model.json`, as far as it is read before TensorFlow.js reads it. */
const decode = RunFiles.decode(
  Schema.Struct({
    modelTopology: Schema.Struct({}),
    weightsManifest: Schema.Array(Schema.Struct({
      paths: Schema.Array(Schema.String),
      weights: Schema.Array(Schema.Struct({
        name: Schema.String,
        shape: Schema.Array(RunFiles.count),
        dtype: Schema.Literals(["float32", "int32", "bool", "complex64", "string"])
      }))
    }))
  }),
  "layers model of TensorFlow.js"
)

/** A model from its `model.json` and the weights beside it; disposed of with the scope. */
export const load = Effect.fnUntraced(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const failed = (reason: string, path = file) =>
    new RunDirectoryError({ path, reason, remedy: "Name a run, or a model.json with its weights beside it." })
  const unread = ({ message }: { readonly message: string }) => failed(message)
  const whole = yield* RunFiles.json(file, unread, failed)
  if (Option.isNone(whole)) return yield* failed("there is no such file")
  const { weightsManifest } = yield* Effect.mapError(Effect.fromResult(decode(whole.value)), failed)
  const parts = yield* Effect.forEach(
    weightsManifest.flatMap(({ paths }) => paths),
    (name) => Effect.mapError(fs.readFile(path.join(path.dirname(file), name)), unread)
  )
  const artifacts = {
    modelTopology: (whole.value as { readonly modelTopology: object }).modelTopology,
    weightSpecs: weightsManifest.flatMap(({ weights }) => weights.map((one) => ({ ...one, shape: [...one.shape] }))),
    weightData: tf.io.CompositeArrayBuffer.join(parts.map((part) => Uint8Array.from(part).buffer))
  }
  return yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () => tfl.loadLayersModel(tf.io.fromMemory(artifacts)),
      catch: (error) => failed(`TensorFlow.js does not read it: ${(error as Error).message}`)
    }),
    (model) => Effect.sync(() => model.dispose())
  )
})

/** Whether a model takes bytes: dividing them is its first layer. */
export const takesBytes = ({ layers }: tfl.LayersModel): boolean =>
  layers.some(({ name }) => name === "preprocessing_scale")

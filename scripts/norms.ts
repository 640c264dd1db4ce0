/**
 * Norms of the kernels of every run that completed of an experiment whose networks are dense: norms.json, to commit
 * beside its results. `node --conditions=finegrain:source scripts/norms.ts DIRECTORY`
 */
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Backend, Matrices } from "finegrain"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { directoryGiven, writeFound } from "./byRun.ts"

const directory = directoryGiven("norms")

interface Manifest {
  readonly weightsManifest: ReadonlyArray<{
    readonly weights: ReadonlyArray<{ readonly name: string; readonly shape: ReadonlyArray<number> }>
  }>
}

const norms = (name: string, values: Float32Array, [m, n]: readonly [number, number]) =>
  tf.tidy(() => {
    const w = tf.tensor2d(values, [m, n])
    const { values: squares } = Matrices.eigh(tf.matMul(w, w, true))
    const singular = Array.from(squares.dataSync(), (square) => Math.sqrt(Math.max(0, square)))
    return {
      name,
      spectral: Math.max(...singular),
      smallest: Math.min(...singular),
      frobenius: tf.norm(w).dataSync()[0]!,
      rowSum: tf.sum(tf.norm(w, "euclidean", 1)).dataSync()[0]!
    }
  })

const ofRun = (run: string) => {
  const { weightsManifest } = JSON.parse(readFileSync(join(run, "model.json"), "utf8")) as Manifest
  const bytes = readFileSync(join(run, "weights.bin"))
  let at = 0
  return weightsManifest[0]!.weights.flatMap(({ name, shape }) => {
    const count = shape.reduce((a, b) => a * b, 1)
    const values = Float32Array.from({ length: count }, (_, i) => bytes.readFloatLE(at + 4 * i))
    at += 4 * count
    // What standardizes images is saved with the network, and is none of its kernels.
    const [m, n] = shape
    return m === undefined || n === undefined || shape.length > 2 ? [] : [norms(name.split("/")[0]!, values, [m, n])]
  })
}

await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasm))
writeFound(directory, "norms.json", "all", (id) => ofRun(join(directory, "trials", id)))

import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { Backend, Run, TrainConfig } from "finegrain"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it, vi } from "vitest"
import * as Tracing from "../../src/training/Tracing.ts"
import { writeTinyDataset } from "../tinyDataset.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-traces-"))

interface Span {
  readonly name: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly status: { readonly code: number }
  readonly attributes: ReadonlyArray<{ readonly key: string; readonly value: Readonly<Record<string, unknown>> }>
}

const received: Array<Span> = []
const paths = new Set<string>()

/** A collector of traces, as OpenTelemetry describes it for HTTP with JSON. */
const collector = createServer((request, response) => {
  const chunks: Array<Buffer> = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("end", () => {
    paths.add(`${request.method} ${request.url}`)
    const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString()) as {
      readonly resourceSpans: ReadonlyArray<{
        readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<Span> }>
      }>
    }
    received.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)))
    response.end("{}")
  })
})

beforeAll(async () => {
  writeTinyDataset(scratch)
  collector.listen(0, "127.0.0.1")
  await once(collector, "listening")
})

afterAll(() => {
  collector.close()
  vi.unstubAllEnvs()
  rmSync(scratch, { recursive: true, force: true })
})

const train = (output: string, more: object = {}) =>
  Effect.gen(function*() {
    const config = yield* TrainConfig.decode({ dataset: scratch, backend: "wasm", epochs: 2, ...more }, "test")
    return yield* Run.train(config, join(scratch, output), () => Effect.void)
  }).pipe(Effect.provide([NodeServices.layer, Backend.wasm]), Effect.provide(Tracing.layer))

it("a run is a trace of its epochs, and of what they did, where the environment names a collector", async () => {
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", `http://127.0.0.1:${(collector.address() as AddressInfo).port}`)
  await Effect.runPromise(train("told"))
  const parent = ({ parentSpanId }: Span) => received.find(({ spanId }) => spanId === parentSpanId)?.name
  const told = (name: string) => received.filter((span) => span.name === name)
  expect([...paths]).toEqual(["POST /v1/traces"])
  expect(told("finegrain.run")).toHaveLength(1)
  expect(told("finegrain.run")[0]!.attributes).toContainEqual({ key: "model", value: { stringValue: "small-cnn" } })
  for (
    const [name, of] of [
      ["finegrain.epoch", "finegrain.run"],
      ["finegrain.renormalize", "finegrain.epoch"],
      ["finegrain.steps", "finegrain.epoch"],
      ["finegrain.measure", "finegrain.epoch"]
    ] as const
  ) expect(told(name).map(parent), name).toEqual([of, of])
})

it("a run that fails says so in its trace", async () => {
  received.length = 0
  const exit = await Effect.runPromiseExit(train("wild", { learningRate: 1e38, collection: "Euc" }))
  expect(exit._tag).toBe("Failure")
  expect(received.find(({ name }) => name === "finegrain.run")?.status.code).toBe(2)
})

it("nothing is sent without one, and a collector that is away stops no run", async () => {
  received.length = 0
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
  await Effect.runPromise(train("untold"))
  expect(received).toEqual([])
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
  vi.stubEnv("OTEL_EXPORTER_OTLP_TIMEOUT", "100")
  expect((await Effect.runPromise(train("away"))).status).toBe("completed")
})

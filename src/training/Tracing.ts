/**
 * Traces of runs for OpenTelemetry, through Effect's own tracer: a span for a run, its epochs, and in them λ, steps and
 * measures.
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Versions from "./Versions.ts"

const endpoints = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"]

/**
 * Exports traces as OTLP in JSON where OpenTelemetry's variables of the environment name an endpoint; nothing is loaded
 * where none does. Spans are sent when it closes, if not before.
 *
 * @internal
 */
export const layer: Layer.Layer<never> = Layer.unwrap(
  Effect.promise(async () => {
    if (endpoints.every((name) => (process.env[name] ?? "") === "")) return Layer.empty
    const [OtlpTracer, OtlpSerialization, FetchHttpClient] = await Promise.all([
      import("effect/observability/OtlpTracer"),
      import("effect/observability/OtlpSerialization"),
      import("effect/http/FetchHttpClient")
    ])
    // By OpenTelemetry's specification this is the default; Effect's is none.
    const env = { OTEL_TRACES_EXPORTER: "otlp", ...process.env } as Record<string, string>
    const resource = { serviceName: "finegrain", serviceVersion: Versions.finegrain() }
    return OtlpTracer.layerFromConfig({ resource }).pipe(
      Layer.provide([
        OtlpSerialization.layerJson,
        FetchHttpClient.layer,
        ConfigProvider.layer(ConfigProvider.fromEnv({ env }))
      ]),
      // A variable that makes no sense is OpenTelemetry's, and no reason not to train.
      Layer.catchCause(() => Layer.empty)
    )
  })
)

/**
 * An effect as a span; its attributes are for whoever reads the trace.
 *
 * @internal
 */
export const span =
  (name: string, attributes: Readonly<Record<string, unknown>> = {}) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.withSpan(effect, `finegrain.${name}`, { attributes, captureStackTrace: false }) as Effect.Effect<A, E, R>

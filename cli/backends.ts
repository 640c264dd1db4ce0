/** `finegrain backends`: which engines are here, and whether one does what it should. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Law } from "../laws/index.ts"
import * as Catalogue from "../src/choices/Catalogue.ts"
import * as Backend from "../src/engine/Backend.ts"
import { checksOf, isLongRun } from "./checkBackend.ts"
import * as Voice from "./Voice.ts"

/** An engine that starts, but does not do what it should; what it does not do has been shown. */
class BackendUnfit extends Schema.TaggedError<BackendUnfit>()("BackendUnfit", {
  backend: Schema.String,
  failed: Schema.Int,
  of: Schema.Int
}) {
  override get message() {
    return `The backend ${this.backend} fails ${this.failed} of ${this.of} checks.`
  }
}

const inspect = Effect.gen(function*() {
  const reports = yield* Backend.inspect
  yield* Voice.result(reports)
  for (const report of reports) {
    yield* Console.log(
      report.available
        ? `✓ ${report.name.padEnd(8)} ${report.device ?? ""}`
        : `✗ ${report.name.padEnd(8)} ${report.reason ?? ""}\n  ${" ".repeat(8)} ${report.remedy ?? ""}`
    )
  }
})

const check = Effect.fnUntraced(function*(name: Backend.EngineName) {
  const checks: Array<{ readonly name: string; readonly found: string; readonly passed: boolean }> = []
  const without = (law: Law.Law) => isLongRun(law) ? "minutes on some engines" : undefined
  for (const { run } of checksOf(Backend.layer(name), { without })) {
    for (const { found, name: check, passed } of yield* run) {
      yield* Console.log(`${passed ? "✓" : "✗"} ${check}: ${found}`)
      checks.push({ name: check, found, passed })
    }
  }
  const failed = checks.filter(({ passed }) => !passed).length
  yield* Voice.result({ backend: name, checks })
  if (failed > 0) return yield* new BackendUnfit({ backend: name, failed, of: checks.length })
})

/** `finegrain backends`. */
export const backends = Command.make(
  "backends",
  {
    check: Flag.Literals("check", Catalogue.names(Backend.engines)).pipe(
      Flag.withDescription("train ten steps and check the laws of the paper's manifolds and of FG-SGD on this backend"),
      Flag.optional
    )
  },
  ({ check: name }) => Option.match(name, { onNone: () => inspect, onSome: check })
).pipe(
  Command.withDescription("Show which backends are here, what is missing, and why; or put one to the test"),
  Command.withExamples([
    { command: "finegrain backends --check nodeGpu", description: "Does everything hold on this GPU?" }
  ])
)

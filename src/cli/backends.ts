import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Backend from "../Backend.ts"

/** `finegrain backends`. */
export const backends = Command.make(
  "backends",
  {},
  Effect.fnUntraced(function*() {
    for (const report of yield* Backend.inspect) {
      yield* Console.log(
        report.available
          ? `✓ ${report.name.padEnd(8)} ${report.device ?? ""}`
          : `✗ ${report.name.padEnd(8)} ${report.reason ?? ""}\n  ${" ".repeat(8)} ${report.remedy ?? ""}`
      )
    }
  })
).pipe(Command.withDescription("Show which backends are here, what is missing, and why"))

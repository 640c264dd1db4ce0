/** The command line as a process: its arguments, its endings. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as endings from "../src/training/endings.ts"
import * as Tracing from "../src/training/Tracing.ts"
import { commandLine } from "./commandLine.ts"
import { teardown } from "./exitCodes.ts"

endings.install()
commandLine(process.argv.slice(2)).pipe(
  Effect.provide([NodeServices.layer, Tracing.layer]),
  NodeRuntime.runMain({ disableErrorReporting: true, teardown })
)

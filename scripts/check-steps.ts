/**
 * Ten training steps on an engine against those of plain JavaScript: of `backends --check` what software that plays a
 * GPU does in seconds. Usage: check-steps.ts BACKEND
 */
import * as Effect from "effect/Effect"
import { checksOf } from "../cli/checkBackend.ts"
import * as Backend from "../src/engine/Backend.ts"

const [name = "webgpu"] = process.argv.slice(2)
const [steps] = checksOf(Backend.layer(name as Backend.EngineName))
const checks = await Effect.runPromise(steps!.run)
for (const { found, name, passed } of checks) process.stdout.write(`${passed ? "✓" : "✗"} ${name}: ${found}\n`)
process.exit(checks.every(({ passed }) => passed) ? 0 : 1)

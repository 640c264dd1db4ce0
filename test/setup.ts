import fc from "fast-check"
import { join } from "node:path"

// One seed for every property of a run; a failure prints it, PROP_SEED brings it back.
const seed = Number(process.env["PROP_SEED"] ?? 20190) | 0
const runs = process.env["PROP_RUNS"]
fc.configureGlobal({ seed, ...(runs === undefined ? {} : { numRuns: Number(runs) }) })

// Two test files run at a time; suites that are about threads ask for them.
process.env["FINEGRAIN_THREADS"] ??= "1"

// Processes that tests start take half as long to load what another has compiled.
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "..", "node_modules", ".cache", "node")

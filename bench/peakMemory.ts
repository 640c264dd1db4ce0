import * as Effect from "effect/Effect"
import { Backend } from "finegrain"
import { networkStep } from "./networkStep.ts"

/**
 * Prints the MiB that ten training steps of ResNet-20 take at most, in a process of their own. Usage: peakMemory.ts
 * THREADS BATCH
 */
const [threads, batch] = process.argv.slice(2).map(Number) as [number, number]
await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith({ threads })))
const { step } = await networkStep(batch)
for (let i = 0; i < 10; i++) step()
process.stdout.write(`${process.resourceUsage().maxRSS / 1024}\n`)

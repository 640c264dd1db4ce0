/**
 * A training step of ResNet-20 on the wasm engine with its own kernels and with each accelerator that is here, in
 * turns. Usage: npm run bench:accelerators -- [BATCH [ROUNDS]]
 */
import * as Effect from "effect/Effect"
import { Backend } from "finegrain"
import { networkStep } from "./networkStep.ts"
import { inTurns, spread } from "./timing.ts"

const batch = Number(process.argv[2] ?? 128)
const rounds = Number(process.argv[3] ?? 15)

const start = (accelerator: "none" | "onednn") =>
  Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith({ accelerator })))

const { device } = await start("onednn")
const { dispose, step } = await networkStep(batch)
const timings = await inTurns(
  (["none", "onednn"] as const).map((name) => ({
    name,
    // The first step after a change finds caches cold.
    before: async () => {
      await start(name)
      step()
    },
    run: step
  })),
  rounds
)
const [own, other] = timings
process.stdout.write(`${device}; ms a step of ${batch} images, median of ${rounds} (quartiles)\n`)
for (const timing of timings) process.stdout.write(`${timing.name.padEnd(8)} ${spread(timing)}\n`)
process.stdout.write(`own kernels / oneDNN: ${(own!.median / other!.median).toFixed(2)}\n`)
dispose()

/**
 * This library's side of bench/rivals.ts: speaks as steps.py does. Usage: own_steps.ts ENGINE THREADS, where an engine
 * is a backend's name, or onednn for wasm with that accelerator.
 */
import * as Effect from "effect/Effect"
import { Backend } from "finegrain"
import { createInterface } from "node:readline"
import { layerStep, type Repeated } from "../layerStep.ts"
import { networkStep, optimizerStep } from "../networkStep.ts"
import type { Asked, Work } from "./side.ts"

const [name = "wasm", threads = "1"] = process.argv.slice(2)
const wasm = (accelerator: "none" | "onednn") => Backend.wasmWith({ threads: Number(threads), accelerator })
const engine = name === "wasm"
  ? wasm("none")
  : name === "onednn"
  ? wasm("onednn")
  : Backend.layer(name as Backend.EngineName)

const say = (answer: unknown) => process.stdout.write(`${JSON.stringify(answer)}\n`)

const symbols = { sphere: "Sp", oblique: "Ob", Stiefel: "St" } as const

const make = (work: Work): Promise<Repeated> | Repeated =>
  work.kind === "network"
    ? networkStep(work.batch, work)
    : work.kind === "optimizer"
    ? optimizerStep({ ...work, side: 32 })
    : layerStep([work.n, work.n, work.inputs, work.outputs], symbols[work.manifold])

let known: { readonly key: string; readonly subject: Repeated } | undefined
const forget = () => {
  known?.subject.dispose()
  known = undefined
}

const steps = async ({ times, work }: Extract<Asked, { do: "steps" }>): Promise<ReadonlyArray<number>> => {
  const key = JSON.stringify(work)
  if (known?.key !== key) {
    forget()
    known = { key, subject: await make(work) }
  }
  const { settled, step } = known.subject
  const taken: Array<number> = []
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    step()
    if (name === "webgpu") await settled()
    taken.push(performance.now() - start)
  }
  return taken
}

const { arithmetic, device } = await Effect.runPromise(Effect.provide(Backend.Backend, engine))
say({ finegrain: device, ...(arithmetic === undefined ? {} : { arithmetic }) })
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line) as Asked
  if (asked.do === "memory") say(process.resourceUsage().maxRSS / 1024)
  else if (asked.do === "forget") say(forget() ?? null)
  else say(await steps(asked))
}
process.exit()

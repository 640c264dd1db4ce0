import asc from "assemblyscript/asc"
import { once } from "node:events"
import { Worker } from "node:worker_threads"

/** What the machine can do at most, by measurement, in vectors of 128 bits as WebAssembly has them. */
export interface Ceilings {
  /** Billions of multiplications and additions in a second, on numbers in registers. */
  readonly gflops: number
  /** Billions of bytes in a second, read and written, on arrays that no cache holds. */
  readonly gigabytes: number
}

const chains = 12
const elements = 1 << 24

/**
 * Chains that do not wait for each other, with factors that are no constants, which would be made anew every time; and
 * a = b + s·c over arrays of 64 MiB.
 */
const source = `
export function multiplyAdd(rounds: i32, times: f32, plus: f32): f32 {
  const factor = f32x4.splat(times)
  const addend = f32x4.splat(plus)
  ${Array.from({ length: chains }, (_, i) => `let v${i} = f32x4.splat(${i}.5)`).join("\n  ")}
  for (let i = 0; i < rounds; i++) {
    ${Array.from({ length: chains }, (_, i) => `v${i} = f32x4.relaxed_madd(v${i}, factor, addend)`).join("\n    ")}
  }
  return f32x4.extract_lane(${
  Array.from({ length: chains }, (_, i) => `v${i}`).reduce((sum, v) => `f32x4.add(${sum}, ${v})`)
}, 0)
}
export function triad(a: usize, b: usize, c: usize, bytes: usize): void {
  const s = f32x4.splat(3)
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(a + i, f32x4.relaxed_madd(s, v128.load(c + i), v128.load(b + i)))
  }
}
`

const compile = async (): Promise<Uint8Array> => {
  let binary: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    ["ceilings.ts", "--outFile", "ceilings.wasm", "--runtime", "stub", "--importMemory", "--noAssert", "-O3"]
      .concat(["--enable", "simd", "--enable", "relaxed-simd"]),
    {
      readFile: (name) => name === "ceilings.ts" ? source : null,
      writeFile: (_, contents) => {
        binary = typeof contents === "string" ? Buffer.from(contents) : contents
      },
      listFiles: () => []
    }
  )
  if (error !== null || binary === undefined) throw new Error(`the ceilings do not compile:\n${stderr.toString()}`)
  return binary
}

/** A thread: told what to run, it answers with the milliseconds that it took. */
const thread = `
const { parentPort, workerData } = require("node:worker_threads")
const bytes = 4 * ${elements}
const memory = new WebAssembly.Memory({ initial: 3 * bytes / 65536 + 1 })
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(workerData), { env: { memory, abort: () => {} } })
parentPort.on("message", (what) => {
  const start = performance.now()
  if (what === "multiplyAdd") exports.multiplyAdd(1 << 24, 0.999, 0.001)
  else for (let i = 0; i < 4; i++) exports.triad(1024, 1024 + bytes, 1024 + 2 * bytes, bytes)
  parentPort.postMessage(performance.now() - start)
})
`

/** The best of five rounds of all threads at once. */
export const ceilings = async (threads: number): Promise<Ceilings> => {
  const workerData = await compile()
  const workers = Array.from({ length: threads }, () => new Worker(thread, { eval: true, workerData }))
  const slowest = async (what: "multiplyAdd" | "triad"): Promise<number> => {
    const answers = workers.map((worker) => once(worker, "message"))
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    for (const worker of workers) worker.postMessage(what)
    return Math.max(...(await Promise.all(answers)).map(([ms]) => ms as number))
  }
  const best = async (what: "multiplyAdd" | "triad") => {
    let shortest = Infinity
    for (let round = 0; round < 6; round++) shortest = Math.min(shortest, await slowest(what))
    return shortest
  }
  const [computing, moving] = [await best("multiplyAdd"), await best("triad")]
  await Promise.all(workers.map((worker) => worker.terminate()))
  return {
    gflops: threads * 2 ** 24 * chains * 8 / computing / 1e6,
    gigabytes: threads * 4 * 3 * 4 * elements / moving / 1e6
  }
}

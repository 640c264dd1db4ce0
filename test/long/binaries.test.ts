import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { generate, target } from "../../scripts/build-kernels.ts"

it("the compiled kernels are what their sources say", async () => {
  expect(await generate()).toBe(readFileSync(target, "utf8"))
})

it("the compiled kernels hold no data, which would lie on top of TensorFlow.js' heap", async () => {
  const { plain, relaxed } = await import("../../src/engine/wasm/simd/binaries.ts")
  for (const text of [plain, relaxed]) {
    const module = new WebAssembly.Module(Buffer.from(text, "base64"))
    expect(sections(Buffer.from(text, "base64"))).not.toContain(11)
    expect(module).toBeDefined()
  }
})

/** The ids of the sections of a WebAssembly binary: 11 is data. */
const sections = (bytes: Uint8Array): ReadonlyArray<number> => {
  const found: Array<number> = []
  let at = 8
  while (at < bytes.length) {
    found.push(bytes[at++]!)
    let [length, shift, byte] = [0, 0, 0]
    do {
      byte = bytes[at++]!
      length |= (byte & 0x7f) << shift
      shift += 7
    } while (byte >= 0x80)
    at += length
  }
  return found
}

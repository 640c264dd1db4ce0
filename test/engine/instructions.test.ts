import { expect, it } from "vitest"
import { processor, widest } from "../../src/engine/processor.ts"
import { inWords } from "../../src/engine/wasm/onednn/instructions.ts"

it("names the widest instructions of a processor as Linux describes it", () => {
  expect(widest("processor\t: 0\nflags\t\t: fpu sse4_1 avx avx2 fma\nbugs\t\t: avx512f")).toBe("avx2")
  expect(widest("flags\t\t: fpu sse4_1 avx avx2 avx512f avx512dq")).toBe("avx512f")
  expect(widest("Features\t: fp asimd evtstrm")).toBe("asimd")
  expect(widest("nothing of the kind")).toBeUndefined()
})

it("names what bounds them", () => {
  expect(processor({ ONEDNN_MAX_CPU_ISA: "AVX2" })).toBe(`${processor({})} ONEDNN_MAX_CPU_ISA=AVX2`)
})

it("names oneDNN's instructions as its own variable does, and by number where they are unknown", () => {
  expect([0x7, 0xe7, 0x12345, 0].map(inWords)).toEqual(["AVX2", "AVX512_CORE_BF16", "instructions 0x12345", undefined])
})

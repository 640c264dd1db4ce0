/** The instructions that oneDNN computes with, on which the last bits of its sums depend. */

/** By the names that ONEDNN_MAX_CPU_ISA takes; the numbers of AMX and AVX2_VNNI differ between versions 2 and 3. */
const names: ReadonlyMap<number, string> = new Map([
  [0x1, "SSE41"],
  [0x3, "AVX"],
  [0x7, "AVX2"],
  [0x407, "AVX2_VNNI"],
  [0xf, "AVX2_VNNI"],
  [0x1f, "AVX2_VNNI_2"],
  [0x27, "AVX512_CORE"],
  [0x67, "AVX512_CORE_VNNI"],
  [0xe7, "AVX512_CORE_BF16"],
  [0x1ef, "AVX512_CORE_FP16"],
  [0x3e7, "AVX512_CORE_AMX"],
  [0xfef, "AVX512_CORE_AMX"],
  [0x1fef, "AVX512_CORE_AMX_FP16"]
])

/** What the library calls a set of instructions, in words; on processors other than x64 it tells of none. */
export const inWords = (isa: number): string | undefined =>
  isa === 0 ? undefined : names.get(isa) ?? `instructions 0x${isa.toString(16)}`

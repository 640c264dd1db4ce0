import { hexToBytes } from "@noble/hashes/utils.js"

/**
 * `(a, b, c) => a·b + c` by `f32x4.relaxed_madd`, as a module of its own: nothing else tells whether the processor
 * rounds once or twice.
 *
 * ```
 * (func (export "f") (param f32 f32 f32) (result f32) (f32x4.extract_lane 0 (f32x4.relaxed_madd
 *   (f32x4.splat (local.get 0)) (f32x4.splat (local.get 1)) (f32x4.splat (local.get 2)))))
 * ```
 */
const probe = hexToBytes(
  "0061736d0100000001080160037d7d7d017d030201000705010166" +
    "00000a160114002000fd132001fd132002fd13fd8502fd1f000b"
)

/**
 * Whether relaxed SIMD of this processor multiplies and adds in one instruction: (1 + 2⁻¹²)² − (1 + 2⁻¹¹) is 2⁻²⁴
 * rounded once, 0 rounded twice.
 */
const isFused = (): boolean => {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(probe), {})
  const { f } = exports as { readonly f: (a: number, b: number, c: number) => number }
  return f(1 + 2 ** -12, 1 + 2 ** -12, -(1 + 2 ** -11)) !== 0
}

/** How kernels of a flavour round here. */
export const rounding = (flavour: "plain" | "relaxed"): string =>
  flavour === "plain" ? "plain" : isFused() ? "relaxed, fused" : "relaxed, not fused"

import { algorithms, anyLayout, blockedLayout, float32, forwardTraining, integers, steps } from "./codes.ts"
import type { Address, Calls, Dialect } from "./dialect.ts"

/** Bytes of `dnnl_memory_desc_t` (696) and `dnnl_convolution_desc_t` (5976) on 64-bit machines, and some to spare. */
const layoutBytes = 1024
const operationBytes = 8192

/** oneDNN 2: layouts and operations are structures, of which plans are made. */
export const dialect = ({ call, engine, made }: Calls): Dialect => {
  const tagged = (lengths: ReadonlyArray<number>, tag: number) => {
    const layout = new Uint8Array(layoutBytes)
    call(
      "dnnl_memory_desc_init_by_tag(void* layout, int rank, void* lengths, int type, int tag)",
      layout,
      lengths.length,
      integers(lengths),
      float32,
      tag
    )
    return layout
  }
  const planOf = (operation: Uint8Array, hint?: Address) =>
    made(
      "dnnl_primitive_desc_create(_Out_ void** plan, void* operation, void* attributes, void* engine, void* hint)",
      operation,
      null,
      engine,
      hint ?? null
    )
  return {
    layout: (lengths, strides) => {
      if (strides === undefined) return tagged(lengths, anyLayout)
      const layout = new Uint8Array(layoutBytes)
      call(
        "dnnl_memory_desc_init_by_strides(void* layout, int rank, void* lengths, int type, void* strides)",
        layout,
        lengths.length,
        integers(lengths),
        float32,
        integers(strides)
      )
      return layout
    },
    // Structures of ours.
    forget: () => {},
    blocked: (lengths) => tagged(lengths, blockedLayout),
    product: ({ a, b, bias, out }) => {
      const operation = new Uint8Array(operationBytes)
      call(
        "dnnl_matmul_desc_init(void* operation, void* a, void* b, void* bias, void* out)",
        operation,
        a,
        b,
        bias,
        out
      )
      return planOf(operation)
    },
    convolution: (direction, algorithm, { bias, filter, steps: given, x, y }, forward) => {
      const operation = new Uint8Array(operationBytes)
      switch (direction) {
        case "forward":
          call(
            "dnnl_dilated_convolution_forward_desc_init(void* operation, int kind, int algorithm, void* x, " +
              `void* filter, void* bias, void* y, ${steps})`,
            operation,
            forwardTraining,
            algorithms[algorithm],
            x,
            filter,
            bias,
            y,
            ...given
          )
          break
        case "inputGradient":
          call(
            "dnnl_dilated_convolution_backward_data_desc_init(void* operation, int algorithm, void* x, void* filter, " +
              `void* y, ${steps})`,
            operation,
            algorithms[algorithm],
            x,
            filter,
            y,
            ...given
          )
          break
        case "filterGradient":
          call(
            "dnnl_dilated_convolution_backward_weights_desc_init(void* operation, int algorithm, void* x, " +
              `void* filter, void* bias, void* y, ${steps})`,
            operation,
            algorithms[algorithm],
            x,
            filter,
            null,
            y,
            ...given
          )
      }
      return planOf(operation, forward)
    }
  }
}

import { algorithms, anyLayout, float32, forwardTraining, integers, steps } from "./codes.ts"
import type { Calls, Dialect } from "./dialect.ts"

/** oneDNN 3: layouts are opaque, plans are made in one call. */
export const dialect = ({ call, engine, made }: Calls): Dialect => ({
  layout: (lengths, strides) =>
    strides === undefined
      ? made(
        "dnnl_memory_desc_create_with_tag(_Out_ void** layout, int rank, void* lengths, int type, int tag)",
        lengths.length,
        integers(lengths),
        float32,
        anyLayout
      )
      : made(
        "dnnl_memory_desc_create_with_strides(_Out_ void** layout, int rank, void* lengths, int type, void* strides)",
        lengths.length,
        integers(lengths),
        float32,
        integers(strides)
      ),
  forget: (layout) => call("dnnl_memory_desc_destroy(void* layout)", layout),
  product: ({ a, b, bias, out }) =>
    made(
      "dnnl_matmul_primitive_desc_create(_Out_ void** plan, void* engine, void* a, void* b, void* bias, void* out, " +
        "void* attributes)",
      engine,
      a,
      b,
      bias,
      out,
      null
    ),
  convolution: (direction, algorithm, { bias, filter, steps: given, x, y }, forward = 0n) => {
    const [start, end] = ["_Out_ void** plan, void* engine, int algorithm", `${steps}, void* hint, void* attributes`]
    switch (direction) {
      case "forward":
        return made(
          "dnnl_convolution_forward_primitive_desc_create(_Out_ void** plan, void* engine, int kind, int algorithm, " +
            `void* x, void* filter, void* bias, void* y, ${steps}, void* attributes)`,
          engine,
          forwardTraining,
          algorithms[algorithm],
          x,
          filter,
          bias,
          y,
          ...given,
          null
        )
      case "inputGradient":
        return made(
          `dnnl_convolution_backward_data_primitive_desc_create(${start}, void* x, void* filter, void* y, ${end})`,
          engine,
          algorithms[algorithm],
          x,
          filter,
          y,
          ...given,
          forward,
          null
        )
      case "filterGradient":
        return made(
          `dnnl_convolution_backward_weights_primitive_desc_create(${start}, void* x, void* filter, void* bias, ` +
            `void* y, ${end})`,
          engine,
          algorithms[algorithm],
          x,
          filter,
          null,
          y,
          ...given,
          forward,
          null
        )
    }
  }
})

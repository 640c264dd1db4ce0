import type { Pointer } from "./functions.ts"
import type { Simd } from "./module.ts"

/** Something with tables on the heap. */
export interface WithTables<A> {
  readonly made: A
  readonly free: () => void
}

/** Makes something with tables on the heap: all of them, or, where there is no more memory, none. */
export const keeping = <A>(simd: Simd, make: (keep: Simd["keep"]) => A): WithTables<A> => {
  const kept: Array<Pointer> = []
  const free = () => kept.forEach(simd.free)
  try {
    const made = make((values) => {
      const pointer = simd.keep(values)
      kept.push(pointer)
      return pointer
    })
    return { made, free }
  } catch (cause) {
    free()
    throw cause
  }
}

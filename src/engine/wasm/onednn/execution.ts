/** What convolutions and products have in common: memories, arguments, and primitives that are kept. */
import type { Address } from "./dialect.ts"
import type { Library } from "./library.ts"

/** What is ready to run on values at some places. */
export interface Primitive<Places> {
  readonly run: (places: Places) => void
  readonly release: () => void
}

/** Primitives are kept for so many geometries; those used longest ago are let go. */
const mostKept = 256

/** Makes primitives, each at its first use. */
export const kept = <Key, Places>(make: (key: Key) => Primitive<Places>): (key: Key) => Primitive<Places> => {
  const known = new Map<string, Primitive<Places>>()
  return (given) => {
    const key = JSON.stringify(given)
    const found = known.get(key) ?? make(given)
    known.delete(key)
    known.set(key, found)
    const [oldest] = known.keys()
    if (known.size > mostKept && oldest !== undefined) {
      known.get(oldest)!.release()
      known.delete(oldest)
    }
    return found
  }
}

/** What an argument of a primitive is. */
export const roles = { x: 1, y: 17, filter: 33, bias: 41, dx: 129, dy: 145, dFilter: 161 } as const

/** Memory that the library allocates, or that is to be told later. */
export const allocated = 0xffff_ffff_ffff_ffffn
export const later = 0n

/** `dnnl_exec_arg_t`: an int at 0, a pointer at 8. */
export const argumentsOf = (given: ReadonlyArray<readonly [role: number, memory: Address]>): Uint8Array => {
  const bytes = new Uint8Array(16 * given.length)
  const view = new DataView(bytes.buffer)
  for (const [i, [role, memory]] of given.entries()) {
    view.setInt32(16 * i, role, true)
    view.setBigUint64(16 * i + 8, memory, true)
  }
  return bytes
}

/** What the library does with memories and primitives. */
export const callsOf = ({ call, engine, made, stream }: Library) => ({
  memory: (layout: unknown, place: Address) =>
    made("dnnl_memory_create(_Out_ void** memory, void* layout, void* engine, void* place)", layout, engine, place),
  primitive: (plan: Address) => made("dnnl_primitive_create(_Out_ void** primitive, void* plan)", plan),
  execute: (what: Address, count: number, given: Uint8Array) =>
    call(
      "dnnl_primitive_execute(void* primitive, void* stream, int count, void* arguments)",
      what,
      stream,
      count,
      given
    ),
  place: (of: Address, at: Address) => call("dnnl_memory_set_data_handle(void* memory, void* place)", of, at),
  reorder: (from: unknown, to: unknown) =>
    made(
      "dnnl_reorder_primitive_desc_create(_Out_ void** plan, void* from, void* fromEngine, void* to, " +
        "void* toEngine, void* attributes)",
      from,
      engine,
      to,
      engine,
      null
    )
})

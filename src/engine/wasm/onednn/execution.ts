/** What convolutions and products have in common: memories, arguments, and primitives that are kept. */
import type { Address, Dialect } from "./dialect.ts"
import type { Library } from "./library.ts"
import { type Resources, resources } from "./resources.ts"

/** What is ready to run on values at some places. */
export interface Primitive<Places> {
  readonly run: (places: Places) => void
  readonly release: () => void
}

/** Primitives are kept for so many geometries; those used longest ago are let go. */
const mostKept = 256

/** Makes primitives, each at its first use, and releases them with the given resources. */
export const kept = <Key, Places>(
  scope: Resources,
  make: (key: Key) => Primitive<Places>
): (key: Key) => Primitive<Places> => {
  const known = scope.add(new Map<string, Primitive<Places>>(), (all) => {
    for (const each of all.values()) each.release()
    all.clear()
  })
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
export const callsOf = ({ call, stream }: Library) => ({
  execute: (what: Address, count: number, given: Uint8Array) =>
    call(
      "dnnl_primitive_execute(void* primitive, void* stream, int count, void* arguments)",
      what,
      stream,
      count,
      given
    ),
  place: (of: Address, at: Address) => call("dnnl_memory_set_data_handle(void* memory, void* place)", of, at),
  wait: () => call("dnnl_stream_wait(void* stream)", stream)
})

/** Makes parts of a primitive: memories and primitives stay with it, layouts and plans only until it is ready. */
const makerOf = ({ call, dialect, engine, made }: Library, staying: Resources, passing: Resources) => {
  const plan = (of: Address) => passing.add(of, (plan) => call("dnnl_primitive_desc_destroy(void* plan)", plan))
  const layout = (of: unknown) => passing.add(of, dialect.forget)
  return {
    layout: (...of: Parameters<Dialect["layout"]>) => layout(dialect.layout(...of)),
    blocked: (lengths: ReadonlyArray<number>) => layout(dialect.blocked!(lengths)),
    convolution: (...of: Parameters<Dialect["convolution"]>) => plan(dialect.convolution(...of)),
    product: (...of: Parameters<Dialect["product"]>) => plan(dialect.product(...of)),
    reorder: (from: unknown, to: unknown) =>
      plan(made(
        "dnnl_reorder_primitive_desc_create(_Out_ void** plan, void* from, void* fromEngine, void* to, " +
          "void* toEngine, void* attributes)",
        from,
        engine,
        to,
        engine,
        null
      )),
    memory: (layout: unknown, place: Address) =>
      staying.add(
        made("dnnl_memory_create(_Out_ void** memory, void* layout, void* engine, void* place)", layout, engine, place),
        (memory) => call("dnnl_memory_destroy(void* memory)", memory)
      ),
    primitive: (plan: Address) =>
      staying.add(
        made("dnnl_primitive_create(_Out_ void** primitive, void* plan)", plan),
        (primitive) => call("dnnl_primitive_destroy(void* primitive)", primitive)
      )
  }
}

export type Maker = ReturnType<typeof makerOf>

/** Makes a primitive ready; where that fails, nothing of it stays. */
export const ready = <Places>(
  library: Library,
  prepare: (make: Maker) => Primitive<Places>["run"]
): Primitive<Places> => {
  const [staying, passing] = [resources(), resources()]
  try {
    return { run: prepare(makerOf(library, staying, passing)), release: staying.release }
  } catch (cause) {
    staying.release()
    throw cause
  } finally {
    passing.release()
  }
}

/** Convolutions of oneDNN, made ready once and run often. */
import { integers } from "./codes.ts"
import type { Address, Direction } from "./dialect.ts"
import type { Library } from "./library.ts"

/** A convolution of channels-last images: [images, height, width, channels], filters [height, width, in, out]. */
export interface Convolution {
  readonly x: ReadonlyArray<number>
  readonly filter: ReadonlyArray<number>
  readonly y: ReadonlyArray<number>
  readonly strides: readonly [number, number]
  readonly dilations: readonly [number, number]
  /** Rows and columns before the first, and behind the last. */
  readonly before: readonly [number, number]
  readonly behind: readonly [number, number]
  readonly bias: boolean
}

/** The places of a convolution's values; that of its result is one of them. */
export interface Places {
  readonly x: Address
  readonly filter: Address
  readonly y: Address
  readonly bias?: Address | undefined
}

/** A convolution that is ready to run. */
export interface Primitive {
  readonly run: (places: Places) => void
  readonly release: () => void
}

/** [images, height, width, channels] as the library counts, with the strides of ours. */
const images = ([n = 0, h = 0, w = 0, c = 0]: ReadonlyArray<number>) =>
  [[n, c, h, w], [h * w * c, 1, w * c, c]] as const

/** [height, width, in, out] as the library counts, with the strides of ours. */
const filters = ([h = 0, w = 0, i = 0, o = 0]: ReadonlyArray<number>) =>
  [[o, i, h, w], [1, o, w * i * o, i * o]] as const

const queries = { filter: 131, filterGradient: 132 } as const

/** What an argument of a primitive is. */
const roles = { x: 1, y: 17, filter: 33, bias: 41, dx: 129, dy: 145, dFilter: 161 } as const

const rolesOf: Readonly<Record<Direction, { readonly x: number; readonly filter: number; readonly y: number }>> = {
  forward: { x: roles.x, filter: roles.filter, y: roles.y },
  inputGradient: { x: roles.dx, filter: roles.filter, y: roles.dy },
  filterGradient: { x: roles.x, filter: roles.dFilter, y: roles.dy }
}

/** Memory that the library allocates, or that is to be told later. */
const allocated = 0xffff_ffff_ffff_ffffn
const later = 0n

/** `dnnl_exec_arg_t`: an int at 0, a pointer at 8. */
const argumentsOf = (given: ReadonlyArray<readonly [role: number, memory: Address]>): Uint8Array => {
  const bytes = new Uint8Array(16 * given.length)
  const view = new DataView(bytes.buffer)
  for (const [i, [role, memory]] of given.entries()) {
    view.setInt32(16 * i, role, true)
    view.setBigUint64(16 * i + 8, memory, true)
  }
  return bytes
}

/** What the library does with memories and primitives. */
const callsOf = ({ call, engine, made, stream }: Library) => ({
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

/** A convolution as the library knows it: layouts of its operands, and the plan of its code. */
const planned = ({ dialect, value }: Library, direction: Direction, given: Convolution) => {
  const [x, y, plain] = [
    dialect.layout(...images(given.x)),
    dialect.layout(...images(given.y)),
    dialect.layout(...filters(given.filter))
  ]
  const bias = given.bias ? dialect.layout([given.filter[3]!], [1]) : null
  const operands = {
    x,
    y,
    bias,
    filter: dialect.layout(filters(given.filter)[0]),
    steps: [given.strides, given.dilations.map((by) => by - 1), given.before, given.behind].map(integers)
  }
  const forward = dialect.convolution("forward", operands)
  const plan = direction === "forward" ? forward : dialect.convolution(direction, operands, forward)
  const liked = value(
    "void* dnnl_primitive_desc_query_md(void* plan, int what, int index)",
    plan,
    direction === "filterGradient" ? queries.filterGradient : queries.filter,
    0
  )
  return { x, y, bias, plain, liked, plan, forward }
}

/** The memories of a convolution, to be told their places; and the way of its filter to the layout that it wants. */
const memoriesOf = (
  library: Library,
  direction: Direction,
  { bias, liked, plain, x, y }: ReturnType<typeof planned>
) => {
  const { memory, primitive, reorder } = callsOf(library)
  const own = memory(plain, later)
  const same = library.value("int dnnl_memory_desc_equal(void* a, void* b)", liked, plain) === 1
  const theirs = same ? own : memory(liked, allocated)
  const back = direction === "filterGradient"
  const copying = same ? undefined : back ? reorder(liked, plain) : reorder(plain, liked)
  return {
    own,
    theirs,
    from: memory(x, later),
    to: memory(y, later),
    shift: bias === null ? undefined : memory(bias, later),
    back,
    copying,
    copy: copying === undefined ? undefined : primitive(copying),
    copied: argumentsOf([[roles.x, back ? theirs : own], [roles.y, back ? own : theirs]])
  }
}

/** Makes a convolution ready: its code, and a filter in the layout that it wants, are made once. */
export const prepare = (library: Library, direction: Direction, given: Convolution): Primitive => {
  const { call, stream } = library
  const { execute, place, primitive } = callsOf(library)
  const plan = planned(library, direction, given)
  const convolution = primitive(plan.plan)
  const { back, copied, copy, copying, from, own, shift, theirs, to } = memoriesOf(library, direction, plan)
  const role = rolesOf[direction]
  const all = [[role.x, from], [role.filter, theirs], [role.y, to]] as Array<readonly [number, Address]>
  if (shift !== undefined) all.push([roles.bias, shift])
  // Primitives and memories keep what they need of these.
  for (const made of new Set([plan.forward, plan.plan, ...copying === undefined ? [] : [copying]])) {
    call("dnnl_primitive_desc_destroy(void* plan)", made)
  }
  const arguments_ = argumentsOf(all)
  return {
    run: (places) => {
      place(from, places.x)
      place(to, places.y)
      place(own, places.filter)
      if (shift !== undefined) place(shift, places.bias!)
      if (copy !== undefined && !back) execute(copy, 2, copied)
      execute(convolution, all.length, arguments_)
      if (copy !== undefined && back) execute(copy, 2, copied)
      call("dnnl_stream_wait(void* stream)", stream)
    },
    release: () => {
      for (const made of [convolution, ...copy === undefined ? [] : [copy]]) {
        call("dnnl_primitive_destroy(void* primitive)", made)
      }
      for (const made of new Set([own, theirs, from, to, ...shift === undefined ? [] : [shift]])) {
        call("dnnl_memory_destroy(void* memory)", made)
      }
    }
  }
}

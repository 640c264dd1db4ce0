/** Convolutions of oneDNN, made ready once and run often. */
import { type Algorithm, integers, unimplemented } from "./codes.ts"
import { type Address, type Direction, Refusal } from "./dialect.ts"
import { allocated, argumentsOf, callsOf, later, type Maker, type Primitive, ready, roles } from "./execution.ts"
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

/** [images, height, width, channels] as the library counts, with the strides of ours. */
const images = ([n = 0, h = 0, w = 0, c = 0]: ReadonlyArray<number>) =>
  [[n, c, h, w], [h * w * c, 1, w * c, c]] as const

/** [height, width, in, out] as the library counts, with the strides of ours. */
const filters = ([h = 0, w = 0, i = 0, o = 0]: ReadonlyArray<number>) =>
  [[o, i, h, w], [1, o, w * i * o, i * o]] as const

type Named<A> = Readonly<Record<"x" | "filter" | "y", A>>

const rolesOf: Readonly<Record<Direction, Named<number>>> = {
  forward: { x: roles.x, filter: roles.filter, y: roles.y },
  inputGradient: { x: roles.dx, filter: roles.filter, y: roles.dy },
  filterGradient: { x: roles.x, filter: roles.dFilter, y: roles.dy }
}

/** Which of them is computed. */
export const results = { forward: "y", inputGradient: "x", filterGradient: "filter" } as const

/** What to ask a plan for the layout of a filter, and of the gradient of one. */
const queries = { filter: 131, filterGradient: 132 } as const

/** Channels that oneDNN keeps together. */
const blockChannels = 16

/** Outputs a side of one of Winograd's tiles, and its numbers between. */
const tile = 4
const points = (tile + 2) ** 2

/** Fewer tiles do not pay for the filter's transformation; more numbers, which are all kept at once, take too much. */
const leastTiles = 256
const mostNumbers = 16 * 1024 * 1024

/**
 * Whether Winograd's convolution takes less time than the direct one, reordering of images included: 3×3 taps of stride
 * 1, channels in whole blocks, tiles that reach little over the edges, and neither too few nor too many of them.
 */
const suitsWinograd = ({ before, behind, dilations, filter, strides, x, y }: Convolution): boolean => {
  const [images = 0, height = 0, width = 0, outer = 0] = y
  const tiles = Math.ceil(height / tile) * Math.ceil(width / tile)
  return filter[0] === 3 && filter[1] === 3 && [...strides, ...dilations].every((step) => step === 1) &&
    [...before, ...behind].every((pad) => pad === 0 || pad === 1) &&
    [filter[2]!, outer].every((channels) => channels % blockChannels === 0) &&
    2 * points * tiles <= 9 * height * width && images * tiles >= leastTiles &&
    points * images * tiles * (x[3]! + outer) <= mostNumbers
}

/** A convolution as the library knows it: layouts of its operands as they are and as it wants them, and the plan. */
const planned = ({ value }: Library, make: Maker, direction: Direction, given: Convolution, algorithm: Algorithm) => {
  const plain = {
    x: make.layout(...images(given.x)),
    filter: make.layout(...filters(given.filter)),
    y: make.layout(...images(given.y))
  }
  const bias = given.bias ? make.layout([given.filter[3]!], [1]) : null
  const winograd = algorithm === "winograd"
  const x = winograd ? make.blocked(images(given.x)[0]) : plain.x
  const y = winograd ? make.blocked(images(given.y)[0]) : plain.y
  const operands = {
    x,
    y,
    bias,
    filter: make.layout(filters(given.filter)[0]),
    steps: [given.strides, given.dilations.map((by) => by - 1), given.before, given.behind].map(integers)
  }
  const forward = make.convolution("forward", algorithm, operands)
  const plan = direction === "forward" ? forward : make.convolution(direction, algorithm, operands, forward)
  const filter = value(
    "void* dnnl_primitive_desc_query_md(void* plan, int what, int index)",
    plan,
    direction === "filterGradient" ? queries.filterGradient : queries.filter,
    0
  )
  return { plain, liked: { x, filter, y }, bias, plan }
}

/** The plan of Winograd's convolution where it serves and this library and processor have it; else the direct one. */
const bestPlan = (library: Library, make: Maker, direction: Direction, given: Convolution) => {
  const by = (algorithm: Algorithm) => planned(library, make, direction, given, algorithm)
  if (library.dialect.blocked === undefined || !suitsWinograd(given)) return by("direct")
  try {
    return by("winograd")
  } catch (cause) {
    if (cause instanceof Refusal && cause.status === unimplemented) return by("direct")
    throw cause
  }
}

/** A tensor beside the memory that the library computes on, where that must be another, and the way between them. */
interface Operand {
  readonly own: Address
  readonly theirs: Address
  readonly copy: Address | undefined
  readonly copied: Uint8Array
}

/** Makes a convolution ready: its code, and operands in the layouts that it wants, are made once. */
export const prepare = (library: Library, direction: Direction, given: Convolution): Primitive<Places> =>
  ready(library, (make) => {
    const { execute, place, wait } = callsOf(library)
    const { bias, liked, plain, plan } = bestPlan(library, make, direction, given)
    const convolution = make.primitive(plan)
    const result = results[direction]
    const operand = (name: "x" | "filter" | "y"): Operand => {
      // One block of channels lies as the channels do.
      const alike = name !== "filter" && given[name][3] === blockChannels
      const same = alike ||
        library.value("int dnnl_memory_desc_equal(void* a, void* b)", liked[name], plain[name]) === 1
      const own = make.memory(same ? liked[name] : plain[name], later)
      const theirs = same ? own : make.memory(liked[name], allocated)
      const [from, to] = name === result ? [theirs, own] : [own, theirs]
      const [before, after] = name === result ? [liked[name], plain[name]] : [plain[name], liked[name]]
      return {
        own,
        theirs,
        copy: same ? undefined : make.primitive(make.reorder(before, after)),
        copied: argumentsOf([[roles.x, from], [roles.y, to]])
      }
    }
    const operands: Named<Operand> = { x: operand("x"), filter: operand("filter"), y: operand("y") }
    const shift = bias === null ? undefined : make.memory(bias, later)
    const role = rolesOf[direction]
    const given_ = (["x", "filter", "y"] as const).map((name) => [role[name], operands[name].theirs] as const)
    const all = shift === undefined ? given_ : [...given_, [roles.bias, shift] as const]
    const arguments_ = argumentsOf(all)
    const copy = (name: keyof Named<Operand>) => {
      const { copied, copy } = operands[name]
      if (copy !== undefined) execute(copy, 2, copied)
    }
    const sources = (["x", "filter", "y"] as const).filter((name) => name !== result)
    return (places) => {
      place(operands.x.own, places.x)
      place(operands.y.own, places.y)
      place(operands.filter.own, places.filter)
      if (shift !== undefined) place(shift, places.bias!)
      sources.forEach(copy)
      execute(convolution, all.length, arguments_)
      copy(result)
      wait()
    }
  })

/** What the modules of kernels/ export, and where tensors are on their heap. */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"

export type Pointer = number

/** The functions of kernels/, on the heap of the backend. */
export interface Functions {
  readonly packWeights: (
    filter: Pointer,
    packed: Pointer,
    taps: Pointer,
    tapCount: number,
    inner: number,
    outer: number,
    transposed: number
  ) => void
  readonly convolve: (
    input: Pointer,
    imageBytes: number,
    table: Pointer,
    places: Pointer,
    pixels: number,
    tapCount: number,
    inner: number,
    weights: Pointer,
    outer: number,
    output: Pointer,
    outputImageBytes: number,
    images: number,
    bias: Pointer,
    relu: number,
    tilesAtOnce: number,
    firstTile: number,
    endTile: number,
    scratch: Pointer
  ) => void
  readonly filterGradient: (
    input: Pointer,
    imageBytes: number,
    table: Pointer,
    pixels: number,
    tapCount: number,
    inner: number,
    dy: Pointer,
    outer: number,
    filter: Pointer,
    images: number,
    atOnce: number,
    firstBlock: number,
    endBlock: number,
    scratch: Pointer
  ) => void
  readonly winogradWeights: (
    filter: Pointer,
    packed: Pointer,
    inner: number,
    outer: number,
    turned: number,
    first: number,
    end: number,
    scratch: Pointer
  ) => void
  readonly winograd: (
    input: Pointer,
    inHeight: number,
    inWidth: number,
    inner: number,
    top: number,
    left: number,
    weights: Pointer,
    output: Pointer,
    outHeight: number,
    outWidth: number,
    outer: number,
    bias: Pointer,
    relu: number,
    atOnce: number,
    tiles: number,
    first: number,
    end: number,
    scratch: Pointer
  ) => void
  readonly winogradSums: (
    input: Pointer,
    inHeight: number,
    inWidth: number,
    inner: number,
    top: number,
    left: number,
    dy: Pointer,
    outHeight: number,
    outWidth: number,
    outer: number,
    strips: number,
    sums: Pointer,
    atOnce: number,
    tiles: number,
    partStrips: number,
    first: number,
    end: number,
    scratch: Pointer
  ) => void
  readonly winogradFilter: (
    sums: Pointer,
    parts: number,
    inner: number,
    outer: number,
    filter: Pointer,
    first: number,
    end: number,
    scratch: Pointer
  ) => void
  readonly project: Operation
  readonly retract: Operation
  readonly relu: (x: Pointer, out: Pointer, size: number) => void
  readonly reluGradient: (x: Pointer, dy: Pointer, out: Pointer, size: number) => void
  readonly add: (a: Pointer, b: Pointer, out: Pointer, size: number) => void
  readonly rowSums: (x: Pointer, length: number, out: Pointer, first: number, end: number) => void
  readonly addRelu: (a: Pointer, b: Pointer, out: Pointer, size: number) => void
  readonly stepDirection: (
    table: Pointer,
    leaves: number,
    momentum: number,
    weightDecay: number,
    poms: number,
    sums: Pointer,
    begin: number,
    end: number,
    scratch: Pointer
  ) => void
  readonly stepSquares: (sums: Pointer, poms: number, out: Pointer) => void
  readonly stepMove: (
    table: Pointer,
    leaves: number,
    factors: Pointer,
    begin: number,
    end: number,
    scratch: Pointer
  ) => void
  readonly interleave: (stack: Pointer, count: number, size: number, scratch: Pointer) => void
  readonly separate: (stack: Pointer, count: number, size: number, scratch: Pointer) => void
  readonly maxPoolGradient: (
    x: Pointer,
    dy: Pointer,
    out: Pointer,
    images: number,
    channels: number,
    inHeight: number,
    inWidth: number,
    outHeight: number,
    outWidth: number,
    filterHeight: number,
    filterWidth: number,
    strideHeight: number,
    strideWidth: number,
    padTop: number,
    padLeft: number
  ) => void
  readonly channelSlices: (
    a: Pointer,
    b: Pointer,
    pivot: Pointer,
    y: Pointer,
    rows: number,
    channels: number,
    moments: number,
    sums: Pointer,
    atOnce: number,
    first: number,
    end: number
  ) => void
  readonly channelTotals: (sums: Pointer, channels: number, slices: number) => void
  readonly channelScale: (
    x: Pointer,
    k: Pointer,
    d: Pointer,
    residual: Pointer,
    relu: number,
    rows: number,
    channels: number,
    out: Pointer
  ) => void
  readonly channelAffine: (
    a: Pointer,
    ka: Pointer,
    b: Pointer,
    kb: Pointer,
    kc: Pointer,
    y: Pointer,
    rows: number,
    channels: number,
    out: Pointer
  ) => void
}

/** A manifold's operation on stacks of matrices. */
type Operation = (
  form: number,
  x: Pointer,
  u: Pointer,
  out: Pointer,
  count: number,
  rows: number,
  columns: number,
  scratch: Pointer
) => void

/** Where the backend, which does not declare it, keeps what it knows of tensors. */
export interface WithStorage {
  readonly dataIdMap: { get: (id: object) => { readonly memoryOffset: Pointer } }
}

/** The place of a tensor's values on the backend's heap. */
export const pointer = (backend: BackendWasm, { dataId }: { readonly dataId: object }): Pointer =>
  (backend as unknown as WithStorage).dataIdMap.get(dataId).memoryOffset

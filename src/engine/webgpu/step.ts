import * as tf from "@tensorflow/tfjs-core"
import { recent } from "../recent.ts"
import { sizeOf } from "../sizeOf.ts"
import { kernels, type StepLeaf, type StepPlan } from "../Step.ts"
import { roomFor } from "./manifolds.ts"
import type { Program, WebGpuBackend } from "./packages.ts"
import {
  direction,
  type Input,
  move,
  type Numbers,
  type Section,
  sections,
  type Shader,
  squares,
  transport,
  weights
} from "./stepShaders.ts"
import { declared, float, int, workgroup } from "./uniforms.ts"

/** Plans whose tables stay on the device; a run needs one. */
const keptPlans = 8

/** A leaf's table on the device, and in how many POMs it has a share. */
interface Placed {
  readonly table: tf.TensorInfo
  readonly groups: number
}

const tableOf = ({ bases, deltas, local, owners }: StepLeaf): readonly [table: Int32Array, groups: number] => {
  const members = Map.groupBy(owners.keys(), (matrix) => owners[matrix]!)
  let start = 0
  const starts = [...members.values()].map(({ length }) => (start += length))
  const table: Readonly<Record<Section, Iterable<number>>> = {
    bases,
    deltas,
    local,
    owners,
    starts: [0, ...starts],
    poms: members.keys(),
    members: [...members.values()].flat()
  }
  return [Int32Array.from(sections.flatMap((section) => Array.from(table[section]))), members.size]
}

const placing = (backend: WebGpuBackend) =>
  recent(
    keptPlans,
    ({ leaves }: StepPlan): ReadonlyArray<Placed> =>
      leaves.map((leaf) => {
        const [table, groups] = tableOf(leaf)
        return { table: backend.makeTensorInfo([table.length], "int32", table), groups }
      }),
    (placed) => placed.forEach(({ table }) => backend.disposeData(table.dataId))
  )

const placings = new WeakMap<WebGpuBackend, ReturnType<typeof placing>>()

const placedOn = (backend: WebGpuBackend, plan: StepPlan): ReadonlyArray<Placed> => {
  const found = placings.get(backend) ?? placing(backend)
  placings.set(backend, found)
  return found(plan)
}

/** What a dispatch over one leaf is made of. */
interface Dispatch {
  readonly leaf: StepLeaf
  readonly placed: Placed
  readonly inputs: Readonly<Partial<Record<Input, tf.TensorInfo>>>
  readonly scaled?: boolean
  readonly theta?: number
  readonly decay?: number
  /** Numbers that it writes, or the tensor that it writes into. */
  readonly to: number | tf.TensorInfo
}

const flat = (info: tf.TensorInfo): tf.TensorInfo => ({
  dataId: info.dataId,
  dtype: info.dtype,
  shape: [sizeOf(info.shape)]
})

const dispatch = (
  backend: WebGpuBackend,
  name: string,
  { code, inputs: names, invocations, keepsMatrices }: Shader,
  { decay = 0, inputs, leaf, placed, scaled = false, theta = 0, to }: Dispatch
): tf.TensorInfo => {
  const { columns, rows } = leaf.form ?? { columns: 1, rows: leaf.size }
  const count = invocations(leaf.count, rows, columns)
  const room = keepsMatrices ? roomFor(leaf.size) : 0
  const uniforms: Numbers = {
    invocations: int(count),
    count: int(leaf.count),
    rows: int(rows),
    columns: int(columns),
    groups: int(placed.groups),
    scaled: int(scaled ? 1 : 0),
    theta: float(theta),
    decay: float(decay)
  }
  const program: Program = {
    variableNames: names,
    uniforms: declared(uniforms),
    outputShape: [typeof to === "number" ? to : sizeOf(to.shape)],
    shaderKey: `FinegrainStep ${name} ${leaf.form?.name ?? "given"} ${room}`,
    workgroupSize: [workgroup, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [count === 0 ? placed.groups : Math.ceil(count / workgroup), 1, 1],
    size: false,
    getUserCode: () => `${room === 0 ? "" : `const ENTRIES = ${room};`} ${code}`
  }
  return backend.runWebGPUProgram(
    program,
    names.map((input) => input === "table" ? placed.table : flat(inputs[input]!)),
    "float32",
    Object.values(uniforms),
    typeof to === "number" ? undefined : flat(to)
  )
}

/**
 * Zeros that are written on the device: what was once on the host is read from there, whatever the device makes of it.
 */
const zeros = (backend: WebGpuBackend, size: number): tf.TensorInfo => {
  const uniforms = { count: int(size) }
  return backend.runWebGPUProgram(
    {
      variableNames: [],
      uniforms: declared(uniforms),
      outputShape: [size],
      shaderKey: "FinegrainStep zeros",
      workgroupSize: [workgroup, 1, 1],
      dispatchLayout: { x: [0] },
      dispatch: [Math.ceil(size / workgroup), 1, 1],
      size: false,
      getUserCode: () => "fn main(index : i32) { if (index < uniforms.count) { result[index] = 0.0; } }"
    },
    [],
    "float32",
    Object.values(uniforms)
  )
}

interface Call<Attributes> {
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>
  readonly attrs: Attributes & { readonly plan: StepPlan; readonly momentum: number }
  readonly backend: WebGpuBackend
}

const stepDirection = (
  { attrs: { momentum, plan, weightDecay }, backend, inputs }: Call<{ readonly weightDecay: number }>
): ReadonlyArray<tf.TensorInfo> => {
  const placed = placedOn(backend, plan)
  const sums = zeros(backend, plan.poms)
  const outputs = plan.leaves.map((leaf, i) => {
    const [x, gradient, scaling] = [inputs[`x${i}`]!, inputs[`gradient${leaf.variable}`]!, inputs[`scaling${i}`]]
    const own = { leaf, placed: placed[i]! }
    const found = dispatch(backend, "direction", direction[leaf.form?.name ?? "given"], {
      ...own,
      // Where there is no momentum or scaling, their place is taken by something that is not read.
      inputs: { x, gradient, momentum: inputs[`momentum${i}`] ?? x, scaling: scaling ?? x },
      scaled: scaling !== undefined,
      theta: momentum,
      decay: weightDecay,
      to: leaf.count * leaf.size
    })
    if (leaf.form !== undefined) {
      dispatch(backend, "squares", squares, { ...own, inputs: { direction: found }, to: sums })
    }
    return { ...found, shape: [...x.shape] }
  })
  return [...outputs, sums]
}

const stepMove = (
  { attrs: { momentum, plan, shapes }, backend, inputs }: Call<
    { readonly shapes: ReadonlyArray<ReadonlyArray<number>> }
  >
): ReadonlyArray<tf.TensorInfo> => {
  const placed = placedOn(backend, plan)
  const variables = new Map<number, tf.TensorInfo>()
  const shared = ({ dataId, dtype }: tf.TensorInfo, shape: ReadonlyArray<number>): tf.TensorInfo => {
    backend.incRef(dataId)
    return { dataId, dtype, shape: [...shape] }
  }
  const points = plan.leaves.map((leaf, i) => {
    const [x, own, scaling] = [inputs[`x${i}`]!, { leaf, placed: placed[i]! }, inputs[`scaling${i}`]]
    const along = inputs[`direction${i}`]!
    const point = leaf.form === undefined
      // What the caller has moved is handed back.
      ? shared(x, x.shape)
      : dispatch(backend, "move", move[leaf.form.name], {
        ...own,
        inputs: { x, direction: along, factors: inputs["factors"]! },
        to: leaf.count * leaf.size
      })
    if (momentum !== 0 && (leaf.form?.name === "Unit" || leaf.form?.name === "Stiefel")) {
      dispatch(backend, "transport", transport[leaf.form.name], { ...own, inputs: { x: point }, to: along })
    }
    const into = variables.get(leaf.variable)
    variables.set(
      leaf.variable,
      leaf.flat && scaling === undefined
        ? shared(point, shapes[leaf.variable]!)
        : dispatch(backend, "weights", weights, {
          ...own,
          inputs: { x: point, scaling: scaling ?? point },
          scaled: scaling !== undefined,
          to: into ?? plan.variables[leaf.variable]!
        })
    )
    return { ...point, shape: [...x.shape] }
  })
  return [...points, ...shapes.map((shape, i) => ({ ...variables.get(i)!, shape: [...shape] }))]
}

/** Registers the fused step of FG-SGD: a few dispatches for every leaf; see StepFusion. */
export const registerStep = (): void => {
  const register = (kernelName: string, run: (call: Call<never>) => ReadonlyArray<tf.TensorInfo>) => {
    if (tf.getKernel(kernelName, "webgpu") !== undefined) return
    tf.registerKernel({
      kernelName,
      backendName: "webgpu",
      kernelFunc: (call) => [...run(call as unknown as Call<never>)]
    })
  }
  register(kernels.direction, stepDirection)
  register(kernels.move, stepMove)
}

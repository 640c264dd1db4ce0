/** Failures of a device, which operations do not throw, told by the next read. */
import { EngineFailed, type failures } from "../Engine.ts"
import * as Postponed from "../Postponed.ts"
import type { Device } from "./gpu.ts"
import type { WebGpuBackend } from "./packages.ts"

const failed = (kind: (typeof failures)[number], reason: string) =>
  new EngineFailed({ backend: "webgpu", kind, reason: reason.trim().replace(/\.$/, "") })

/** The first line says what is wrong; Dawn's others say where in its own calls. */
const fromEvent = (error: { readonly message: string }): EngineFailed => {
  const [line = ""] = error.message.split("\n")
  const name = error.constructor.name
  if (name === "GPUOutOfMemoryError") return failed("out of memory", line)
  return failed(name === "GPUInternalError" ? "internal" : "validation", line)
}

/** What went wrong on a device. */
export interface Watch {
  readonly errors: ReadonlyArray<EngineFailed>
  readonly lost: () => EngineFailed | undefined
}

/** Listens to the errors of a device, which no operation throws: it computes zeros instead. */
export const watch = (device: Device): Watch => {
  const errors: Array<EngineFailed> = []
  let lost: EngineFailed | undefined
  device.addEventListener("uncapturederror", (event) => {
    // Said by the next read, and not by Dawn on stderr.
    event.preventDefault()
    errors.push(fromEvent(event.error))
  })
  void device.lost.then(({ message, reason }) => {
    lost = failed("device lost", message === "" ? reason : message.split("\n")[0]!)
  })
  return { errors, lost: () => lost }
}

/** Lets Dawn's pending events in: a loss may be known a turn after the read that it fails. */
const turn = () =>
  new Promise((resolve) => typeof setImmediate === "function" ? setImmediate(resolve) : setTimeout(resolve))

/**
 * Dawn frees nothing before the program waits; on Linux it crashes at 65,530 maps of memory, up to four an operation.
 */
const unreadAtMost = 16_000

/**
 * Makes reads say what failed on the device since the last one, instead of giving zeros; and synchronous ones, which
 * need a browser, say so. So do operations without end and without a read.
 */
export const guardReads = (backend: WebGpuBackend, { errors, lost }: Watch): void => {
  const read = backend.read.bind(backend)
  // A tensor whose read failed stays unreadable: its values are not what was asked for.
  const bad = new WeakMap<object, Error>()
  const checked = Postponed.on(backend, read as (id: object) => Promise<ArrayLike<number>>)
  let told = 0
  let unread = 0

  const findFailure = (from: number): EngineFailed | undefined => {
    const found = lost() ?? errors[from]
    told = errors.length
    return found
  }

  backend.read = async (id) => {
    const known = bad.get(id)
    if (known !== undefined) throw known
    const from = told
    const data = backend.tensorMap.get(id)
    try {
      const [values, wrong] = await Promise.all([read(id), checked()])
      unread = 0
      const failure = findFailure(from) ?? wrong
      if (failure === undefined) return values
      throw failure
    } catch (error) {
      if (!(error instanceof EngineFailed)) await turn()
      const failure = error instanceof EngineFailed ? error : findFailure(from) ?? error as Error
      bad.set(id, failure)
      if (data !== undefined) data.values = null
      throw failure
    }
  }

  const run = backend.runWebGPUProgram.bind(backend)
  backend.runWebGPUProgram = (...call) => {
    if (++unread > unreadAtMost) {
      unread = 0
      throw failed("no read", `${unreadAtMost} operations were asked for since the last one`)
    }
    return run(...call)
  }

  backend.readSync = (id) => {
    const values = backend.tensorMap.get(id)?.values
    if (values === undefined || values === null) {
      throw failed("synchronous read", "values on a GPU can only be waited for")
    }
    return values
  }
}

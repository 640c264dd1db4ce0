/** oneDNN as a system has it, loaded through koffi; what is missing is named. */
import { createRequire } from "node:module"
import { type Address, type Calls, type Dialect, Refusal } from "./dialect.ts"
import { inWords } from "./instructions.ts"
import type { Foreign, Koffi } from "./koffi.ts"
import { type Undisturbed, undisturbed } from "./signals.ts"
import * as Version2 from "./version2.ts"
import * as Version3 from "./version3.ts"

/** oneDNN on the processor, loaded. */
export interface Library extends Calls {
  readonly version: string
  /** The instructions that it computes with, where it tells. */
  readonly instructions: string | undefined
  readonly dialect: Dialect
  /** Calls a function that returns a value. */
  readonly value: (declaration: string, ...values: ReadonlyArray<unknown>) => unknown
  readonly address: (view: Uint8Array) => Address
  readonly stream: Address
  /** Runs what computes, or starts the library's threads. */
  readonly undisturbed: Undisturbed
  /** Gives back what was made for all calls; none may follow. */
  readonly release: () => void
}

/** The names under which systems keep it: the version is that of the interface. */
const names = process.platform === "darwin"
  ? ["libdnnl.3.dylib", "libdnnl.2.dylib"]
  : process.platform === "win32"
  ? ["dnnl.dll"]
  : ["libdnnl.so.3", "libdnnl.so.2"]

/** Why oneDNN does not run here, and what to do. */
export class NoLibrary extends Error {
  readonly remedy: string
  constructor(reason: string, remedy: string) {
    super(reason)
    this.remedy = remedy
  }
}

const firstLine = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause)).split("\n")[0]!

/**
 * koffi, which the user installs.
 *
 * @throws NoLibrary where it is missing.
 */
export const binding = (): Koffi => {
  try {
    return createRequire(import.meta.url)("koffi") as Koffi
  } catch (cause) {
    throw new NoLibrary(
      `the package koffi, which calls oneDNN, does not load (${firstLine(cause)})`,
      "Run: npm install koffi@3.3.4"
    )
  }
}

const loaded = (koffi: Koffi) => {
  const asked = process.env["FINEGRAIN_ONEDNN"] ?? ""
  const tried: Array<string> = []
  for (const name of asked === "" ? names : [asked]) {
    try {
      return { path: name, library: koffi.load(name) }
    } catch (cause) {
      tried.push(firstLine(cause))
    }
  }
  throw new NoLibrary(
    `oneDNN is not found (${tried.join("; ")})`,
    "Install it (Debian: libdnnl2 or libdnnl3; PyPI: onednn-cpu-gomp), or say where it is: " +
      "FINEGRAIN_ONEDNN=/path/to/libdnnl.so."
  )
}

const versionOf = (koffi: Koffi, path: string, value: Library["value"]) => {
  try {
    return koffi.decode(value("const int* dnnl_version()"), koffi.array("int", 3)) as Int32Array
  } catch (cause) {
    throw new NoLibrary(`${path} is no oneDNN (${firstLine(cause)})`, "Name another, or none to look for it.")
  }
}

const success = 0
const onProcessor = 1
const inOrder = 1

/**
 * What an OpenMP that is still to be loaded will read: as many threads, which go on looking for work for some tens of
 * microseconds, as long as waking them takes, and then sleep while others work.
 */
const tellThreads = (threads: number) => {
  process.env["OMP_NUM_THREADS"] ??= String(threads)
  if (process.env["OMP_WAIT_POLICY"] !== undefined) return
  process.env["OMP_WAIT_POLICY"] = "PASSIVE"
  process.env["GOMP_SPINCOUNT"] ??= "1000"
}

/**
 * Loads oneDNN, of version 2 or 3, through a binding to C.
 *
 * @throws NoLibrary where it, or koffi, is missing, or its version is another.
 */
export const load = (threads: number, koffi: Koffi = binding()): Library => {
  tellThreads(threads)
  const { library, path } = loaded(koffi)
  const functions = new Map<string, Foreign>()
  const value: Library["value"] = (declaration, ...values) => {
    const known = functions.get(declaration) ?? library.func(declaration)
    functions.set(declaration, known)
    return known(...values)
  }
  const call: Library["call"] = (declaration, ...values) => {
    const status = value(`int ${declaration}`, ...values)
    if (status !== success) throw new Refusal(declaration.split("(")[0]!, Number(status))
  }
  const made: Library["made"] = (declaration, ...values) => {
    const out: Array<unknown> = [null]
    call(declaration, out, ...values)
    return out[0] as Address
  }
  const [major = 0, minor = 0, patch = 0] = versionOf(koffi, path, value)
  const dialects: Readonly<Record<number, (calls: Calls) => Dialect>> = {
    2: Version2.dialect,
    3: Version3.dialect
  }
  const dialect = dialects[major]
  if (dialect === undefined) {
    throw new NoLibrary(`${path} is oneDNN ${major}.${minor}`, "Versions 2 and 3 are known: install one of them.")
  }
  const engine = made("dnnl_engine_create(_Out_ void** engine, int kind, size_t index)", onProcessor, 0)
  const stream = made("dnnl_stream_create(_Out_ void** stream, void* engine, unsigned int flags)", engine, inOrder)
  return {
    version: `${major}.${minor}.${patch}`,
    instructions: inWords(Number(value("int dnnl_get_effective_cpu_isa()"))),
    dialect: dialect({ call, made, engine }),
    call,
    made,
    value,
    address: koffi.address,
    engine,
    undisturbed: undisturbed(koffi),
    stream,
    release: () => {
      call("dnnl_stream_destroy(void* stream)", stream)
      call("dnnl_engine_destroy(void* engine)", engine)
    }
  }
}

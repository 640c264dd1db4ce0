/** koffi, which calls C libraries, as far as it is used here. */
import type { Address } from "./dialect.ts"

/** A function of a C library. */
export type Foreign = (...values: ReadonlyArray<unknown>) => unknown

/** As much of koffi as is used here. */
export interface Koffi {
  /** A library of this path, or what the process has loaded. */
  readonly load: (path: string | null) => { readonly func: (declaration: string) => Foreign }
  readonly address: (view: Uint8Array) => Address
  readonly decode: (at: unknown, type: unknown) => unknown
  readonly array: (type: string, length: number) => unknown
}

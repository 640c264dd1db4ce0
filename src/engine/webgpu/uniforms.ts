/** What programs have in common: numbers that they are told by name, and how many invocations go together. */
import type { Uniform } from "./packages.ts"

/** Invocations of a workgroup. */
export const workgroup = 64

/** Numbers by the names that WGSL has for them. */
export type Uniforms = Readonly<Record<string, Uniform>>

/** An integer. */
export const int = (value: number): Uniform => ({ type: "int32", data: [value] })

/** A number of single precision. */
export const float = (value: number): Uniform => ({ type: "float32", data: [value] })

const types = { int32: "i32", float32: "f32" } as const

/** How WGSL declares them, in the order in which their values are handed over. */
export const declared = (uniforms: Uniforms): string =>
  Object.entries(uniforms).map(([name, { type }]) => `${name} : ${types[type]},`).join(" ")

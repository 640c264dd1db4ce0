/**
 * The contract of an engine that has an optimizer's whole step in two kernels: their names, and what they are told of a
 * problem.
 */
import type { MatrixForm } from "./MatrixForm.ts"

/** The kernels of an engine that has the whole step, in two sweeps. */
export const kernels = { direction: "FinegrainStepDirection", move: "FinegrainStepMove" } as const

const names = new Map<string, Array<string>>()

/** The name of a kernel's input, of one role and a number; made once, for a step of a deep network has hundreds. */
export const inputName = (role: string, index: number): string => {
  const known = names.get(role) ?? []
  names.set(role, known)
  return known[index] ??= `${role}${index}`
}

/** A leaf of ω as a kernel sees it. */
export interface StepLeaf {
  /**
   * undefined: the kernel only brings entries to and from their places, and the manifold's own operations do the rest.
   */
  readonly form: MatrixForm | undefined
  /** Matrices, and entries of each. */
  readonly count: number
  readonly size: number
  /** POM of every matrix. */
  readonly owners: Int32Array
  /** The variable that the entries belong to. */
  readonly variable: number
  /**
   * Where every matrix begins in the variable, and how far every entry is from there, in the order of the form's rows.
   */
  readonly bases: Int32Array
  readonly deltas: Int32Array
  /** The place of every entry within a matrix of the leaf, in the order of the form's rows. */
  readonly local: Int32Array
  /** Euclidean, and in the variable's own order: there are no matrices to be told apart. */
  readonly flat: boolean
}

/** What the kernels need to know of a problem. */
export interface StepPlan {
  readonly leaves: ReadonlyArray<StepLeaf>
  /** Sizes of the variables. */
  readonly variables: ReadonlyArray<number>
  readonly poms: number
}

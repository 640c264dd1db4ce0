/**
 * What a transform computes, for engines that have it in kernels. It is said of one value, as of manifolds: a copy in
 * which something was replaced says nothing.
 */
import type { PerPom } from "./PerPom.ts"
import type { Transform } from "./Transform.ts"

/** How a transform scales the parts of a direction. */
type Scaling = Pick<PerPom, "factors" | "onHost">

/** The transforms that kernels know. */
export type Fusable =
  | { readonly kind: "pullback" }
  | { readonly kind: "decay"; readonly weight: number }
  | { readonly kind: "riemannian" }
  | { readonly kind: "momentum"; readonly decay: number }
  | { readonly kind: "perPom" } & Scaling

const known = new WeakMap<Transform, Fusable>()

/** Says what a transform computes. */
export const declare = <T extends Transform>(transform: T, fusable: Fusable): T => {
  known.set(transform, fusable)
  return transform
}

/** A chain that the two sweeps of an engine can take, with whatever scales POMs in between. */
export interface Recognized {
  readonly weightDecay: number
  readonly momentum: number
  /** Where the momentum stands in the chain's state; undefined without one. */
  readonly path: ReadonlyArray<string> | undefined
  readonly scalings: ReadonlyArray<Scaling>
}

/** The parts of a chain without those around them, with the names under which their states stand. */
const flattened = (
  transform: Transform,
  path: ReadonlyArray<string> = []
): ReadonlyArray<{ readonly part: Transform; readonly path: ReadonlyArray<string> }> =>
  transform.parts === undefined
    ? [{ part: transform, path }]
    : transform.parts.flatMap((part, i) => flattened(part, [...path, transform.names![i]!]))

/**
 * A chain of pullback, weight decay, Riemannian gradient, momentum and scalings of POMs, in this order, as kernels take
 * it; undefined for any other transform.
 */
export const recognize = (transform: Transform): Recognized | undefined => {
  const parts = flattened(transform).map(({ part, path }) => ({ path, fusable: known.get(part) }))
  const next = <K extends Fusable["kind"]>(kind: K) => {
    const [first] = parts
    return first?.fusable?.kind === kind
      ? parts.shift() as { readonly path: ReadonlyArray<string>; readonly fusable: Extract<Fusable, { kind: K }> }
      : undefined
  }
  if (next("pullback") === undefined) return undefined
  const decay = next("decay")
  if (next("riemannian") === undefined) return undefined
  const momentum = next("momentum")
  const scalings: Array<Scaling> = []
  for (let scaled = next("perPom"); scaled !== undefined; scaled = next("perPom")) scalings.push(scaled.fusable)
  return parts.length > 0 ? undefined : {
    weightDecay: decay?.fusable.weight ?? 0,
    momentum: momentum?.fusable.decay ?? 0,
    path: momentum?.path,
    scalings
  }
}

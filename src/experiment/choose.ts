/** A run that tried a candidate: its accuracy on the held-out images, undefined where it has none. */
export interface Tried {
  readonly candidate: number | string | undefined
  readonly accuracy: number | undefined
}

const isKnown = ({ accuracy }: Tried) => accuracy !== undefined && !Number.isNaN(accuracy)

/**
 * The candidate with the best accuracy on held-out images, the earlier of equals; undefined where none has any.
 *
 * @internal
 */
export const choose = (tried: ReadonlyArray<Tried>): number | string | undefined =>
  tried.filter(isKnown).reduce<Tried | undefined>(
    (a, b) => a === undefined || b.accuracy! > a.accuracy! ? b : a,
    undefined
  )?.candidate

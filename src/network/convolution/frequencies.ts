/** The frequencies of images, and how the entries of a kernel meet them. */
import * as tf from "@tensorflow/tfjs-core"

export const range = (length: number): ReadonlyArray<number> => Array.from({ length }, (_, i) => i)

/** Images of any number of axes: two, or three for volumes. */
export interface Lattice {
  readonly size: ReadonlyArray<number>
  readonly strides: ReadonlyArray<number>
  readonly dilations: ReadonlyArray<number>
}

/** Every combination of an entry of each list, the last list fastest. */
const combinations = (lists: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<ReadonlyArray<number>> =>
  lists.reduce<ReadonlyArray<ReadonlyArray<number>>>(
    (before, list) => before.flatMap((head) => list.map((entry) => [...head, entry])),
    [[]]
  )

/** One frequency of the output with its opposite, which has the conjugate block and thus the same singular values. */
export const half = (lengths: ReadonlyArray<number>): ReadonlyArray<ReadonlyArray<number>> =>
  combinations(lengths.map(range)).filter((own) => {
    const opposite = own.map((u, axis) => (lengths[axis]! - u) % lengths[axis]!)
    const differs = own.findIndex((u, axis) => u !== opposite[axis])
    return differs < 0 || own[differs]! < opposite[differs]!
  })

/** cos and −sin of the angles at which every entry of a kernel meets every frequency that folds into the given ones. */
export const phases = (
  kernel: ReadonlyArray<number>,
  { dilations, size, strides }: Lattice,
  frequencies: ReadonlyArray<ReadonlyArray<number>>
): readonly [tf.Tensor2D, tf.Tensor2D] => {
  const [aliases, entries] = [combinations(strides.map(range)), combinations(kernel.map(range))]
  const angles = frequencies.flatMap((frequency) =>
    aliases.map((alias) =>
      entries.map((entry) => {
        // Whole turns are left out, so that the angle keeps its digits.
        const turns = entry.map((place, axis) => {
          const length = size[axis]!
          return ((frequency[axis]! + alias[axis]! * length / strides[axis]!) * place * dilations[axis]! % length) /
            length
        })
        return 2 * Math.PI * turns.reduce((sum, turn) => sum + turn)
      })
    )
  )
  return [
    tf.tensor2d(angles.map((row) => row.map(Math.cos))),
    tf.tensor2d(angles.map((row) => row.map((angle) => -Math.sin(angle))))
  ]
}

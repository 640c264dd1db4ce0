/** Parts of a grid for machines that share nothing: each runs its own, and `finegrain report --merge` joins them. */
import type { Cell } from "./Experiment.ts"

/** Which part, from 1, of how many. */
export interface Shard {
  readonly index: number
  readonly count: number
}

/**
 * A part as it is written, such as 2/3; undefined where it is none.
 *
 * @internal
 */
export const parse = (text: string): Shard | undefined => {
  const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(text)?.map(Number) ?? []
  return index === undefined || count === undefined || index < 1 || index > count ? undefined : { index, count }
}

/**
 * A part as it is written.
 *
 * @internal
 */
export const shown = ({ count, index }: Shard): string => `${index}/${count}`

/** What stays together: a cell with candidates, for which its final runs wait; else a single run. */
interface Piece {
  readonly cell: Cell
  readonly seed: number | undefined
}

/** Column by column, so that every shard gets its share of each network, and within these seed by seed. */
const pieces = (cells: ReadonlyArray<Cell>): ReadonlyArray<Piece> =>
  [...new Set(cells.map(({ column }) => column))].flatMap((column) =>
    cells.filter((cell) => cell.column === column).flatMap((cell): ReadonlyArray<Piece> =>
      cell.candidates.length > 0
        ? [{ cell, seed: undefined }]
        : cell.finals(undefined).map(({ seed }) => ({ cell, seed }))
    )
  )

/**
 * In how many parts a grid can be divided.
 *
 * @internal
 */
export const most = (cells: ReadonlyArray<Cell>): number => pieces(cells).length

/**
 * The cells of one part, in the order of the plan, with the seeds of which it is made. All parts together are the grid.
 *
 * @internal
 */
export const take = (cells: ReadonlyArray<Cell>, { count, index }: Shard): ReadonlyArray<Cell> => {
  const own = pieces(cells).filter((_, i) => i % count === index - 1)
  return cells.flatMap((cell) => {
    const mine = own.filter((piece) => piece.cell === cell)
    if (mine.length === 0) return []
    if (cell.candidates.length > 0) return [cell]
    const seeds = mine.map(({ seed }) => seed!)
    return [{ ...cell, finals: (chosen, wanted = seeds) => cell.finals(chosen, wanted) } satisfies Cell]
  })
}

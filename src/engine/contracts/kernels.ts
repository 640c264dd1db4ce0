/**
 * The numbers on which kernels and their callers agree: layouts, numbers of forms, bounds.
 *
 * TypeScript and WGSL import them; for AssemblyScript `npm run build:kernels` writes them to kernels/contract.ts.
 */
import type { MatrixForm } from "../MatrixForm.ts"

/** What matrices are taken for; `given`: the kernel leaves them as they are. */
export const forms = { given: 0, Euclidean: 1, Unit: 2, Stiefel: 3 } as const satisfies Readonly<
  Record<MatrixForm["name"] | "given", number>
>

/**
 * The words of 32 bits in a leaf's row of the step's table, in their order. Places and offsets are in bytes. But where
 * matrices stay as they are, entry e of four of them lies side by side, at 16·e, in points, momenta and directions.
 */
export const stepRow = [
  /** What happens to the matrices: one of `forms`. */
  "form",
  /** Matrices; or, where all entries are one matrix in the variable's own order, 0. */
  "count",
  "rows",
  "columns",
  "x",
  /** Momentum in the first sweep; in the second, 0 where there is none. */
  "momentum",
  /** The variable: its gradient in the first sweep, its weights in the second. */
  "variable",
  /** One factor a matrix, or 0. */
  "scaling",
  "direction",
  /** Whether the leaf holds its matrices transposed. */
  "transposed",
  /** Offset of every entry in the variable, from where its matrix begins; 0 where entries are evenly spaced. */
  "delta",
  /** Offset in the variable where every matrix begins. */
  "base",
  /** POM of every matrix. */
  "owners",
  "toX",
  /** Entries of a flat leaf. */
  "size",
  /** Matrices taken at once, a multiple of four: enough independent arithmetic to hide the latency of square roots. */
  "chunk",
  /** Offset in the variable of every entry from the one before, or 0 where these differ. */
  "stride"
] as const

/** Counts and sizes. */
export const sizes = {
  /** Bytes of a vector of four numbers. */
  vector: 16,
  /** Outputs that a tile of products has: two vectors. */
  block: 8,
  /** Sums are cut into as many slices, added in order, whatever the threads, so that none depends on them. */
  slices: 16,
  /** Points at which Winograd's tiles of 6×6 are evaluated. */
  points: 36,
  /** Bytes that the transformation of one of Winograd's filters takes: a tile of 6×6 vectors and a line of six. */
  tileScratch: 1024,
  /** How often a column loses its parts along earlier ones before it counts as one in their span. */
  passes: 4
} as const

/** Bounds of lengths, where columns are brought to norm 1 or orthogonalized. */
export const lengths = {
  /** Below this a length counts as this: no division by zero. */
  tiny: 1e-30,
  /** Squares of lengths from here … */
  smallest: 1e-30,
  /** … to here lost nothing to overflow or underflow. */
  greatest: 1e30,
  /** What a column may keep of its squared length before rounding shows: an eighth leaves columns orthogonal to 3 ε. */
  share: 0.125,
  /** A pass that leaves so much of the squared length is the last. */
  kept: 0.25
} as const

/**
 * Whether what takes long runs, too, as in `npm run test:long`: files that import this are run there with it.
 *
 * A GPU in software makes seconds of what other engines do at once; damage and shapes have no end.
 */
export const isLong = process.env["FINEGRAIN_LONG"] === "1"

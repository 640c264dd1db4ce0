/**
 * The form of a noun, or of what begins with one, that goes with a count.
 *
 * @internal
 */
export const noun = (count: number, one: string, many = `${one}s`): string => count === 1 ? one : many

/**
 * A count with its noun: 1 POM, 2 POMs.
 *
 * @internal
 */
export const counted = (count: number, one: string, many?: string): string => `${count} ${noun(count, one, many)}`

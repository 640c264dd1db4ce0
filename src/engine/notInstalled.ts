/** Packages that are not there, told from packages that do not load. */
const codes: ReadonlySet<unknown> = new Set(["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"])

/**
 * Whether a failed import says that this very package is missing, not a file within it or what it needs: by the code
 * that Node, Deno and Bun give, and the name that they quote. What Vite puts in the place of an optional peer has no
 * code, and these words.
 *
 * @internal
 */
export const isNotInstalled = (name: string, cause: unknown): boolean => {
  if (!(cause instanceof Error)) return false
  if (cause.message.startsWith(`Could not resolve "${name}"`)) return true
  return codes.has((cause as NodeJS.ErrnoException).code) &&
    [`'${name}'`, `'${name}/`, `"${name}"`, `"${name}/`].some((quoted) => cause.message.includes(quoted))
}

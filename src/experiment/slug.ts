/** Names of rows, columns and settings as names of directories. */

/** Letters that settings are known by in the literature. */
const greek: Readonly<Record<string, string>> = {
  γ: "gamma",
  λ: "lambda",
  ρ: "rho",
  ε: "epsilon",
  σ: "sigma",
  τ: "tau"
}

/**
 * A name as part of a path: letters, digits, points, minus signs, and _ for everything else.
 *
 * @internal
 */
export const slug = (text: string): string =>
  text.replaceAll(/[^\p{ASCII}]/gu, (letter) => greek[letter] ?? "_")
    .replaceAll(/[^A-Za-z0-9.-]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")

/**
 * Whether a part of a path names a directory of its own, below that of the path before it.
 *
 * @internal
 */
export const isDirectory = (part: string): boolean => !["", ".", ".."].includes(part)

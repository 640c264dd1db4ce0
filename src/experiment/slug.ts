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

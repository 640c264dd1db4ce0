/** A variable of the environment; undefined where there is none of either, as in browsers. */
export const variable = (name: string): string | undefined =>
  typeof process === "undefined" ? undefined : process.env[name]

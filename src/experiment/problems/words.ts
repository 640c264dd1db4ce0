/** What lists of names have wrong, in words. */
/** Names that are there more than once. */
export const repeated = (names: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(names.filter((name, i) => names.indexOf(name) !== i))
]

/** Names in one phrase. */
export const quoted = (names: ReadonlyArray<string>) => names.map((name) => `"${name}"`).join(" and ")

/** Names that are not among those that exist. */
export const unknown = (names: ReadonlyArray<string>, known: ReadonlyArray<string>, what: string) =>
  names.filter((name) => !known.includes(name)).map((name) => `${what} "${name}" is none of ${known.join(", ")}`)

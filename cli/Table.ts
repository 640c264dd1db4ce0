/**
 * Rows under a header in columns, numbers to the right.
 *
 * @internal
 */
export const table = (header: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)))
  const numeric = header.map((_, i) => rows.every((row) => /^[-+\d.% s–]*$/.test(row[i]!)))
  const line = (cells: ReadonlyArray<string>) =>
    cells.map((cell, i) => numeric[i] === true ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)).join("  ")
      .trimEnd()
  return [line(header), widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(line)].join("\n")
}

/** So that most values are no wider than their column. */
const leastWidth = 8

/**
 * A table whose rows are not there yet: the header, then a row at a time, in columns as wide as their titles.
 *
 * @internal
 */
export const growing = (header: ReadonlyArray<string>) => {
  const widths = header.map((title) => Math.max(title.length, leastWidth))
  const line = (cells: ReadonlyArray<string>) => cells.map((cell, i) => cell.padStart(widths[i]!)).join("  ")
  return { head: [line(header), widths.map((width) => "─".repeat(width)).join("  ")].join("\n"), row: line }
}

/**
 * A number in words, or a dash where there is none: outputs that are no classes, an epoch that was not tested.
 *
 * @internal
 */
export const orDash = (value: number, text: (value: number) => string): string =>
  Number.isNaN(value) ? "–" : text(value)

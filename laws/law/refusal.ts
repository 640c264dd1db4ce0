/**
 * Whether an error is a refusal by name, and not a defect or an engine that failed.
 *
 * @internal
 */
export const isRefusal = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag !== "EngineFailed"

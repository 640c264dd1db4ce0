/** What a schema finds wrong with a value, in words of this library's own. */
import type * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

/** A mistake in a value from outside: where, and what is wrong there, in words. */
export interface ValidationIssue {
  readonly path: ReadonlyArray<PropertyKey>
  readonly text: string
}

const at = (value: unknown, path: ReadonlyArray<PropertyKey>): unknown =>
  path.reduce<unknown>(
    (inner, key) => typeof inner === "object" && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : inner,
    value
  )

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value)
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`
}

const [missing, unexpected] = ["MissingKey", "UnexpectedKey"] as const

/** Of keys that are missing or unknown the text is the kind of the issue; of all else Effect's own. */
const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) =>
    issue._tag === missing || issue._tag === unexpected ? issue._tag : SchemaIssue.defaultLeafHook(issue)
})

/**
 * All mistakes that a schema found in a value; `what` says what its keys are.
 *
 * @internal
 */
export const of = (
  { issue }: Pick<Schema.SchemaError, "issue">,
  value: unknown,
  what: string,
  /** How many keys of a path the reader knows already. */
  known: (path: ReadonlyArray<PropertyKey>) => number = () => 0
): ReadonlyArray<ValidationIssue> =>
  issuesOf(issue).issues.map(({ message, path: found = [] }) => {
    const path = found.map((key) => typeof key === "object" ? key.key : key)
    const inner = path.slice(known(path)).map(String)
    const [name, parent] = [inner.at(-1) ?? "", inner.slice(0, -1).join(".")]
    if (message === unexpected) {
      return { path, text: `unknown ${what} "${name}"${parent === "" ? "" : ` in ${parent}`}` }
    }
    if (message === missing) return { path, text: `${inner.join(".")} is missing` }
    const expected = message.replace(/^Expected/, "must be")
    const [subject, got] = [inner.length === 0 ? "it" : inner.join("."), at(value, path)]
    return { path, text: expected === message ? `${subject}: ${message}` : `${subject} ${expected}, not ${shown(got)}` }
  })

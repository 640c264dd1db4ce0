/** What `finegrain laws` found, in words. */
import { budgetLaw, identityLaw, Law, refusal } from "../laws/index.ts"
import { counted } from "../src/choices/counted.ts"
import { table } from "./Table.ts"

/** A set of laws that was checked. */
export interface Checked {
  readonly subject: string
  readonly reports: ReadonlyArray<Law.Report>
  readonly notApplicable: ReadonlyArray<Law.NotApplicable>
}

/** Of every manifold, operation and identity the largest k of |f₃₂ − f₆₄| ≤ k·ε·condition, and where. */
export const budgetTable = (checked: ReadonlyArray<Checked>): string => {
  const rows = checked.flatMap(({ reports, subject }) =>
    reports.filter(({ law }) => law === budgetLaw || law === identityLaw).flatMap(({ parts, tolerance }) =>
      [...Map.groupBy(parts, ({ name }) => name.split(", ")[0]!)].map(([operation, of]) => {
        const worst = of.reduce((a, b) => Number.isNaN(a.worst) || a.worst >= b.worst ? a : b)
        const refused = of.filter((part) => part.worst === refusal).map(({ name }) => name.split(", ")[1]!)
        const k = worst.worst === refusal ? "refused" : worst.worst.toPrecision(2)
        return [subject, operation, k, String(tolerance), worst.name.split(", ")[1]!, refused.join(", ")]
      })
    )
  )
  return rows.length === 0
    ? ""
    : `Error budget: float32 is within k·ε·condition of float64\n\n${
      table(["manifold", "operation", "worst k", "budget", "where", "refused"], rows)
    }\n`
}

const scientific = (value: number) => value === 0 ? "0" : value.toExponential(1)

/** A line for a set that holds, its table where it does not, or where it is the only one. */
export const show = ({ notApplicable, reports, subject }: Checked, whole: boolean): string => {
  const unsound = reports.filter(({ passed }) => !passed)
  const failed = unsound.filter(({ undecided }) => undecided === undefined)
  const millis = reports.reduce((sum, report) => sum + report.milliseconds, 0)
  const head =
    `${failed.length === 0 ? "✓" : "✗"} ${subject}: ${reports.length - unsound.length} of ${
      counted(reports.length, "law")
    } hold ` +
    `(${counted(reports.reduce((sum, { cases }) => sum + cases, 0), "case")}, ${(millis / 1000).toFixed(1)} s)`
  const better = reports.flatMap(({ better, law }) =>
    better === undefined ? [] : [`★ ${law}: better than declared, ${better}`]
  )
  if (!whole && failed.length === 0) return [head, ...better].join("\n")
  const rows = reports.map((report) => [
    report.passed ? "✓" : report.undecided === undefined ? "✗" : "?",
    report.law,
    scientific(report.worst),
    scientific(report.tolerance),
    String(report.cases),
    report.milliseconds.toFixed(0)
  ])
  return [
    head,
    "",
    table(["", "law", "worst residual", "tolerance", "cases", "ms"], rows),
    ...(notApplicable.length === 0
      ? []
      : ["", ...notApplicable.map(({ name, reason }) => `– ${name}: not applicable, ${reason}`)]),
    ...(better.length === 0 ? [] : ["", ...better]),
    ...failed.flatMap((report) => ["", Law.format(report)]),
    ""
  ].join("\n")
}

/** All sets in one line. */
export const summary = (
  reports: ReadonlyArray<Law.Report>,
  { failed, undecided }: { readonly failed: number; readonly undecided: number },
  where: string
): string =>
  `${reports.length - failed - undecided} of ${counted(reports.length, "law")} hold on ${where}${
    undecided === 0 ? "" : `; ${undecided} cannot be evaluated, because of those that fail`
  }`

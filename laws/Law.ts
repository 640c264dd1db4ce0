/** A law as data, how it is checked, and how any test runner runs it. */
export { bind, type Context, type Runner } from "./law/bind.ts"
export { check, checkAll, type Parameters } from "./law/check.ts"
export { type Law, law, type Residual } from "./law/definition.ts"
export { format, type Report } from "./law/Report.ts"
export { applicable, flatten, type LawSet, type NotApplicable, notApplicable } from "./law/sets.ts"

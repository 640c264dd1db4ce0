import * as Schema from "effect/Schema"

/** A layer that cannot be constrained as asked, with what would work. */
export class PlanError extends Schema.TaggedError<PlanError>()("PlanError", {
  layer: Schema.String,
  reason: Schema.String,
  workable: Schema.Array(Schema.String)
}) {
  override get message() {
    const hint = this.workable.length === 0 ? "" : ` What would work: ${this.workable.join(", ")}.`
    return `Layer "${this.layer}": ${this.reason}.${hint}`
  }
}

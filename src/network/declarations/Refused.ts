import * as Schema from "effect/Schema"

/** Something that a model declares and that cannot be honoured: who declares it, what, why not, and what to do. */
export class DeclarationRefused extends Schema.TaggedError<DeclarationRefused>()("DeclarationRefused", {
  /** The name of a layer; undefined: the model as a whole. */
  layer: Schema.UndefinedOr(Schema.String),
  declares: Schema.String,
  reason: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    const who = this.layer === undefined ? "The model" : `Layer "${this.layer}"`
    return `${who}: ${this.declares} is refused, because ${this.reason}. ${this.remedy}.`
  }
}

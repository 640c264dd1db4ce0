/** Settings that name an entry of a catalogue. */
import type * as Schema from "effect/Schema"
import * as Catalogue from "../../choices/Catalogue.ts"

/** Names of a catalogue: what they choose, and what each is. */
export const chosen = <C extends Catalogue.Catalogue>(what: string, catalogue: C) => ({
  description: `${what}: ${Catalogue.help(catalogue)}`
})

/** Names to which a user may add others. */
export const open = <C extends Catalogue.Catalogue>(catalogue: C): Schema.Codec<Catalogue.Name<C>> =>
  Catalogue.schema(catalogue) as Schema.Codec<string> as Schema.Codec<Catalogue.Name<C>>

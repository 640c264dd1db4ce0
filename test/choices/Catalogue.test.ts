import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import * as Catalogue from "../../src/choices/Catalogue.ts"

const entry = Catalogue.entries<{ readonly rate: number }, number>()
const some = {
  plain: entry({ about: "the rate", make: ({ rate }) => rate }),
  power: entry({
    about: "its power",
    parameters: { exponent: Schema.Finite },
    make: ({ exponent, rate }) => rate ** exponent
  })
}
const more = { ...some, half: entry({ about: "half of it", make: ({ rate }) => rate / 2 }) }

describe("a catalogue", () => {
  it("an entry more is in schema, help and table", () => {
    for (const [catalogue, there] of [[some, false], [more, true]] as const) {
      expect(Schema.is(Catalogue.schema(catalogue))("half")).toBe(there)
      expect(Catalogue.help(catalogue).includes("half: half of it")).toBe(there)
      expect(Catalogue.table(catalogue).includes("| `half` | half of it |")).toBe(there)
    }
  })

  it("a parameter is idle beside entries that do not know it", () => {
    expect(Catalogue.idle(more, "rate", "half")).toEqual(new Map([["exponent", "only the power rate has it"]]))
    expect(Catalogue.idle(more, "rate", "power").size).toBe(0)
    expect(Object.keys(Catalogue.parameters(more))).toEqual(["exponent"])
  })

  it("an entry makes its value of what it is given", () => {
    expect(more.power.make({ rate: 2, exponent: 3 })).toBe(8)
  })
})

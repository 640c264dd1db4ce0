import { Bounds } from "finegrain"
import { boundLaws, Law } from "finegrain/laws"
import { describe, expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"

const bind = Law.bind({ describe, it })

onEachBackend("laws of norms and bounds", () => bind(boundLaws(), { runs: 50 }))

it("refuses norms that no bound can hold", () => {
  const unit = { spectral: 1, frobenius: 1, rowSum: 1 }
  expect(() => Bounds.logBounds({ layers: [[{ ...unit, spectral: 0 }]], samples: 1, width: 1 })).toThrow(/found 0/)
  expect(() => Bounds.logBounds({ layers: [[]], samples: 1, width: 1 })).toThrow(/found no group/)
  expect(() => Bounds.logBounds({ layers: [[unit]], samples: Number.NaN, width: 1 })).toThrow(/found NaN/)
})

import { Arithmetic, Euclidean, Oblique, Sphere, Stiefel } from "finegrain"
import { Law, methods, optimizerLaws } from "finegrain/laws"
import { beforeAll, describe, it } from "vitest"
import { use } from "../backends.ts"

const longOnly = (set: Law.LawSet): Law.LawSet => ({
  ...set,
  parents: [],
  laws: Law.applicable(set, Arithmetic.float32).filter(({ name }) => name.includes("10,000 steps"))
})

describe("ten thousand steps", () => {
  beforeAll(() => use("wasm"))
  const bind = Law.bind({ describe, it })
  const own = [Sphere.make([3, 3]), Oblique.make([3, 3]), Stiefel.make([3, 3]), Euclidean.make([3, 3])] as const
  for (const method of Object.values(methods)) bind(longOnly(optimizerLaws(own, method)), { runs: 1 })
  const canonical = Stiefel.make([4, 2], { metric: Stiefel.canonical, retraction: Stiefel.cayley })
  bind(longOnly(optimizerLaws([canonical], methods.fgSgd)), { runs: 1 })
  bind(longOnly(optimizerLaws([Stiefel.make([2, 4]), Oblique.make([2, 4])], methods.fgSgd)), { runs: 1 })
})

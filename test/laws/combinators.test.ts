import { Oblique, Sphere, Stiefel } from "finegrain"
import { combinatorLaws, Law } from "finegrain/laws"
import { describe, it } from "vitest"
import { onEachBackend } from "../backends.ts"

const bind = Law.bind({ describe, it })

onEachBackend("laws of combinators", () => {
  bind(combinatorLaws(Sphere.make([3, 3]), Stiefel.make([3, 3])), { runs: 3 })
  bind(combinatorLaws(Stiefel.make([4, 2]), Oblique.make([4, 2])), { runs: 3 })
})

import { Euclidean, Oblique, Sphere, Stiefel } from "finegrain"
import { Law, methods, metricLaws, muonLaws, optimizerLaws } from "finegrain/laws"
import { describe, it } from "vitest"
import { onEachBackend } from "../backends.ts"

const bind = Law.bind({ describe, it })

onEachBackend("laws of optimizers", () => {
  bind(optimizerLaws([Sphere.make([3, 3]), Oblique.make([3, 3]), Stiefel.make([3, 3]), Euclidean.make([3, 3])]), {
    runs: 12
  })
  bind(optimizerLaws([Stiefel.make([4, 2], { metric: Stiefel.canonical, retraction: Stiefel.cayley })]), { runs: 6 })
  bind(optimizerLaws([Stiefel.make([2, 4]), Oblique.make([2, 4])]), { runs: 6 })
  const { adam, amsgrad, muon, nesterov, normalized } = methods
  for (const method of [adam, amsgrad, muon, nesterov, normalized]) {
    const manifolds = [Sphere.make([3, 3]), Oblique.make([3, 3]), Stiefel.make([3, 3])] as const
    // 10,000 steps of many operations take minutes: `finegrain laws optimizers` takes them.
    bind(optimizerLaws(manifolds, method, { longRuns: false }), { runs: 3 })
  }
  bind(metricLaws(), { runs: 2 })
  bind(muonLaws(), { runs: 6 })
  bind(optimizerLaws([Stiefel.make([4, 2])], muon, { longRuns: false }), { runs: 2 })
})

// @module-tag threads
import { Euclidean, Oblique, Sphere, Stiefel } from "finegrain"
import { Law, methods, metricLaws, muonLaws, optimizerLaws } from "finegrain/laws"
import { describe, it } from "vitest"
import { onEachBackend } from "../backends.ts"

const bind = Law.bind({ describe, it })

onEachBackend("laws of optimizers", (engine) => {
  // 10,000 steps take minutes: here only the paper's method takes them, on wasm; test/long/steps.test.ts has all.
  const { adam, amsgrad, fgSgd, muon, nesterov, normalized } = methods
  const own = [Sphere.make([3, 3]), Oblique.make([3, 3]), Stiefel.make([3, 3]), Euclidean.make([3, 3])] as const
  bind(optimizerLaws(own, fgSgd, { longRuns: engine === "wasm" }), { runs: 3 })
  const canonical = Stiefel.make([4, 2], { metric: Stiefel.canonical, retraction: Stiefel.cayley })
  bind(optimizerLaws([canonical], fgSgd, { longRuns: false }), { runs: 2 })
  bind(optimizerLaws([Stiefel.make([2, 4]), Oblique.make([2, 4])], fgSgd, { longRuns: false }), { runs: 2 })
  for (const method of [adam, amsgrad, muon, nesterov, normalized]) {
    const manifolds = [Sphere.make([3, 3]), Oblique.make([3, 3]), Stiefel.make([3, 3])] as const
    bind(optimizerLaws(manifolds, method, { longRuns: false }), { runs: 2 })
  }
  bind(metricLaws(), { runs: 2 })
  bind(muonLaws(), { runs: 3 })
  for (const manifold of [Stiefel.make([4, 2]), Euclidean.make([3, 3])]) {
    bind(optimizerLaws([manifold], muon, { longRuns: false }), { runs: 2 })
  }
})

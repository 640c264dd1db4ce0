import { Combinators, Euclidean, type Manifold, Oblique, type Points, Sphere, Stiefel } from "finegrain"
import { Law, type ManifoldLawOptions, manifoldLaws } from "finegrain/laws"
import { describe, it } from "vitest"
import { onEachBackend } from "../backends.ts"

const bind = Law.bind({ describe, it })

const check = <P extends Points.Points>(
  manifold: Manifold.Manifold<P>,
  label = "",
  options: ManifoldLawOptions = {}
) => {
  const set = manifoldLaws(manifold, options)
  bind({ ...set, name: `${set.name}${label}` }, { runs: 6 })
}

const shapes = [[3, 3], [5, 2], [2, 5], [4, 1], [1, 4], [7, 3]] as const

onEachBackend("laws of manifolds", () => {
  for (const shape of shapes) {
    check(Euclidean.make(shape))
    check(Sphere.make(shape))
    if (shape[0] > 1) check(Oblique.make(shape))
    for (const metric of [Stiefel.embedded, Stiefel.canonical]) {
      for (const retraction of [Stiefel.qr, Stiefel.polar, Stiefel.cayley, Stiefel.exponential]) {
        check(Stiefel.make(shape, { metric, retraction }), ` ${metric.name} ${retraction.name}`, {
          metric: metric === Stiefel.embedded ? "embedded" : "other"
        })
      }
    }
  }
  check(Sphere.make([3, 2], { transport: Sphere.parallel }), " parallel", { isometricTransport: true })
  check(Oblique.make([3, 2], { transport: Sphere.parallel }), " parallel", { isometricTransport: true })
})

onEachBackend("laws of combined manifolds", () => {
  const sphere = Sphere.make([3, 3])
  const stiefel = Stiefel.make([3, 3])
  check(Combinators.power(stiefel, 3))
  check(Combinators.power(Combinators.product(sphere, stiefel), 2))
  check(Combinators.product(sphere, Combinators.product(Euclidean.make([2, 2]), Stiefel.make([4, 2]))))
  check(Combinators.scaled(sphere, 2))
  check(Combinators.scaled(Stiefel.make([4, 2]), 0.5))
  check(Combinators.transposed(Oblique.make([3, 2])))
  check(Combinators.columns(Sphere.make([3, 1]), 2))
  check(Combinators.partition([
    { indices: [2, 0], manifold: sphere },
    { indices: [1], manifold: stiefel },
    { indices: [3], manifold: Oblique.make([3, 3]) }
  ]))
  for (const matricization of Combinators.matricizations) {
    const shape = [3, 2, 2, 3] as const
    const [inputs, outputs] = matricization.grid(shape)
    check(Combinators.matricized(
      Combinators.power(Stiefel.make(matricization.matrix(shape)), inputs * outputs),
      matricization,
      shape
    ))
  }
})

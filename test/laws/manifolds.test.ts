import {
  Arithmetic,
  Combinators,
  Euclidean,
  type Manifold,
  type NestedTensors,
  Oblique,
  Sphere,
  Stiefel
} from "finegrain"
import { Law, type ManifoldLawOptions, manifoldLaws, subjects } from "finegrain/laws"
import { beforeAll, describe, it } from "vitest"
import { use } from "../backends.ts"
import { isLong } from "../long.ts"

const bind = Law.bind({ describe, it })

const check = <P extends NestedTensors.NestedTensors>(
  manifold: Manifold.Manifold<P>,
  label = "",
  options: ManifoldLawOptions = {}
) => {
  const set = manifoldLaws(manifold, options)
  bind({ ...set, name: `${set.name}${label}` }, { runs: 1 })
}

// Each law, subject and shape once, in a batch of points and with its edges: `finegrain laws` goes deeper. At shapes
// that float64 leaves out, the error budget holds float32 to it all the same.
const on = (engine: "wasm" | "cpu", arithmetic: Arithmetic.Arithmetic, [from, to]: readonly [number, number?]) =>
  describe(`laws of manifolds on ${engine} in ${arithmetic.name}`, () => {
    beforeAll(() => use(engine))
    for (const { at, shapes } of subjects) {
      for (const set of shapes.slice(from, to).flatMap(at)) bind(set, { arithmetic, runs: 1 })
    }
  })

// The first two are square and tall; later ones, wide or narrower, take long.
on("wasm", Arithmetic.float32, isLong ? [2] : [0, 2])
if (!isLong) on("cpu", Arithmetic.float64, [0, 1])

describe.skipIf(isLong)("laws of combined manifolds on wasm", () => {
  beforeAll(() => use("wasm"))
  const sphere = Sphere.make([3, 3])
  const stiefel = Stiefel.make([3, 3])
  check(Combinators.power(stiefel, 3))
  check(Combinators.power(Combinators.product(sphere, stiefel), 2), "", {
    factors: [manifoldLaws(sphere), manifoldLaws(stiefel)]
  })
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
    const shape = [3, 2, 2, 2] as const
    const [inputs, outputs] = matricization.grid(shape)
    check(Combinators.matricized(
      Combinators.power(Stiefel.make(matricization.matrix(shape)), inputs * outputs),
      matricization,
      shape
    ))
  }
})

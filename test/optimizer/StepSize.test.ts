import * as tf from "@tensorflow/tfjs-core"
import fc from "fast-check"
import { Arithmetic, Interval, StepSize } from "finegrain"
import { expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"

onEachBackend("the step size", () => {
  it("is g = max{1, R²(2 + R)²}^½ on unit spheres", () => {
    const norms = [0, 0.1, 0.4142, 0.5, 1, 3, 100]
    const g = tf.tidy(() =>
      StepSize.curvatureAware().denominators(tf.tensor1d(norms), norms.map(() => Interval.point(1))).dataSync()
    )
    for (const [i, R] of norms.entries()) expect(g[i]! / Math.max(1, R * (2 + R))).toBeCloseTo(1, 5)
  })

  it("follows the general formula, and is 1 on flat products", () => {
    fc.assert(fc.property(
      fc.array(
        fc.record({
          R: fc.double({ min: 0, max: 50, noNaN: true }),
          c: fc.constantFrom(-0.5, 0, 0.125, 1, 1.25, 4)
        }),
        { minLength: 1, maxLength: 6 }
      ),
      fc.option(fc.double({ min: 0.05, max: 2, noNaN: true }), { nil: undefined }),
      (poms, rho) => {
        const g = tf.tidy(() =>
          StepSize.curvatureAware(rho === undefined ? {} : { rho }).denominators(
            tf.tensor1d(poms.map(({ R }) => R)),
            poms.map(({ c }) => Interval.make(-0.5, c))
          ).dataSync()
        )
        for (const [i, { R, c }] of poms.entries()) {
          const p = rho ?? Math.min(1, 1 / c)
          const expected = c <= 0 ? 1 : Math.sqrt(Math.max(1, R ** 2 * Math.max((2 * p + R) ** 2, 1 + c * (p + R))))
          expect(Math.abs(g[i]! / expected - 1)).toBeLessThan(1e-5)
        }
      }
    ))
  })

  it("is the same on numbers at hand, bit for bit", () => {
    const poms = 60
    const gaps: Array<number> = []
    const norms = Float32Array.from({ length: poms }, (_, i) => i === 0 ? NaN : i === 1 ? Infinity : 0.8 ** i * 1e4)
    const curvatures = (bounds: ReadonlyArray<number>) =>
      Array.from(norms, (_, i) => Interval.make(-0.5, bounds[i % bounds.length]!))
    for (const bounds of [[1], [0, 0.3, 117], [0]]) {
      for (const rule of [StepSize.curvatureAware(), StepSize.curvatureAware({ rho: 0.1 }), StepSize.plain]) {
        const expected = tf.tidy(() => rule.denominators(tf.tensor1d(norms), curvatures(bounds)).dataSync())
        const found = rule.onHost!(norms, curvatures(bounds))
        gaps.push(...Array.from(found, (g, i) => Object.is(g, expected[i]) ? 0 : Math.abs(expected[i]! / g - 1)))
      }
    }
    // A GPU's square root rounds otherwise, and its NaN may be another's; there the engine's own operations are taken.
    const onGpu = tf.getBackend() === "webgpu"
    expect(Math.max(...gaps.filter((gap) => !onGpu || !Number.isNaN(gap)))).toBeLessThanOrEqual(onGpu ? 1e-5 : 0)
  })

  it("serves both arithmetics, whichever it met first", () => {
    const rule = StepSize.curvatureAware({ rho: 0.1 })
    const curvatures = [Interval.point(1.25)]
    const g = () => tf.tidy(() => rule.denominators(tf.tensor1d([2]), curvatures).dataSync()[0]!)
    // R·(2ρ + R) = 2·2.2.
    expect(g()).toBeCloseTo(4.4, 5)
    const inDouble = tf.getBackend() === "cpu" ? Arithmetic.within(Arithmetic.float64, g) : 4.4
    expect(Math.abs(inDouble - 4.4)).toBeLessThan(1e-14)
    expect(g()).toBeCloseTo(4.4, 5)
  })

  it("keeps a divergence visible", () => {
    const g = StepSize.curvatureAware().denominators(tf.tensor1d([Number.NaN]), [Interval.point(1)]).dataSync()
    expect(g[0]).toBeNaN()
  })
})

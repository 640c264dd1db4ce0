import * as tf from "@tensorflow/tfjs-core"
import { Arithmetic, Lorentz, type Manifold, PoincareBall } from "finegrain"
import { expect, it } from "vitest"
import { onEachBackend, use } from "../backends.ts"
import { longWebgpu } from "../webgpu.ts"

const ball = PoincareBall.make([2, 1])
const sheet = Lorentz.make([3, 1])
const p = (x: number, y: number) => tf.tensor2d([[x], [y]])
/** (cosh t, sinh t) in a direction. */
const L = (t: number, angle = 0) =>
  tf.tensor2d([[Math.cosh(t)], [Math.sinh(t) * Math.cos(angle)], [Math.sinh(t) * Math.sin(angle)]])

const value = async (x: tf.Tensor) => (await x.data())[0]!
const gap = async (x: tf.Tensor, y: tf.Tensor) => value(tf.max(tf.abs(tf.sub(x, y))))

onEachBackend("hyperbolic space", () => {
  // Of the float32 numbers, by (1 − r)(1 + r) in float64.
  it.each([
    ["(.9999, 0) and (.9998, 0)", () => ball.dist!(p(0.9999, 0), p(0.9998, 0)), 0.6929],
    ["opposite ends", () => ball.dist!(p(0.99999, 0), p(-0.99999, 0)), 24.409],
    ["far out, near each other", () => sheet.dist!(L(7), L(7.01)), 0.01],
    ["farther out", () => sheet.dist!(L(10), L(10.1)), 0.1],
    ["from the origin", () => sheet.dist!(L(0), L(10)), 10],
    ["from one end of the numbers to the other", () => sheet.dist!(L(79), L(79, Math.PI)), 158],
    ["from there a quarter turn on", () => sheet.dist!(L(79), L(79, Math.PI / 2)), 158 - Math.LN2],
    ["across", () => sheet.dist!(L(2), L(2, 3)), 3.995164]
  ])("has the right distance: %s", async (_, dist, right) => {
    expect(Math.abs(await value(dist()) / right - 1)).toBeLessThan(1e-4)
  })

  const pairs: ReadonlyArray<readonly [string, Manifold.Manifold, () => readonly [tf.Tensor, tf.Tensor]]> = [
    ["ordinary points of the ball", ball, () => [p(0.3, -0.2), p(-0.1, 0.6)]],
    ["points near its rim", ball, () => [p(0.9998, 0), p(0.9999, 0.0001)]],
    ["ordinary points of the sheet", sheet, () => [L(1, 0.5), L(2, 2)]],
    ["points far out", sheet, () => [L(10), L(10.1)]],
    ["points of which one is the origin", sheet, () => [L(0), L(3, 1)]],
    ["a way inwards", sheet, () => [L(10), L(0)]]
  ]
  it.each(pairs)("has a logarithm of the length of the geodesic, which is carried along: %s", async (_, M, make) => {
    const [x, y] = make()
    const v = M.log!(x, y)
    const distance = await value(M.dist!(x, y))
    expect(Math.abs(await value(M.norm(x, v)) / distance - 1)).toBeLessThan(1e-5)
    // Parallel transport of the velocity is the velocity at the end.
    const there = M.transport(x, y, v)
    const back = tf.neg(M.log!(y, x))
    expect(await gap(there, back) / (1 + await value(tf.max(tf.abs(back))))).toBeLessThan(1e-5)
    expect(await value(M.dist!(M.exp!(x, v), y))).toBeLessThan(1e-3)
  })

  it("knows the longest way, whose vectors have squares that are no numbers", async () => {
    const [x, y] = [L(79), L(79, Math.PI)]
    const v = sheet.log!(x, y)
    expect(await value(sheet.norm(x, v))).toBeCloseTo(158, 3)
    expect(await value(sheet.norm(y, sheet.transport(x, y, v)))).toBeCloseTo(158, 3)
    await expect((async () => sheet.exp!(x, v).data())()).rejects.toThrow(/Points further out have no coordinates/)
  })

  it("draws tangent vectors as long at the end of the numbers as at the origin", async () => {
    // In a direction without rounding, which would be as long as coordinates are.
    const x = L(79)
    const v = sheet.randomTangent(3, x)
    expect(await value(sheet.norm(x, v))).toBeGreaterThan(0.1)
    expect(await value(sheet.norm(x, v))).toBeLessThan(10)
  })

  // By the angle τ of y and its direction ŷ: 2d·ŷ/cosh τ.
  it.each([5, 20, 60])("has a squared distance whose gradient far out is right: %d", async (t) => {
    const slope = tf.grad((y) => tf.sum(tf.square(sheet.dist!(L(0), y))))(L(t, 1))
    const right = tf.tensor2d([[0], [Math.cos(1)], [Math.sin(1)]])
    expect(await gap(tf.mul(slope, Math.cosh(t) / (2 * t)), right)).toBeLessThan(1e-5)
  })

  it("ends within the ball, however long the way", async () => {
    for (const v of [p(1e30, 1e30), p(-1e5, 3), p(1e-30, 0), p(0, 0)]) {
      const end = ball.exp!(p(0.3, -0.2), v)
      expect(await value(ball.residual(end))).toBe(0)
      expect(Number.isFinite(await value(ball.dist!(p(0, 0), end)))).toBe(true)
    }
  })

  it("tells points of the rim from those of the ball", async () => {
    expect(await value(ball.residual(p(1, 0)))).toBeGreaterThanOrEqual(1)
    expect(await value(ball.residual(p(0.8, 0.7)))).toBeGreaterThanOrEqual(1)
    const last = Math.fround(1 - 2 ** -24)
    expect(await value(ball.residual(p(last, 0)))).toBe(0)
    expect(await gap(ball.nearest(p(last, 0)), p(last, 0))).toBe(0)
    expect(await value(ball.residual(ball.nearest(p(1e30, -1e30))))).toBe(0)
  })

  it("has a squared distance whose gradient is −2 log, and 0 where points coincide", async () => {
    for (const [x, y] of [[L(1, 0.5), L(1, 0.5)], [L(0), L(1, 0.5)], [L(2, 1), L(1, 0.5)]] as const) {
      const gradient = tf.grad((z) => tf.sum(tf.square(sheet.dist!(z, y))))(x)
      expect(await gap(sheet.gradient(x, gradient), tf.mul(sheet.log!(x, y), -2))).toBeLessThan(2e-5)
    }
    const gradient = tf.grad((z) => tf.sum(tf.square(ball.dist!(z, p(0.3, 0.1)))))
    expect(await gap(gradient(p(0.3, 0.1)), p(0, 0))).toBe(0)
    const x = p(-0.1, 0.6)
    const right = tf.mul(ball.log!(x, p(0.3, 0.1)), -2)
    expect(await gap(ball.gradient(x, gradient(x)), right)).toBeLessThan(1e-5)
  })
}, longWebgpu)

it("has operations whose derivatives are those of differences, in float64", async () => {
  await use("cpu")
  const worst = Arithmetic.within(Arithmetic.float64, () =>
    tf.tidy(() => {
      const errors: Array<number> = []
      const h = 1e-5
      const compare = (f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor, u: tf.Tensor) => {
        const slope = tf.sum(tf.mul(tf.grad((z) => tf.sum(f(z)))(x), u)).dataSync()[0]!
        const ahead = tf.sum(f(tf.add(x, tf.mul(u, h)))).dataSync()[0]!
        const behind = tf.sum(f(tf.sub(x, tf.mul(u, h)))).dataSync()[0]!
        const difference = (ahead - behind) / (2 * h)
        errors.push(Math.abs(slope - difference) / (1 + Math.abs(difference)))
      }
      const check = (M: Manifold.Manifold, x: tf.Tensor, y: tf.Tensor, v: tf.Tensor, u: tf.Tensor) => {
        for (const w of [v, tf.zerosLike(v)]) {
          compare((z) => M.exp!(z, w), x, u)
          compare((z) => M.exp!(x, z), w, u)
        }
        compare((z) => M.log!(z, y), x, u)
        compare((z) => M.log!(x, z), y, u)
        compare((z) => M.dist!(x, z), y, u)
        compare((z) => M.transport(z, y, v), x, u)
        compare((z) => M.transport(x, z, v), y, u)
        compare((z) => M.inner(z, v, v), x, u)
        compare((z) => M.nearest(z), tf.mul(x, 1.1), u)
      }
      const ballAt = p(0.3, -0.2)
      check(ball, ballAt, p(-0.1, 0.6), p(0.2, 0.1), p(0.7, -0.4))
      for (const x of [L(0), L(0.7, 0.4), L(3, 1)]) {
        const tangent = sheet.project(x, tf.tensor2d([[0.1], [0.3], [-0.2]]))
        check(sheet, x, L(1.5, 2), tangent, tf.tensor2d([[0], [0.5], [0.8]]))
      }
      return errors.reduce((a, b) => (Number.isNaN(a) || a >= b ? a : b), 0)
    }))
  // Differences of step 1e-5 err by 1e-10 and by a rounding unit over the step.
  expect(worst).toBeLessThan(1e-8)
})

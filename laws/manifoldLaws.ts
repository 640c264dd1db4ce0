import * as tf from "@tensorflow/tfjs-core"
import fc from "fast-check"
import type * as Interval from "../src/Interval.ts"
import * as Manifold from "../src/Manifold.ts"
import type { NormIntervals } from "../src/Norms.ts"
import * as Norms from "../src/Norms.ts"
import * as Points from "../src/Points.ts"
import * as Seed from "../src/Seed.ts"
import { sectionalCurvature } from "./curvature.ts"
import { type Law, law as makeLaw, type LawSet, type NotApplicable } from "./Law.ts"
import { entriesOf, leafShapes } from "./shapes.ts"
import * as Tolerance from "./Tolerance.ts"

/** What a law set cannot find out for itself. */
export interface Options {
  /** `other` where the metric is not the Frobenius inner product: laws that need it are then listed as not applicable. */
  readonly metric?: "embedded" | "other"
  /** What is claimed of the length of transported vectors; default nothing. */
  readonly transport?: "isometric" | "bounded"
  /** Whether some plane is claimed to have the smallest, some the largest curvature of the interval; default false. */
  readonly tightCurvature?: boolean
  /** Maps that are claimed to carry the geometry into itself, such as orthogonal actions. */
  readonly invariances?: ReadonlyArray<Invariance>
  /** Whether the norm intervals are claimed to be attained; default true. */
  readonly sharpNorms?: boolean
}

/** A linear isometry of the ambient space that maps the manifold to itself: f(g·x) = g·f(x) for every operation. */
export interface Invariance {
  readonly name: string
  readonly act: (x: tf.Tensor, seed: Seed.Seed) => tf.Tensor
}

/** A case: everything follows from a seed and the length of the tangent vectors. */
export interface Case {
  readonly seed: number
  readonly size: number
}

const batch = [2]

const cases = (max: number): fc.Arbitrary<Case> =>
  fc.record({
    seed: fc.nat({ max: 9999 }),
    size: fc.integer({ min: 1, max: 20 }).map((k) => (k * max) / 20)
  })

const literal = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map(literal).join(", ")}]` : String(Number((value as number).toPrecision(6)))

const print = async (points: Points.Points): Promise<string> =>
  Points.isLeaf(points) ? literal(await points.array()) : `[${(await Promise.all(points.map(print))).join(", ")}]`

/**
 * The laws of any Riemannian submanifold of a space of tensors: projection, retraction, transport, metric, gradient, exponential
 * and logarithm where present, batches, norm intervals, dimension, curvature, resources.
 *
 * Source: Absil, Mahony and Sepulchre 2008, chapters 3–5 and 8; do Carmo 1992, chapter 6, for the Gauss equation.
 *
 * @example
 * ```ts
 * import { Stiefel } from "finegrain"
 * import { Law, manifoldLaws } from "finegrain/laws"
 * const reports = await Law.checkAll(manifoldLaws(Stiefel.make([3, 2])), { runs: 3 })
 * reports.filter(({ passed }) => !passed).map(Law.format) // => []
 * ```
 */
export const manifoldLaws = <P extends Points.Points>(M: Manifold.Manifold<P>, options: Options = {}): LawSet => {
  const entries = Math.max(1, entriesOf(M.shape))
  const rounding = Tolerance.rounding(entries)
  const embedded = (options.metric ?? "embedded") === "embedded"
  const inner = (u: P, v: P) => Manifold.frobeniusInner(M.shape, u, v)
  const length = (u: P) => tf.sqrt(tf.relu(inner(u, u)))
  const gap = (u: P, v: P) => length(Points.sub(u, v))
  const relative = (difference: tf.Tensor, size: tf.Tensor) => tf.div(difference, tf.add(size, 1))

  const point = ({ seed }: Case, k = 0) => M.random(Seed.split(seed, `x${k}`), batch)
  const ambient = ({ seed }: Case, k = 0) => {
    const go = (shape: unknown, s: number): Points.Points =>
      Array.isArray(shape) && shape.every((l) => typeof l === "number")
        ? Seed.normalTensor(s, [...batch, ...(shape as ReadonlyArray<number>)])
        : (shape as ReadonlyArray<unknown>).map((factor, i) => go(factor, Seed.split(s, i)))
    return go(M.shape, Seed.split(seed, `u${k}`)) as P
  }
  /** A tangent vector of norm `size`. */
  const tangent = (c: Case, x: P, k = 0) => {
    const v = M.randomTangent(Seed.split(c.seed, `v${k}`), x)
    return Points.scaleItems(tf.div(c.size, tf.maximum(M.norm(x, v), 1e-12)), v)
  }

  const show = async (c: Case) => {
    const [x, v, u] = tf.tidy(() => {
      const x = point(c)
      return [x, tangent(c, x), ambient(c)] as unknown as tf.TensorContainer
    }) as unknown as [P, P, P]
    const text = `case ${JSON.stringify(c)}\nx = ${await print(x)}\nv = ${await print(v)}\nu = ${await print(u)}`
    Points.dispose([x, v, u])
    return text
  }
  const law = (
    name: string,
    equation: string,
    residual: (c: Case) => tf.Tensor | number,
    tolerance: Tolerance.Tolerance = rounding,
    max = 2
  ): Law =>
    makeLaw<Case>({
      name,
      equation,
      source: "Absil, Mahony and Sepulchre 2008",
      arbitrary: cases(max),
      residual,
      tolerance,
      show
    })

  /** By how much the order of e(t) → 0, from two step lengths, falls short; an error at rounding level has every order. */
  const shortOfOrder = (order: number, t: number, error: (t: number) => tf.Tensor) => {
    const floor = 20 * rounding.value
    const [coarse, fine] = [error(t), error(t / 4)]
    const slope = tf.div(tf.log(tf.div(coarse, tf.maximum(fine, 1e-30))), Math.log(4))
    const short = tf.sub(order, slope)
    return tf.where(tf.lessEqual(fine, floor), tf.relu(tf.sub(coarse, Math.max(4 ** order * floor, floor))), short)
  }
  const slopes = Tolerance.measured(0.3, "the next order of the error contributes at t = 0.2")

  const laws: Array<Law> = []
  const notApplicable: Array<NotApplicable> = []
  const when = (condition: boolean, name: string, reason: string, ...added: ReadonlyArray<Law>) => {
    if (condition) laws.push(...added)
    else notApplicable.push({ name, reason })
  }

  // Points
  laws.push(
    law("random points lie on the manifold", "c(random) = 0", (c) => M.residual(point(c))),
    law(
      "random is reproducible",
      "random(seed) = random(seed)",
      (c) => gap(point(c), point(c)),
      Tolerance.exact
    ),
    law(
      "random depends on the seed",
      "random(s) ≠ random(s′)",
      (c) => M.dimension === 0 ? 0 : tf.cast(tf.less(gap(point(c), point(c, 1)), 1e-6), "float32"),
      Tolerance.exact
    ),
    law(
      "nearest points lie on the manifold",
      "c(nearest(u)) = 0",
      (c) => M.residual(M.nearest(Points.add(point(c), Points.scale(0.3, ambient(c)))))
    ),
    law("nearest fixes points", "nearest(x) = x", (c) => gap(M.nearest(point(c)), point(c))),
    law("nearest is nearest", "‖u − nearest(u)‖ ≤ ‖u − y‖ for y on M", (c) => {
      const u = Points.add(point(c), Points.scale(0.3, ambient(c)))
      const best = M.nearest(u)
      const rival = M.retract(best, Points.scale(0.2, tangent(c, best)))
      const excess = (y: P) => tf.relu(tf.sub(gap(u, best), gap(u, y)))
      return tf.maximum(excess(rival), tf.maximum(excess(point(c)), excess(point(c, 1))))
    })
  )

  laws.unshift(
    law("operations give points of the right shape", "shape(f) = batch × shape", (c) => {
      const [x, u] = [point(c), ambient(c)]
      const expected = leafShapes(M.shape).map((shape) => [...batch, ...shape].join())
      const wrong = (p: P) => {
        const found = Points.leaves(p).map((leaf) => leaf.shape.join())
        return found.join(";") === expected.join(";") ? 0 : 1
      }
      const wrongNumber = (s: tf.Tensor) => (s.shape.join() === batch.join() ? 0 : 1)
      return wrong(x) + wrong(M.project(x, u)) + wrong(M.gradient(x, u)) + wrong(M.nearest(u)) +
        wrong(M.retract(x, M.project(x, u))) + wrong(M.transport(x, x, M.project(x, u))) +
        wrong(M.randomTangent(c.seed, x)) + wrongNumber(M.inner(x, u, u)) + wrongNumber(M.norm(x, u)) +
        wrongNumber(M.residual(x))
    }, Tolerance.exact)
  )

  // Projection
  laws.push(
    law("projection is idempotent", "P(P(u)) = P(u)", (c) => {
      const [x, p] = [point(c), M.project(point(c), ambient(c))]
      return relative(gap(M.project(x, p), p), length(p))
    }),
    law("projection is linear", "P(2u − 3v) = 2P(u) − 3P(v)", (c) => {
      const [x, u, v] = [point(c), ambient(c), ambient(c, 1)]
      const whole = M.project(x, Points.sub(Points.scale(2, u), Points.scale(3, v)))
      const parts = Points.sub(Points.scale(2, M.project(x, u)), Points.scale(3, M.project(x, v)))
      return relative(gap(whole, parts), length(whole))
    }),
    law("projection is self-adjoint", "⟨P(u), v⟩ = ⟨u, P(v)⟩", (c) => {
      const [x, u, v] = [point(c), ambient(c), ambient(c, 1)]
      const difference = tf.abs(tf.sub(M.inner(x, M.project(x, u), v), M.inner(x, u, M.project(x, v))))
      return relative(difference, tf.mul(length(u), length(v)))
    }),
    law(
      "projections are tangent",
      "c(x + tP(u)) = O(t²)",
      (c) => {
        const x = point(c)
        const p = M.project(x, ambient(c))
        const v = Points.scaleItems(tf.div(1, tf.add(length(p), 1e-3)), p)
        return shortOfOrder(2, 0.2, (t) => M.residual(Points.add(x, Points.scale(t, v))))
      },
      slopes
    ),
    law("random tangents are tangent", "P(v) = v", (c) => {
      const x = point(c)
      const v = tangent(c, x)
      return gap(M.project(x, v), v)
    }),
    law("dimension is the rank of the projection", "dim = tr P", (c) => {
      const x = M.random(c.seed)
      const shapes = leafShapes(M.shape)
      let offset = 0
      const eyes = shapes.map((shape) => {
        const size = shape.reduce((a, b) => a * b, 1)
        const block = tf.slice(tf.eye(entries), [0, offset], [entries, size])
        offset += size
        return tf.reshape(block, [entries, ...shape])
      })
      let leaf = 0
      const basis = Points.map(x, () => eyes[leaf++]!)
      const copies = Points.map(x, (p) => tf.add(tf.zeros([entries, ...p.shape]), p))
      return tf.abs(tf.sub(tf.sum(inner(basis, M.project(copies, basis))), M.dimension))
    }, Tolerance.rounding(entries, entries))
  )

  // Retraction
  laws.push(
    law("retraction of zero stays", "R(x, 0) = x", (c) => {
      const x = point(c)
      return gap(M.retract(x, Points.map(x, tf.zerosLike)), x)
    }),
    law(
      "retraction stays on the manifold",
      "c(R(x, v)) = 0",
      (c) => {
        const x = point(c)
        return M.residual(M.retract(x, tangent(c, x)))
      },
      rounding,
      10
    ),
    law(
      "retraction is of first order",
      "R(x, tv) = x + tv + O(t²)",
      (c) => {
        const x = point(c)
        const v = tangent({ ...c, size: 1 }, x)
        return shortOfOrder(2, 0.2, (t) => {
          const step = Points.scale(t, v)
          return gap(M.retract(x, step), Points.add(x, step))
        })
      },
      slopes
    )
  )
  const { dist, exp, log } = M
  when(
    M.retractionOrder >= 2 && (exp !== undefined || embedded),
    "retraction is of second order",
    M.retractionOrder < 2
      ? "the manifold declares first order"
      : "without exp it is tested for the embedded metric only",
    law(
      "retraction is of second order",
      exp === undefined ? "P(R(x, tv) − x − tv) = O(t³)" : "R(x, tv) = exp(x, tv) + O(t³)",
      (c) => {
        const x = point(c)
        const v = tangent({ ...c, size: 1 }, x)
        return shortOfOrder(3, 0.4, (t) => {
          const step = Points.scale(t, v)
          const end = M.retract(x, step)
          return exp === undefined ? length(M.project(x, Points.sub(end, Points.add(x, step)))) : gap(end, exp(x, step))
        })
      },
      slopes
    )
  )
  when(
    M.retractionOrder === Infinity && exp !== undefined,
    "retraction is the exponential map",
    "the manifold declares a finite order",
    law("retraction is the exponential map", "R(x, v) = exp(x, v)", (c) => {
      const x = point(c)
      const v = tangent(c, x)
      return gap(M.retract(x, v), exp!(x, v))
    })
  )

  // Transport
  laws.push(
    law("transported vectors are tangent", "P_y(T(v)) = T(v)", (c) => {
      const x = point(c)
      const y = M.retract(x, tangent(c, x, 1))
      const moved = M.transport(x, y, tangent(c, x))
      return relative(gap(M.project(y, moved), moved), length(moved))
    }),
    law("transport is linear", "T(2u − 3v) = 2T(u) − 3T(v)", (c) => {
      const x = point(c)
      const y = M.retract(x, tangent(c, x, 2))
      const [u, v] = [tangent(c, x), tangent(c, x, 1)]
      const whole = M.transport(x, y, Points.sub(Points.scale(2, u), Points.scale(3, v)))
      const parts = Points.sub(Points.scale(2, M.transport(x, y, u)), Points.scale(3, M.transport(x, y, v)))
      return relative(gap(whole, parts), length(whole))
    }, Tolerance.rounding(entries, 4)),
    law("transport to the same point is the identity", "T_{x→x}(v) = v", (c) => {
      const x = point(c)
      const v = tangent(c, x)
      return gap(M.transport(x, x, v), v)
    })
  )
  when(
    options.transport === "bounded",
    "transport does not lengthen",
    "the transport is not claimed to be bounded",
    law("transport does not lengthen", "‖T(v)‖_y ≤ ‖v‖_x", (c) => {
      const x = point(c)
      const y = M.retract(x, tangent(c, x, 2))
      const v = tangent(c, x)
      return tf.relu(tf.sub(M.norm(y, M.transport(x, y, v)), M.norm(x, v)))
    }, Tolerance.rounding(entries, 4))
  )
  when(
    options.transport === "isometric" && M.exp !== undefined,
    "transport there and back is the identity",
    "the transport is not claimed to be an isometry",
    law("transport there and back is the identity", "T_{y→x}(T_{x→y}(v)) = v", (c) => {
      const x = point(c)
      const y = M.retract(x, tangent(c, x, 2))
      const v = tangent(c, x)
      return gap(M.transport(y, x, M.transport(x, y, v)), v)
    }, Tolerance.rounding(entries, 4))
  )
  when(
    options.transport === "isometric",
    "transport is an isometry",
    "the transport is not claimed to be one",
    law("transport is an isometry", "⟨T(u), T(v)⟩_y = ⟨u, v⟩_x", (c) => {
      const x = point(c)
      const y = M.retract(x, tangent(c, x, 2))
      const [u, v] = [tangent(c, x), tangent(c, x, 1)]
      return tf.abs(tf.sub(M.inner(y, M.transport(x, y, u), M.transport(x, y, v)), M.inner(x, u, v)))
    }, Tolerance.rounding(entries, 4))
  )

  // Metric and gradient
  laws.push(
    law("metric is symmetric", "⟨u, v⟩ = ⟨v, u⟩", (c) => {
      const x = point(c)
      const [u, v] = [tangent(c, x), tangent(c, x, 1)]
      return tf.abs(tf.sub(M.inner(x, u, v), M.inner(x, v, u)))
    }, Tolerance.rounding(entries, 4)),
    law("metric is bilinear", "⟨2u − 3w, v⟩ = 2⟨u, v⟩ − 3⟨w, v⟩", (c) => {
      const x = point(c)
      const [u, v, w] = [tangent(c, x), tangent(c, x, 1), tangent(c, x, 2)]
      const whole = M.inner(x, Points.sub(Points.scale(2, u), Points.scale(3, w)), v)
      return tf.abs(tf.sub(whole, tf.sub(tf.mul(2, M.inner(x, u, v)), tf.mul(3, M.inner(x, w, v)))))
    }, Tolerance.rounding(entries, 20)),
    law(
      "metric is positive",
      "⟨v, v⟩ > 0 for v ≠ 0",
      (c) => {
        const x = point(c)
        const v = M.randomTangent(c.seed, x)
        return M.dimension === 0 ? 0 : tf.relu(tf.sub(0.1, tf.div(M.inner(x, v, v), tf.maximum(inner(v, v), 1e-12))))
      },
      Tolerance.measured(0, "a metric within a factor of ten of the Frobenius one")
    ),
    law("norm is the root of the metric", "‖v‖² = ⟨v, v⟩", (c) => {
      const x = point(c)
      const v = tangent(c, x)
      return relative(tf.abs(tf.sub(tf.square(M.norm(x, v)), M.inner(x, v, v))), M.inner(x, v, v))
    }),
    law("gradient is tangent", "P(grad) = grad", (c) => {
      const x = point(c)
      const g = M.gradient(x, ambient(c))
      return relative(gap(M.project(x, g), g), length(g))
    }),
    law("gradient represents the differential", "⟨grad, v⟩_x = ⟨e, v⟩", (c) => {
      const x = point(c)
      const [e, v] = [ambient(c), tangent(c, x)]
      return relative(tf.abs(tf.sub(M.inner(x, M.gradient(x, e), v), inner(e, v))), tf.mul(length(e), length(v)))
    })
  )

  laws.push(
    law(
      "gradient predicts the change of a function",
      "f(R(x, tv)) − f(R(x, −tv)) = 2t⟨grad f, v⟩ + O(t³) for f(x) = ⟨a, x⟩ + ‖x − b‖⁴/4",
      (c) => {
        const x = point(c)
        const v = tangent({ ...c, size: 1 }, x)
        const [a, b] = [Points.scale(0.3, ambient(c)), Points.scale(0.3, ambient(c, 1))]
        const f = (y: P) => {
          const away = Points.sub(y, b)
          return tf.add(inner(a, y), tf.mul(tf.square(inner(away, away)), 0.25))
        }
        const away = Points.sub(x, b)
        const slope = M.inner(x, M.gradient(x, Points.add(a, Points.scaleItems(inner(away, away), away))), v)
        const difference = (t: number) =>
          tf.div(tf.sub(f(M.retract(x, Points.scale(t, v))), f(M.retract(x, Points.scale(-t, v)))), 2 * t)
        // Richardson: the O(t²) of a retraction of first order cancels in neither, that of f in both.
        const measured = tf.div(tf.sub(tf.mul(4, difference(0.05)), difference(0.1)), 3)
        return relative(tf.abs(tf.sub(measured, slope)), tf.abs(f(x)))
      },
      Tolerance.measured(5e-3, "extrapolated central differences of steps 0.1 and 0.05 in float32")
    )
  )
  for (const { act, name } of options.invariances ?? []) {
    laws.push(law(`invariance: ${name}`, "f(g·x) = g·f(x)", (c) => {
      const g = (p: P) => Points.map(p, (leaf) => act(leaf, c.seed))
      const x = point(c)
      const [u, v] = [ambient(c), tangent(c, x)]
      const y = M.retract(x, v)
      const near = Points.add(x, Points.scale(0.2, u))
      return tf.stack([
        gap(M.project(g(x), g(u)), g(M.project(x, u))),
        gap(M.gradient(g(x), g(u)), g(M.gradient(x, u))),
        gap(M.nearest(g(near)), g(M.nearest(near))),
        gap(M.transport(g(x), g(y), g(v)), g(M.transport(x, y, v))),
        tf.abs(tf.sub(M.inner(g(x), g(v), g(v)), M.inner(x, v, v))),
        M.residual(g(x)),
        ...(M.exp === undefined ? [] : [gap(M.exp(g(x), g(v)), g(M.exp(x, v)))]),
        ...(M.dist === undefined ? [] : [tf.abs(tf.sub(M.dist(g(x), g(y)), M.dist(x, y)))])
      ])
    }, Tolerance.rounding(entries, 10)))
  }

  // Exponential, logarithm, distance
  const radius = Math.min(3, 0.9 * M.injectivityRadius)
  when(
    exp !== undefined,
    "exponential map",
    "the manifold gives none",
    law("exponential of zero stays", "exp(x, 0) = x", (c) => {
      const x = point(c)
      return gap(exp!(x, Points.map(x, tf.zerosLike)), x)
    }),
    law("exponential stays on the manifold", "c(exp(x, v)) = 0", (c) => {
      const x = point(c)
      return M.residual(exp!(x, tangent(c, x)))
    }),
    law(
      "exponential is of first order",
      "exp(x, tv) = x + tv + O(t²)",
      (c) => {
        const x = point(c)
        const v = tangent({ ...c, size: 1 }, x)
        return shortOfOrder(2, 0.2, (t) => gap(exp!(x, Points.scale(t, v)), Points.add(x, Points.scale(t, v))))
      },
      slopes
    ),
    law(
      "geodesics have constant speed",
      "‖d/ds exp(x, sv)‖ = ‖v‖",
      (c) => {
        const x = point(c)
        const v = tangent(c, x)
        const h = 0.02
        return [0.4, 0.8].map((s) => {
          const at = exp!(x, Points.scale(s, v))
          const ahead = Points.sub(exp!(x, Points.scale(s + h, v)), exp!(x, Points.scale(s - h, v)))
          const speed = M.norm(at, M.project(at, Points.scale(1 / (2 * h), ahead)))
          return relative(tf.abs(tf.sub(speed, c.size)), tf.scalar(c.size))
        }).reduce((a, b) => tf.maximum(a, b))
      },
      Tolerance.measured(2e-3, "central differences of step 0.02 on geodesics of length up to 2")
    )
  )
  when(
    exp !== undefined && log !== undefined && radius > 0,
    "logarithm",
    "the manifold gives none, or no injectivity radius",
    law(
      "logarithm inverts the exponential",
      "log(x, exp(x, v)) = v for ‖v‖ < injectivity radius",
      (c) => {
        const x = point(c)
        const v = tangent(c, x)
        return relative(gap(log!(x, exp!(x, v)), v), length(v))
      },
      // Near the cut locus the logarithm's condition grows like 1/(distance to it).
      Tolerance.rounding(entries, 10),
      radius
    )
  )
  when(
    dist !== undefined,
    "distance",
    "the manifold gives none",
    law("distance is symmetric", "d(x, y) = d(y, x)", (c) => {
      const [x, y] = [point(c), point(c, 1)]
      return relative(tf.abs(tf.sub(dist!(x, y), dist!(y, x))), dist!(x, y))
    }),
    law("distance to itself is zero", "d(x, x) = 0", (c) => dist!(point(c), point(c))),
    law("distance obeys the triangle inequality", "d(x, z) ≤ d(x, y) + d(y, z)", (c) => {
      const [x, y, z] = [point(c), point(c, 1), point(c, 2)]
      return tf.relu(tf.sub(dist!(x, z), tf.add(dist!(x, y), dist!(y, z))))
    }, Tolerance.rounding(entries, 10))
  )
  when(
    exp !== undefined && dist !== undefined && radius > 0,
    "distance along geodesics",
    "the manifold gives no exponential map, distance or injectivity radius",
    law(
      "distance is the length of the geodesic",
      "d(x, exp(x, v)) = ‖v‖ for ‖v‖ < injectivity radius",
      (c) => {
        const x = point(c)
        return relative(tf.abs(tf.sub(dist!(x, exp!(x, tangent(c, x))), c.size)), tf.scalar(c.size))
      },
      Tolerance.rounding(entries, 10),
      radius
    )
  )

  // Batches and resources
  laws.push(
    law("a batch is its items", "f(x)[i] = f(x[i])", (c) => {
      const x = point(c)
      const [u, v] = [ambient(c), tangent(c, x)]
      const y = M.retract(x, v)
      const item = (p: P, i: number) =>
        Points.map(p, (leaf) => tf.reshape(tf.slice(leaf, [i], [1]), leaf.shape.slice(1)))
      const points = (f: (x: P, u: P, v: P, y: P) => P) =>
        [0, 1].map((i) => gap(item(f(x, u, v, y), i), f(item(x, i), item(u, i), item(v, i), item(y, i))))
      const numbers = (f: (x: P, u: P, v: P, y: P) => tf.Tensor) =>
        [0, 1].map((i) =>
          tf.abs(tf.sub(
            tf.reshape(tf.slice(f(x, u, v, y), [i], [1]), []),
            f(item(x, i), item(u, i), item(v, i), item(y, i))
          ))
        )
      return tf.stack([
        ...points((x, u) => M.project(x, u)),
        ...points((x, u) => M.gradient(x, u)),
        ...points((x, _u, v) => M.retract(x, v)),
        ...points((x, u) => M.nearest(Points.add(x, Points.scale(0.1, u)))),
        ...points((x, _u, v, y) => M.transport(x, y, v)),
        ...numbers((x, u, v) => M.inner(x, u, v)),
        ...numbers((x, _u, v) => M.norm(x, v)),
        ...numbers((x) => M.residual(x))
      ])
    }, Tolerance.rounding(entries, 4)),
    law("operations keep nothing but their result", "tensors(f) ≤ leaves(f)", (c) => {
      const x = point(c)
      const v = tangent(c, x)
      const left = (f: () => Points.Points) => {
        const before = tf.memory().numTensors
        const leaves = new Set(Points.leaves(f())).size
        return Math.max(0, tf.memory().numTensors - before - leaves)
      }
      return Math.max(
        left(() => M.project(x, v)),
        left(() => M.gradient(x, v)),
        left(() => M.retract(x, v)),
        left(() => M.nearest(x)),
        left(() => M.transport(x, x, v)),
        left(() => M.inner(x, v, v)),
        left(() => M.norm(x, v)),
        left(() => M.residual(x)),
        left(() => M.random(c.seed)),
        left(() => M.randomTangent(c.seed, x))
      )
    }, Tolerance.exact)
  )

  // Norms
  const shapes = leafShapes(M.shape)
  const matrices = shapes.every((shape) => shape.length === 2 || shape.length === 3)
  when(
    matrices,
    "norms",
    "its points are not matrices or stacks of matrices, whose direct sum the intervals speak of",
    law(
      "norm intervals hold",
      "min ≤ ‖x‖ ≤ max",
      (c) => {
        const norms = directSumNorms(M, point(c))
        return tf.stack(kinds.map((kind) => outside(norms[kind], M.norms[kind])))
      },
      Tolerance.rounding(entries, Math.max(1, ...kinds.map((kind) => finite(M.norms[kind].max))))
    )
  )
  const bounded = kinds.every((kind) => Number.isFinite(M.norms[kind].max))
  when(
    matrices && shapes.length === 1 && shapes[0]!.length === 2 && bounded && (options.sharpNorms ?? true),
    "norm intervals are attained",
    "there is nothing to attain, or the point is not one matrix, or the intervals are not claimed to be sharp",
    law("norm intervals are attained", "some x has ‖x‖ = min, some ‖x‖ = max", (c) => {
      const [m = 1, n = 1] = shapes[0]!
      const witnesses = M.nearest(candidates(m, n) as P)
      // A singular candidate may have no nearest point: it is no witness then.
      const valid = tf.less(M.residual(witnesses), 1e-3)
      const norms = directSumNorms(M, witnesses)
      const sampled = directSumNorms(M, M.random(c.seed, [8]))
      return tf.stack(kinds.flatMap((kind) => {
        const some = tf.slice(sampled[kind], [0], [1])
        const values = tf.concat([tf.where(valid, norms[kind], tf.add(tf.zerosLike(norms[kind]), some)), sampled[kind]])
        const { max, min } = M.norms[kind]
        return [tf.abs(tf.sub(tf.min(values), min)), tf.abs(tf.sub(tf.max(values), max))]
      }))
    }, Tolerance.rounding(entries, 8))
  )

  // Curvature
  const sectional = (x: P, a: P, b: P) => sectionalCurvature(M, x, a, b)
  when(
    embedded && M.dimension >= 2 && (options.tightCurvature ?? false),
    "sectional curvature attains its interval",
    "the interval is not claimed to be tight",
    once(law(
      "sectional curvature attains its interval",
      "some plane has K = min, some K = max",
      (c) => {
        // Climbing by random trials from 64 planes: each round keeps the better of a plane and its perturbation.
        const x = M.random(c.seed, [64])
        const start = [M.randomTangent(c.seed + 1, x), M.randomTangent(c.seed + 2, x)] as const
        const climb = (sign: number) => {
          let [a, b] = start
          let best = tf.mul(sectional(x, a, b), sign)
          for (let round = 0; round < 60; round++) {
            const size = 0.6 * 0.95 ** round
            const unit = (p: P) => Points.scaleItems(tf.div(1, tf.maximum(length(p), 1e-6)), p)
            const trial = [
              Points.add(unit(a), Points.scale(size, M.randomTangent(Seed.split(c.seed, `a${round}`), x))),
              Points.add(unit(b), Points.scale(size, M.randomTangent(Seed.split(c.seed, `b${round}`), x)))
            ] as const
            const value = tf.mul(sectional(x, ...trial), sign)
            const better = tf.cast(tf.greater(value, best), "float32")
            const choose = (old: P, next: P) => Points.add(old, Points.scaleItems(better, Points.sub(next, old)))
            a = choose(unit(a), trial[0])
            b = choose(unit(b), trial[1])
            best = tf.maximum(best, value)
          }
          return tf.mul(tf.max(best), sign)
        }
        return tf.stack([
          tf.abs(tf.sub(climb(1), M.curvature.max)),
          tf.abs(tf.sub(climb(-1), M.curvature.min))
        ])
      },
      Tolerance.measured(0.05, "a random search of 64 planes and 60 rounds")
    ))
  )
  when(
    embedded && M.dimension >= 2,
    "sectional curvature stays in its interval",
    embedded
      ? "there is no plane in a tangent space of dimension below 2"
      : "the Gauss equation needs the embedded metric",
    law(
      "sectional curvature stays in its interval",
      "K(u, v) = ⟨II(u,u), II(v,v)⟩ − ‖II(u,v)‖² ∈ [min, max]",
      (c) => {
        const x = point(c)
        return outside(sectional(x, tangent(c, x), tangent(c, x, 1)), M.curvature)
      },
      Tolerance.measured(5e-3, "extrapolated central differences of the projection, steps 0.1 and 0.05")
    )
  )

  return { name: M.name, parents: [], laws, notApplicable }
}

const once = (law: Law): Law => ({ ...law, maxRuns: 1 })

const kinds = ["spectral", "frobenius", "rowSum", "columnSum"] as const

const finite = (value: number) => (Number.isFinite(value) ? value : 0)

const outside = (values: tf.Tensor, { max, min }: Interval.Interval): tf.Tensor => {
  const below = tf.relu(tf.sub(Number.isFinite(min) ? min : -3e38, values))
  const above = tf.relu(tf.sub(values, Number.isFinite(max) ? max : 3e38))
  return tf.maximum(below, above)
}

/** The norms of the direct sum of all matrices of a point; shape [batch]. */
const directSumNorms = <P extends Points.Points>(
  M: Manifold.Manifold<P>,
  x: P
): Record<(typeof kinds)[number], tf.Tensor> => {
  const shapes = leafShapes(M.shape)
  const leaves = Points.leaves(x).map((leaf, i) => shapes[i]!.length === 2 ? tf.expandDims(leaf, -3) : leaf)
  const over = (
    f: (x: tf.Tensor) => tf.Tensor,
    inside: (x: tf.Tensor) => tf.Tensor,
    between: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor
  ) => leaves.map((leaf) => inside(f(leaf))).reduce((a, b) => between(a, b))
  const total = (x: tf.Tensor) => tf.sum(x, -1)
  return {
    spectral: over(Norms.spectral, (x) => tf.max(x, -1), tf.maximum),
    frobenius: tf.sqrt(over((x) => tf.square(Norms.frobenius(x)), total, tf.add)),
    rowSum: over(Norms.rowSum, total, tf.add),
    columnSum: over(Norms.columnSum, total, tf.add)
  } satisfies Record<keyof NormIntervals, tf.Tensor>
}

/**
 * Matrices whose nearest points tend to have extreme norms: one entry, one row, one column, all ones, the identity, and real
 * harmonic frames, whose rows all have one length.
 */
const candidates = (m: number, n: number): tf.Tensor => {
  const fill = (f: (i: number, j: number) => number) =>
    tf.tensor2d(Array.from({ length: m * n }, (_, k) => f(Math.floor(k / n), k % n)), [m, n])
  const frame = (length: number, width: number, i: number, j: number) => {
    const column = width % 2 === 1 ? j - 1 : j
    if (column < 0) return Math.SQRT1_2
    const angle = (2 * Math.PI * (Math.floor(column / 2) + 1) * i) / length
    return column % 2 === 0 ? Math.cos(angle) : Math.sin(angle)
  }
  return tf.stack([
    fill((i, j) => (i === 0 && j === 0 ? 1 : 0)),
    fill((i) => (i === 0 ? 1 : 0)),
    fill((_, j) => (j === 0 ? 1 : 0)),
    fill(() => 1),
    fill((i, j) => (i === j ? 1 : 0)),
    fill((i, j) => (m >= n ? frame(m, n, i, j) : frame(n, m, j, i)))
  ])
}

import * as tf from "@tensorflow/tfjs-core"
import { expect, it } from "vitest"
import * as Catalogue from "../../src/choices/Catalogue.ts"
import * as Losses from "../../src/network/losses.ts"
import { onEachBackend } from "../backends.ts"

const { losses } = Losses

const scores = [[2, -1, 0.5], [0, 0.25, -2]]
const labels = [1, 0]

const mean = (values: ReadonlyArray<number>) => values.reduce((a, b) => a + b, 0) / values.length
const onehot = (label: number, i: number) => label === i ? 1 : 0
const smooth = (t: number, share: number, classes: number) => t * (1 - share) + share / classes
const logSigmoid = (z: number) => -Math.log1p(Math.exp(-z))

const softmax = (share: number) => (z: ReadonlyArray<number>, label: number) => {
  const total = Math.log(z.reduce((sum, x) => sum + Math.exp(x), 0))
  return z.reduce((sum, x, i) => sum - smooth(onehot(label, i), share, z.length) * (x - total), 0)
}

const each = (f: (z: number, t: number) => number) => (z: ReadonlyArray<number>, label: number) =>
  mean(z.map((x, i) => f(x, onehot(label, i))))

const sigmoid = (share: number) =>
  each((z, t) => -smooth(t, share, 2) * logSigmoid(z) - (1 - smooth(t, share, 2)) * logSigmoid(-z))

/** What each loss is of one image, written down again in double precision. */
const formulas: Readonly<Record<string, (share: number) => (z: ReadonlyArray<number>, label: number) => number>> = {
  "softmax-cross-entropy": softmax,
  "sigmoid-cross-entropy": sigmoid,
  "mean-squared-error": () => each((z, t) => (z - t) ** 2),
  "mean-absolute-error": () => each((z, t) => Math.abs(z - t)),
  hinge: () => each((z, t) => Math.max(0, 1 - z * (2 * t - 1)))
}

/** That of embeddings is of all images together. */
const ofOutputs = Catalogue.names(losses).filter((name) => losses[name].make({}).of !== "embeddings")

it("every loss of single images has its formula here", () => {
  expect(Object.keys(formulas)).toEqual(ofOutputs)
  expect(Catalogue.names(losses).length).toBe(ofOutputs.length + 1)
})

onEachBackend("losses", () => {
  it("the supervised contrastive loss, of an image alone in its class, too: value and slope", async () => {
    const [points, classes, temperature] = [[[3, 4], [1, 0], [0, -2], [1, 1]], [0, 0, 1, 0], 0.5]
    const cost = (z: ReadonlyArray<ReadonlyArray<number>>) => {
      const unit = z.map((row) => row.map((x) => x / Math.hypot(...row)))
      const cosine = (i: number, j: number) => unit[i]!.reduce((sum, x, k) => sum + x * unit[j]![k]!, 0)
      return mean(z.map((_, i) => {
        const others = [0, 1, 2, 3].filter((j) => j !== i)
        const sum = others.reduce((all, a) => all + Math.exp(cosine(i, a) / temperature), 0)
        const same = others.filter((j) => classes[j] === classes[i])
        return same.length === 0 ? 0 : mean(same.map((p) => Math.log(sum) - cosine(i, p) / temperature))
      }))
    }
    const loss = Losses.supervisedContrastive({ temperature })
    const at = tf.tensor2d(points)
    const { grad, value } = tf.valueAndGrad((z) => loss.value(z as tf.Tensor2D, tf.tensor1d(classes, "int32")))(at)
    expect((await value.data())[0]).toBeCloseTo(cost(points), 5)
    const moved = (by: number) => points.map((row, i) => i === 0 ? [row[0]! + by, row[1]!] : row)
    expect((await grad.data())[0]).toBeCloseTo((cost(moved(1e-5)) - cost(moved(-1e-5))) / 2e-5, 5)
  })

  it("targets stand in the place of labels, as numbers or as a class for every place", async () => {
    const at = tf.tensor2d(scores)
    const distance = Losses.meanSquaredError.value(at, tf.tensor2d([[1, 1, 1], [2, 2, 2]]) as never)
    const expected = mean(scores.flatMap((row, i) => row.map((z) => (z - 1 - i) ** 2)))
    expect((await distance.data())[0]).toBeCloseTo(expected, 5)
    const places = tf.reshape(at, [1, 2, 3]) as never
    const entropy = Losses.softmaxCrossEntropy()
    const [ofPlaces, ofImages] = [
      entropy.value(places, tf.tensor2d([labels], [1, 2], "int32") as never),
      entropy.value(at, tf.tensor1d(labels, "int32"))
    ]
    expect((await ofPlaces.data())[0]).toBeCloseTo((await ofImages.data())[0]!, 6)
  })

  for (const name of ofOutputs) {
    for (
      const labelSmoothing of "parameters" in losses[name] && losses[name].parameters !== undefined
        ? [0, 0.3]
        : [0]
    ) {
      it(`${name}, smoothed by ${labelSmoothing}: value and gradient`, async () => {
        const loss = Catalogue.make(losses, name, labelSmoothing === 0 ? {} : { labelSmoothing }, {})
        const formula = formulas[name]!(labelSmoothing)
        const cost = (z: ReadonlyArray<ReadonlyArray<number>>) => mean(z.map((row, i) => formula(row, labels[i]!)))
        const at = tf.tensor2d(scores)
        const { grad, value } = tf.valueAndGrad((z) => loss.value(z as tf.Tensor2D, tf.tensor1d(labels, "int32")))(at)
        // Of numbers near 1, a few roundings of float32; central differences are exact to 1e-10.
        expect((await value.data())[0]).toBeCloseTo(cost(scores), 5)
        const weights = [2, 0.25]
        const weighted = loss.value(at as tf.Tensor2D, tf.tensor1d(labels, "int32"), tf.tensor1d(weights))
        const products = scores.map((row, i) => weights[i]! * formula(row, labels[i]!))
        expect((await weighted.data())[0]).toBeCloseTo(mean(products), 5)
        const slope = await grad.data()
        for (const [i, row] of scores.entries()) {
          for (const [j] of row.entries()) {
            const moved = (by: number) => scores.map((r, k) => r.map((z, l) => k === i && l === j ? z + by : z))
            expect(slope[i * row.length + j]).toBeCloseTo((cost(moved(1e-5)) - cost(moved(-1e-5))) / 2e-5, 5)
          }
        }
      })
    }
  }
})

import * as tf from "@tensorflow/tfjs-core"
import { Tensors, TensorTree } from "finegrain"
import { expect, it } from "vitest"
import { use } from "../backends.ts"

const values = (tree: TensorTree.TensorTree) => TensorTree.leaves(tree).map((leaf) => leaf.dataSync()[0])

it("a region frees all but its result, wherever that has its tensors", async () => {
  await use("cpu")
  const before = tf.memory().numTensors
  const result = Tensors.region(() => {
    const x = tf.scalar(1)
    return { named: { deep: tf.add(x, 1) }, listed: [tf.add(x, 2), [tf.add(x, 3)]], none: {} }
  })
  expect(tf.memory().numTensors - before).toBe(3)
  expect(values(result)).toEqual([2, 3, 4])
  TensorTree.dispose(result)
})

it("what is fresh has one owner: tensors of others, and those that stand twice, are copied", async () => {
  await use("cpu")
  const [mine, theirs] = [tf.scalar(1), tf.scalar(2)]
  const alone = { a: mine, b: [] }
  expect(Tensors.fresh(alone, [theirs])).toBe(alone)
  const { a, b } = Tensors.fresh({ a: mine, b: [mine, theirs] as const }, [[theirs], { x: theirs }])
  expect(a).toBe(mine)
  expect(new Set([mine, theirs, ...b]).size).toBe(4)
  expect(values([a, b])).toEqual([1, 1, 2])
  TensorTree.dispose([a, b, theirs])
})

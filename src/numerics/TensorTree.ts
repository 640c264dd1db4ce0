/**
 * Trees of tensors: what an optimizer keeps, so that a checkpoint saves it without knowing what it is.
 */
import * as tf from "@tensorflow/tfjs-core"

/** A tensor, a list of trees, or trees by name; points of manifolds are such trees. */
export type TensorTree = tf.Tensor | ReadonlyArray<TensorTree> | { readonly [name: string]: TensorTree }

const isLeaf = (tree: TensorTree): tree is tf.Tensor => tree instanceof tf.Tensor

/** The parts of a tree, by name or number. */
const parts = (tree: Exclude<TensorTree, tf.Tensor>): ReadonlyArray<readonly [string, TensorTree]> =>
  Object.entries(tree as Readonly<Record<string, TensorTree>>)

/**
 * All tensors of a tree with their paths, from left to right; the path of a tensor by itself is empty.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { TensorTree } from "finegrain"
 * const entries = TensorTree.entries({ momentum: [tf.scalar(1), [tf.scalar(2)]] })
 * entries.map(([path]) => path) // => ["momentum/0", "momentum/1/0"]
 * ```
 */
export const entries = (tree: TensorTree, path = ""): ReadonlyArray<readonly [path: string, leaf: tf.Tensor]> =>
  isLeaf(tree)
    ? [[path, tree]]
    : parts(tree).flatMap(([name, part]) => entries(part, path === "" ? name : `${path}/${name}`))

/**
 * All tensors of a tree, from left to right.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { TensorTree } from "finegrain"
 * TensorTree.leaves({ sum: tf.scalar(1), mean: [tf.scalar(2)] }).length // => 2
 * ```
 */
export const leaves = (tree: TensorTree): ReadonlyArray<tf.Tensor> => {
  const found: Array<tf.Tensor> = []
  // Lists first: whether something is a tensor is a question that TensorFlow.js takes long to answer.
  const collect = (node: TensorTree): void => {
    if (Array.isArray(node)) { for (const part of node) collect(part) }
    else if (isLeaf(node)) found.push(node)
    else {
      const named = node as Readonly<Record<string, TensorTree>>
      for (const name of Object.keys(named)) collect(named[name]!)
    }
  }
  collect(tree)
  return found
}

/**
 * A tree of the same form whose leaves are those of `f`, which gets a leaf and its path.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { TensorTree } from "finegrain"
 * const paths: Array<string> = []
 * const twice = TensorTree.map({ a: tf.scalar(1), b: [tf.scalar(2)] }, (x, path) => (paths.push(path), tf.mul(x, 2)))
 * TensorTree.leaves(twice).map((x) => x.dataSync()[0]) // => [2, 4]
 * paths // => ["a", "b/0"]
 * ```
 */
export const map = <T extends TensorTree>(tree: T, f: (leaf: tf.Tensor, path: string) => tf.Tensor): T => {
  const go = (node: TensorTree, path: string): TensorTree => {
    const under = (name: string | number) => path === "" ? `${name}` : `${path}/${name}`
    if (isLeaf(node)) return f(node, path)
    return Array.isArray(node)
      ? node.map((part, i) => go(part as TensorTree, under(i)))
      : Object.fromEntries(parts(node).map(([name, part]) => [name, go(part, under(name))]))
  }
  return go(tree, "") as T
}

/**
 * Frees every tensor of a tree.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { TensorTree } from "finegrain"
 * const x = tf.ones([2])
 * TensorTree.dispose({ momentum: [x] })
 * x.isDisposed // => true
 * ```
 */
export const dispose = (tree: TensorTree): void => {
  for (const leaf of leaves(tree)) leaf.dispose()
}

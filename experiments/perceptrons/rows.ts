/** The kernels of the perceptron of the catalogue. */
export const kernels = ["hidden1", "hidden2", "logits"] as const

/** One manifold for each of the three matrices, seen whole. */
const whole = (...manifolds: ReadonlyArray<string>) => ({
  layers: Object.fromEntries(
    kernels.map((name, i) => [
      name,
      { collection: manifolds[i % manifolds.length]!, matricization: "whole" as const }
    ])
  )
})

/** Learning rates between two, to choose among. */
export const rate = (from: number, to: number) => ({ learningRate: { from, to } })

/** FG-SGD on one manifold for each matrix. */
export const fgSgd = (...manifolds: ReadonlyArray<string>) => ({
  settings: whole(...manifolds),
  search: rate(1e-2, 10)
})

/** Another optimizer on one manifold for each matrix, whose steps have a length of their own. */
export const stepping = (optimizer: string, ...manifolds: ReadonlyArray<string>) => ({
  settings: { optimizer, ...whole(...manifolds) },
  search: rate(1e-3, 1)
})

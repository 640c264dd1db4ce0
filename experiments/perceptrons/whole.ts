/** The kernels of the perceptron of the catalogue. */
export const kernels = ["hidden1", "hidden2", "logits"] as const

/** One manifold for each of the three matrices, seen whole. */
export const whole = (...manifolds: ReadonlyArray<string>) => ({
  layers: Object.fromEntries(
    kernels.map((name, i) => [
      name,
      { collection: manifolds[i % manifolds.length]!, matricization: "whole" as const }
    ])
  )
})

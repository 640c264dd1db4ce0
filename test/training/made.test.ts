import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { expect, it } from "vitest"
import { builtIn, type Catalogues } from "../../src/training/Catalogues.ts"
import * as made from "../../src/training/made.ts"
import * as TrainConfig from "../../src/training/TrainConfig.ts"
import { use } from "../backends.ts"

const failing = () => {
  throw new Error("no luck")
}

const entries = (make: () => unknown) => ({ mine: { about: "mine", make } })

const dataset = {
  name: "blank",
  classes: 2,
  height: 8,
  width: 8,
  channels: 1,
  checksum: "",
  train: { images: new Uint8Array(64), labels: Uint8Array.of(0), count: 1 },
  test: { images: new Uint8Array(64), labels: Uint8Array.of(0), count: 1 }
}

/** What is said where all entries that a user may add make something. */
const told = async (
  make: () => unknown,
  kind: "dataset" | "loss" | "model" | "optimizer" | "schedule" | "variation",
  more: object = {}
) => {
  const names = ["datasets", "losses", "models", "optimizers", "schedules", "variations"] as const
  const known = {
    ...builtIn,
    ...Object.fromEntries(names.map((name) => [name, { ...builtIn[name], ...entries(make) }]))
  } as unknown as Catalogues
  const settings = kind === "variation" ? { vary: ["mine"] } : { [kind]: "mine", ...more }
  const program = Effect.gen(function*() {
    const config = yield* TrainConfig.decode(settings, "test", known)
    switch (kind) {
      case "dataset":
        return yield* made.dataset(config, known)
      case "loss":
        return yield* made.loss(config, dataset, known)
      case "model":
        return yield* made.network(config, dataset, known)
      case "optimizer":
        return yield* made.transform(config, dataset, { name: "none", rate: () => 0 }, known)
      case "schedule":
        return yield* made.schedule(config, dataset, known)
      case "variation":
        return yield* made.variations(config, dataset, known)
    }
  })
  return Effect.runPromise(
    Effect.match(program, { onFailure: (error) => error.message, onSuccess: () => "made" }).pipe(
      Effect.provide(NodeServices.layer)
    )
  )
}

it("an entry that throws is told in a line", async () => {
  for (const kind of ["dataset", "loss", "model", "optimizer", "schedule", "variation"] as const) {
    expect(await told(failing, kind)).toMatch(new RegExp(`${kind}.*mine.*no luck`))
  }
})

it("an entry that makes something else is told in a line", async () => {
  expect(await told(() => 3, "dataset")).toMatch(
    /The dataset mine cannot be made: it gives no train, test and checksum/
  )
  expect(await told(() => 3, "loss")).toBe("The loss mine cannot be made: it is 3")
  expect(await told(() => ({}), "loss")).toBe("The loss mine cannot be made: it has no function \"value\"")
  expect(await told(() => 3, "schedule")).toMatch(
    /schedule "mine": mine makes no schedule: it needs a name and a function/
  )
  expect(await told(() => 3, "variation")).toBe("The variation mine cannot be made: it is no function")
  expect(await told(() => failing, "variation")).toBe("The variation mine cannot be made: no luck")
  expect(await told(() => () => ({ images: new Float32Array(1) }), "variation")).toBe(
    "The variation mine cannot be made: of two images it gives no batch of two images"
  )
  expect(await told(() => ({}), "model")).toBe("The model mine cannot be made: it is no LayersModel")
})

it("more batches at once than a run has would be no step at all", async () => {
  // One image in each of two epochs.
  expect(await told(() => [], "optimizer", { accumulate: 3 })).toBe(
    "The optimizer mine cannot be made: it takes the gradients of 3 batches together, and the run has 2: take fewer"
  )
  expect(await told(() => [], "optimizer", { accumulate: 2 })).toBe("made")
})

it("sees every convolution by the matricization that is asked for, and a layer by its own", async () => {
  await use("cpu")
  const layersOf = (settings: object) =>
    Effect.runPromise(
      Effect.flatMap(TrainConfig.decode(settings, "test"), (config) => made.network(config, dataset, builtIn))
    ).then(({ layers }) => layers)
  // Weight normalization: below normalizations, whose learnt γ are the lengths, every filter on a sphere of its own.
  const spheres = await layersOf({ model: "resnet-8", collection: "Sp", matricization: "perFilter", policy: "none" })
  expect(
    new Set(
      spheres.flatMap(({ kinds, shape: [a, b, c, d] }) =>
        kinds.map(({ indices, manifold }) => `${indices.length / d} ${manifold.shape.join("x")}` === `1 ${a * b * c}x1`)
      )
    )
  ).toEqual(new Set([true]))
  const own = { layers: { conv2: { matricization: "whole" } }, collection: "Spec", matricization: "perFilterMatrix" }
  expect((await layersOf(own)).map(({ matricization, name }) => [name, matricization.name])).toEqual([
    ["conv1", "perFilterMatrix"],
    ["conv2", "whole"],
    ["conv3", "perFilterMatrix"]
  ])
})

it("no weighting is none, whatever the loss: a default that is repeated", async () => {
  const weights = (settings: object) =>
    Effect.runPromise(
      Effect.flatMap(TrainConfig.decode(settings, "test"), (config) => made.classWeights(config, dataset, builtIn))
    )
  expect(await weights({ weighting: "none" })).toEqual({})
  expect(await weights({ weighting: "none", classWeights: { 1: 2 } })).toEqual({ classWeights: [1, 2] })
})

/** How far steps turn kernels: a number of every POM in some steps, and by manifold or layer at the end of an epoch. */
import * as Collection from "../../collections/Collection.ts"
import { quantile } from "../../numerics/quantile.ts"
import type { Turns } from "../trainer/turns.ts"
import type { AskedMeasure, AtEpoch } from "./AtEpoch.ts"
import type { PomMeasure } from "./StepMeasure.ts"

/** The angle of every POM. */
export const pomAngles = {
  about: "the angle by which a step turns the kernels of every POM, as one vector, in degrees",
  figure: "pom-angles",
  title: "Angle of a step of every POM",
  caption: "By how much a step turns the kernels of each product, as one vector",
  value: "angle, °",
  of: ({ told }) => told["angles"]
} as const satisfies PomMeasure

/** The numbers of an epoch; none where no step moved, as where gradients accumulate over more than an epoch. */
const ofTurns = ({ turned }: AtEpoch, of: (turned: Turns) => Readonly<Record<string, number>>) =>
  turned === undefined ? {} : of(turned)

/** Angles over the POMs of each manifold. */
export const angles = {
  about: "the angle by which a step turns a POM's kernels, degrees: median and quartiles over the POMs of a manifold",
  caption:
    "Kernels of a POM before and after a step, as two vectors; root mean square over some eight steps of the epoch.",
  title: "Angle of a step, by manifold",
  value: "angle, °",
  scale: "log",
  asksTurns: true,
  make: (at: AtEpoch) =>
    ofTurns(at, ({ poms }) => {
      const { layers, problem: { collection } } = at.network
      const own = new Set(
        layers.flatMap(({ kinds, leaf }) => kinds.flatMap((_, k) => [...collection.leaves?.[leaf + k]?.owners ?? []]))
      )
      const bySymbol = Map.groupBy([...own], (pom) => Collection.labelsOf(collection.poms[pom]!)[0]!)
      return Object.fromEntries([...bySymbol].flatMap(([symbol, group]) => {
        const sorted = group.map((pom) => poms[pom]!).toSorted((a, b) => a - b)
        return [
          [symbol, quantile(sorted, 0.5)],
          [`${symbol}, lower quartile`, quantile(sorted, 0.25)],
          [`${symbol}, upper quartile`, quantile(sorted, 0.75)]
        ] as const
      }))
    })
} as const satisfies AskedMeasure

/** Angles of whole kernels. */
export const layerAngles = {
  about: "the angle by which a step turns the kernel of every constrained layer, as one vector, degrees",
  caption:
    "Of layers on manifolds and of Euclidean ones alike; root mean square over some eight steps of the epoch. Below " +
    "a normalization, which undoes lengths, it is what a learning rate does.",
  title: "Angle of a step, by layer",
  value: "angle, °",
  scale: "log",
  asksTurns: true,
  make: (at: AtEpoch) =>
    ofTurns(at, ({ layers }) => Object.fromEntries(at.network.layers.map(({ name }, i) => [name, layers[i]!])))
} as const satisfies AskedMeasure

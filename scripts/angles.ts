/**
 * By how many degrees a step turned the POMs of every convolution, epoch by epoch, in the final runs of an experiment
 * that completed: angles.json, to commit beside its results. `node scripts/angles.ts DIRECTORY`
 */
import { directoryGiven, eventsOf, writeFound } from "./byRun.ts"
import { isConvolution } from "./findings/layers.ts"

const directory = directoryGiven("angles")

interface Step {
  readonly epoch: number
  readonly angles?: Readonly<Record<string, number>>
}

const rootMeanSquare = (values: ReadonlyArray<number>) =>
  Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length)

/** Of the steps that tell of every POM, the root mean square over those of a layer, by layer, epoch after epoch. */
const ofRun = (id: string) => {
  const steps = (eventsOf(directory, id) as ReadonlyArray<Step>).filter(({ angles }) => angles !== undefined)
  const layers = [...new Set(Object.keys(steps[0]?.angles ?? {}).map((pom) => pom.split("/")[0]!))]
  const epochs = [...Map.groupBy(steps, ({ epoch }) => epoch)]
  return Object.fromEntries(
    layers.filter(isConvolution).map((layer) => [
      layer,
      epochs.map(([epoch, own]) => {
        const ofLayer = own.flatMap(({ angles }) =>
          Object.entries(angles!).flatMap(([pom, angle]) => pom.startsWith(`${layer}/`) ? [angle] : [])
        )
        return [epoch, Number(rootMeanSquare(ofLayer).toPrecision(3))]
      })
    ])
  )
}

writeFound(directory, "angles.json", "finals", ofRun)

import { beforeAll, describe, expect, it } from "vitest"
import { use } from "../backends.ts"
import { runsWebgpu } from "../webgpu.ts"
import * as spheres from "./geometry-spheres.ts"
import * as linalg from "./linalg.ts"
import * as rims from "./rims.ts"
import { outcomeOf, type Row } from "./Row.ts"
import * as scales from "./scales.ts"

/**
 * Where no value can be read on the way, a polar factor is found of every matrix: of X + V of a V that is no tangent
 * vector, too.
 */
const differs = "a retraction by −X, which is no tangent vector, on a Grassmann manifold"
const all = [linalg, rims, scales, spheres].flatMap(({ rows }) => rows)

const answerOf = ({ says, value }: Row): unknown =>
  says === undefined
    ? { _tag: "Value", value }
    : { _tag: "Line", line: typeof says === "string" ? says : expect.stringMatching(says) as string }

/** What is computed wrong on one engine only is wrong: the rows about numbers once more, on a GPU. */
describe.skipIf(!runsWebgpu)("on webgpu", () => {
  beforeAll(() => use("webgpu"))

  it("leaves out one row, which is there", () => expect(all.filter(({ given }) => given === differs)).toHaveLength(1))

  it.each(all.filter(({ given }) => given !== differs))("$area: $given", async (row) => {
    expect(await outcomeOf(row, "")).toEqual(answerOf(row))
  })
})

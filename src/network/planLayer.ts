import * as Result from "effect/Result"
import * as Collection from "../collections/Collection.ts"
import type * as Grouping from "../collections/Grouping.ts"
import {
  type KernelShape,
  type Matricization,
  matricizations,
  perFilter,
  perFilterMatrix,
  perInput,
  perKernel,
  whole
} from "../collections/matricized.ts"
import * as Specification from "../collections/Specification.ts"
import * as Manifold from "../geometry/Manifold.ts"
import type * as Seed from "../numerics/Seed.ts"
import type { Kind } from "./constrained.ts"
import { PlanError } from "./PlanError.ts"

const byPreference = [perKernel, whole, perFilter, perInput, perFilterMatrix]

const members = (
  matricization: Matricization,
  shape: KernelShape,
  specification: Specification.Specification
): Result.Result<ReadonlyArray<Manifold.Manifold>, Manifold.ShapeRefused | Manifold.FamilyFailed> =>
  Result.all(specification.map((family) => Manifold.member(family, matricization.matrix(shape))))

const works = (shape: KernelShape, specification: Specification.Specification) => (matricization: Matricization) =>
  Result.isSuccess(members(matricization, shape, specification))

/** The name of the POM that a group of a layer becomes. */
export const groupName = (layer: string, group: number): string => `${layer}/${group}`

/**
 * A layer's kernel as matrices on manifolds, grouped into POMs: pure, from shapes and a seed; of several kernels of one
 * shape side by side, all together.
 *
 * Fails with a PlanError that names the matricizations that would work, as for 1×1 kernels seen per kernel.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Combinators, Grouping, Network, Specification } from "finegrain"
 * const specification = Result.getOrThrow(Specification.parse("Sp+St"))
 * const options = { specification, strategy: Grouping.PIO() }
 * const example1 = Result.getOrThrow(Network.planLayer("conv", [3, 3, 4, 6], options, 1))
 * example1.poms.map(({ factors }) => factors) // => [3, 3, 2, 2, 2, 3, 3, 2, 2, 2]
 * const perKernel = { ...options, matricization: Combinators.perKernel }
 * const refused = Network.planLayer("conv", [1, 1, 4, 6], perKernel, 1)
 * Result.getOrThrow(Result.flip(refused)).workable // => ["perFilter", "perFilterMatrix", "perInput", "whole"]
 * ```
 */
export const planLayer = (
  name: string,
  shape: KernelShape,
  options: {
    readonly specification: Specification.Specification
    readonly strategy: Grouping.Strategy
    readonly matricization?: Matricization
    /** How many kernels of this shape there are: groups of channels, or gates. Default 1. */
    readonly blocks?: number
  },
  seed: Seed.Seed
): Result.Result<
  Omit<Collection.StackCollection, "kinds"> & {
    readonly matricization: Matricization
    readonly kinds: ReadonlyArray<Kind>
    readonly groups: ReadonlyArray<Grouping.Group>
    readonly poms: ReadonlyArray<Collection.Pom>
  },
  PlanError
> => {
  const { specification, strategy } = options
  const workable = matricizations.filter(works(shape, specification)).map(({ name }) => name)
  const matricization = options.matricization ?? byPreference.find(works(shape, specification)) ?? perKernel
  return Result.match(members(matricization, shape, specification), {
    onFailure: (refused) =>
      Result.fail(
        new PlanError({
          layer: name,
          reason: `its [${shape.join(", ")}] kernel cannot be seen ${matricization.name} on ${
            Specification.format(specification)
          }: ${refused.manifold} refuses [${refused.shape.join(", ")}], because ${refused.reason}`,
          workable
        })
      ),
    onSuccess: (manifolds) => {
      const [inputs, outputs] = matricization.grid(shape)
      const groups = strategy.groups(inputs, outputs, manifolds.length, seed, options.blocks)
      const stack = Collection.stack(groups.map(({ indices, manifold }, i) => ({
        name: groupName(name, i),
        indices,
        manifold: manifolds[manifold]!
      })))
      const kinds = stack.kinds.map((kind) => ({
        ...kind,
        symbol: specification[manifolds.indexOf(kind.manifold)]!.symbol
      }))
      return Result.succeed({ ...stack, kinds, matricization, groups, poms: stack.collection.poms })
    }
  })
}

/** What an earlier process left of a run. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as RunFiles from "../RunFiles.ts"
import { type RunIdentity, sameEnvironment, sameRun } from "../sameRun.ts"
import { examine, type Examined } from "./examine.ts"
import * as ownFiles from "./ownFiles.ts"

/**
 * The summary of a run that is completed. One whose numbers are none diverged in its last step, and earlier versions
 * did not see it.
 */
const completed = Effect.fnUntraced(function*(output: string) {
  const remedy = "Restore it, or delete it to go on from the last checkpoint."
  const summary = yield* ownFiles.readOwn(output, "summary.json", RunFiles.decodeSummary, remedy)
  return Option.filter(summary, ({ status, testLoss }) => status === "completed" && Number.isFinite(testLoss))
})

/**
 * What is there of a run in a directory: the summary of one that is completed, on whatever engine, or one to go on
 * with. Fails where it is another run than this one, or is not completed and was on another engine.
 */
export const earlierRun = Effect.fnUntraced(function*<E>(
  output: string,
  identity: RunIdentity,
  settingsOf: (manifest: RunFiles.Manifest) => Effect.Effect<object, E>
) {
  const nothing = { done: Option.none<RunFiles.Summary>(), earlier: Option.none<Examined>() }
  const manifest = yield* ownFiles.readOwn(output, "manifest.json", RunFiles.decodeManifest)
  if (Option.isNone(manifest)) return nothing
  yield* sameRun(yield* settingsOf(manifest.value), manifest.value, identity)
  const done = yield* completed(output)
  if (Option.isSome(done)) return { ...nothing, done }
  yield* sameEnvironment(manifest.value, identity)
  const earlier = yield* examine(output)
  // Another process may have completed it in the meantime.
  return { done: yield* completed(output), earlier: Option.some(earlier) }
})

/** Where a run stood: after so many steps, and so many images of each epoch. */
export const stood = ({ checkpoint }: Examined, images: number) =>
  Option.match(checkpoint, {
    onNone: () => ({ step: 0, images: 0 }),
    onSome: ({ position: { epoch, from, step } }) => ({ step, images: (epoch - 1) * images + from })
  })

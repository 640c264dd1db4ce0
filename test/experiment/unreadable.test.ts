import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as PlatformError from "effect/PlatformError"
import { expect, it } from "vitest"
import { entries, hasTrials } from "../../src/experiment/directory/files.ts"

const failing = (tag: "NotFound" | "PermissionDenied") => {
  const refuse = () =>
    Effect.fail(PlatformError.systemError({ _tag: tag, module: "FileSystem", method: "readDirectory" }))
  return Effect.map(
    FileSystem.FileSystem,
    (real) => FileSystem.FileSystem.of({ ...real, readDirectory: refuse, exists: refuse })
  )
}

const run = <A, E>(effect: Effect.Effect<A, E, NodeServices.NodeServices>, tag: "NotFound" | "PermissionDenied") =>
  Effect.runPromise(
    effect.pipe(Effect.provideServiceEffect(FileSystem.FileSystem, failing(tag)), Effect.provide(NodeServices.layer))
  )

it("a directory that is not there has no names; one that cannot be read is not taken for such", async () => {
  expect(await run(entries("runs/none"), "NotFound")).toEqual([])
  for (const read of [Effect.asVoid(entries("runs/a/trials/Euc")), Effect.asVoid(hasTrials("runs/a"))]) {
    expect(await run(Effect.flip(read), "PermissionDenied")).toMatchObject({
      _tag: "RunDirectoryError",
      remedy: expect.stringContaining("readable") as string
    })
  }
})

import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it, onTestFinished } from "vitest"
import * as database from "../../src/experiment/queue/database.ts"
import { runsPostgres, startPostgres } from "../postgres.ts"

describe.skipIf(!runsPostgres)("whoever uses the database", { timeout: 60_000 }, () => {
  it("speaks TLS, with a certificate that is checked, unless the URL says otherwise", async () => {
    const server = await startPostgres()
    onTestFinished(server.end)
    const reach = (url: URL) => {
      process.env["FINEGRAIN_TEST_URL"] = url.href
      return Effect.runPromise(
        database.address("env:FINEGRAIN_TEST_URL").pipe(
          Effect.flatMap((address) => Effect.scoped(Layer.build(database.layer(address)))),
          Effect.match({ onFailure: ({ message }) => message, onSuccess: () => "reached" })
        )
      )
    }
    const variant = (said: Readonly<Record<string, string>>, host = "localhost") => {
      const url = new URL(server.url)
      url.host = `${host}:${url.port}`
      url.search = new URLSearchParams(said).toString()
      return url
    }
    expect(await reach(variant({ sslmode: "disable" }))).toBe("reached")
    expect(await reach(variant({}))).toContain("does not speak TLS")
    const sslrootcert = server.speakTls()
    expect(await reach(variant({ sslmode: "verify-full", sslrootcert }))).toBe("reached")
    expect(await reach(variant({ sslrootcert }))).toBe("reached")
    expect(await reach(variant({}))).toContain("is not to be trusted")
    expect(await reach(variant({ sslmode: "require" }))).toContain("is not to be trusted")
    expect(await reach(variant({ sslrootcert }, "127.0.0.1"))).toContain("(ERR_TLS_CERT_ALTNAME_INVALID)")
    for (const sslmode of ["prefer", "allow", "no-verify"]) {
      expect(await reach(variant({ sslmode }))).toContain(`sslmode=${sslmode} is not known`)
    }
    expect(await reach(variant({ sslmode: "disable", sslrootcert }))).toContain("of no use")
    expect(await reach(variant({ sslrootcert: "/nowhere" }))).toContain("/nowhere cannot be read")
    expect(await reach(variant({ ssl: "0" }))).toContain("parameter ssl is not known")
  })
  it("is refused a password on the command line, however it is written, which is not repeated", async () => {
    for (const url of ["postgresql://me:hushhush@127.0.0.1/none", "postgresql://me@127.0.0.1/none?password=hushhush"]) {
      const said = await Effect.runPromise(Effect.flip(database.address(url)))
      expect(said.message).toContain("a password on the command line")
      expect(said.message).not.toContain("hushhush")
    }
  })
})

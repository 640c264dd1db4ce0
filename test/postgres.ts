import { execFileSync } from "node:child_process"
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir, userInfo } from "node:os"
import { join } from "node:path"
import { freePort } from "./freePort.ts"

/** FINEGRAIN_REQUIRE_POSTGRES=1 runs the tests on PostgreSQL, which CI installs; they fail where it is missing. */
export const runsPostgres = process.env["FINEGRAIN_REQUIRE_POSTGRES"] === "1"

/** It lets everybody in; the word is there to be found where it should not be. */
export const password = "hushhush"

export const binaries = () => {
  const versions = "/usr/lib/postgresql"
  return join(versions, readdirSync(versions).toSorted((a, b) => Number(b) - Number(a))[0]!, "bin")
}

/** A PostgreSQL of the test's own, in a directory of its own. */
export const startPostgres = async () => {
  const directory = mkdtempSync(join(tmpdir(), "finegrain-postgres-"))
  const port = await freePort()
  // It refuses to run as root.
  const isRoot = userInfo().uid === 0
  const run = (name: string, ...args: ReadonlyArray<string>) => {
    const command = [join(binaries(), name), ...args]
    const [first, ...rest] = isRoot ? ["runuser", "-u", "postgres", "--", ...command] : command
    return execFileSync(first!, rest, { stdio: ["ignore", "pipe", "pipe"], cwd: directory, encoding: "utf8" })
  }
  if (isRoot) execFileSync("chown", ["postgres", directory])
  chmodSync(directory, 0o700)
  const data = join(directory, "data")
  run("initdb", "--pgdata", data, "--username", "finegrain", "--auth", "trust")
  const settings = `-c listen_addresses=127.0.0.1 -c port=${port} -c unix_socket_directories=${directory}`
  const start = () =>
    void run("pg_ctl", "--pgdata", data, "--wait", "--log", join(directory, "log"), "-o", settings, "start")
  const stop = () => void run("pg_ctl", "--pgdata", data, "--wait", "--mode", "immediate", "stop")
  start()
  const query = (...statements: ReadonlyArray<string>) =>
    run(
      "psql",
      `--dbname=postgresql://finegrain@127.0.0.1:${port}/postgres`,
      "--no-align",
      "--tuples-only",
      "--quiet",
      ...statements.flatMap((statement) => ["--command", statement])
    ).trim()
  /** From now on it speaks TLS, for the host localhost; gives the certificate of the authority. */
  const speakTls = () => {
    const openssl = (args: string) =>
      execFileSync("openssl", args.split(" "), { cwd: directory, stdio: ["ignore", "ignore", "pipe"] })
    const request = "req -x509 -newkey rsa:2048 -nodes -days 2"
    openssl(`${request} -subj /CN=tests -keyout root.key -out root.crt`)
    openssl(
      `${request} -subj /CN=localhost -addext subjectAltName=DNS:localhost -CA root.crt -CAkey root.key ` +
        "-keyout server.key -out server.crt"
    )
    chmodSync(join(directory, "server.key"), 0o600)
    if (isRoot) execFileSync("chown", ["postgres", join(directory, "server.key")])
    query(
      `ALTER SYSTEM SET ssl_cert_file = '${directory}/server.crt'`,
      `ALTER SYSTEM SET ssl_key_file = '${directory}/server.key'`,
      "ALTER SYSTEM SET ssl = on",
      "SELECT pg_reload_conf()"
    )
    return join(directory, "root.crt")
  }
  return {
    query,
    speakTls,
    url: `postgresql://finegrain:${password}@127.0.0.1:${port}/postgres?sslmode=disable`,
    /** Its socket, for who is on this machine but not on its network. */
    socket: join(directory, `.s.PGSQL.${port}`),
    /** Of the process that all others of it come from. */
    pid: () => Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]),
    start,
    /** At once, as a machine does that loses its power. */
    stop,
    end: () => {
      stop()
      rmSync(directory, { recursive: true, force: true })
    }
  }
}

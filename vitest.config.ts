import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { generate } from "./scripts/examples.ts"

// Here and not in a globalSetup: vitest looks for test files before it runs that, so a fresh clone would find no
// examples.
generate()

// Half of what a process takes to start, of which the tests of the command line start a hundred.
process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(new URL("node_modules/.cache/compiled", import.meta.url))

/** Starting TensorFlow.js, Effect and Vega takes a second: files share it, one process for each worker and project. */
const sharing = { isolate: false }

/** What `npm run test:long` runs, and `npm test` not, or in part: test/long/, and what asks for it. */
const long = readdirSync("test", { recursive: true }).map((name) => join("test", String(name)))
  .filter((name) => name.endsWith(".test.ts") && /\/long\.ts"|\blongWebgpu\b/.test(readFileSync(name, "utf8")))

export default defineConfig({
  resolve: { conditions: ["finegrain:source"] },
  ssr: { resolve: { conditions: ["finegrain:source"] } },
  test: {
    setupFiles: ["test/setup.ts"],
    // For tests that never end: no machine is so slow, or so busy.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
    // A file is tagged by a comment, `@module-tag threads`.
    tags: [{ name: "threads", description: "what threads of the wasm engine compute: CI runs it with two as well" }],
    // In the order of their names, so that what takes longest begins first.
    projects: [
      // It measures the memory of its process, in which nothing else may be.
      { extends: true, test: { name: "alone", include: ["test/data/ImageFolder.test.ts"] } },
      // Engines change their process: variables, kernels, threads, devices.
      { extends: true, test: { name: "engine", include: ["test/engine/**/*.test.ts"] } },
      { extends: true, test: { name: "laws", include: ["test/laws/**/*.test.ts"], ...sharing } },
      {
        extends: true,
        test: {
          name: "rooms",
          include: ["test/**/*.test.ts", "test/.examples/*.test.ts"],
          exclude: ["test/{engine,laws,long}/**", "test/data/ImageFolder.test.ts"],
          ...sharing
        }
      },
      {
        extends: true,
        test: {
          name: "long",
          include: ["test/long/**/*.test.ts", ...long],
          env: { FINEGRAIN_LONG: "1" }
        }
      }
    ]
  }
})

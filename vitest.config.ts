import { defineConfig } from "vitest/config"
import { generate } from "./scripts/examples.ts"

// Here and not in a globalSetup: vitest looks for test files before it runs that, so a fresh clone would find no examples.
generate()

export default defineConfig({
  resolve: { conditions: ["finegrain:source"] },
  ssr: { resolve: { conditions: ["finegrain:source"] } },
  test: {
    include: ["test/**/*.test.ts", "test/.examples/*.test.ts"],
    setupFiles: ["test/setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2
  }
})

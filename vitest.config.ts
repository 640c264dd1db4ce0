import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: { conditions: ["finegrain:source"] },
  ssr: { resolve: { conditions: ["finegrain:source"] } },
  test: {
    include: ["test/**/*.test.ts", "test/.examples/*.test.ts"],
    setupFiles: ["test/setup.ts"],
    globalSetup: ["test/examples.setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2
  }
})

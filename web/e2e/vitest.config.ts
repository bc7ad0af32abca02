import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['e2e/**/*.test.ts'],
    // One browser at a time: what is measured must not be disturbed.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 15_000, interval: 100 } },
    disableConsoleIntercept: true,
    reporters: ['verbose'],
  },
})

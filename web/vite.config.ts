import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { packages } from './packages.ts'

const bundled = packages()

export default defineConfig({
  plugins: [react(), bundled.pages()],
  worker: { plugins: () => [bundled.workers()] },
  // Every address in the pages is relative: the server puts the base path into
  // <base href>, and scripts find each other by their own address.
  base: './',
  build: {
    outDir: 'dist',
    target: 'es2022',
    // Nothing is inlined as a data: URL, so that the Content-Security-Policy need
    // not allow any.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: ['index.html', 'graphiql.html'],
      checks: { moduleLevelDirective: false }, // "use no memo" is for a compiler that is not used
    },
    // The editor of the playground. The dashboard has a budget, which is tested.
    chunkSizeWarningLimit: 2000,
  },
  // Its imports of workers are for Vite itself.
  optimizeDeps: { exclude: ['graphiql/setup-workers/vite', '@graphiql/react/setup-workers/vite'] },
  server: {
    proxy: { '^/graphql(\\?|$)': { target: 'http://127.0.0.1:8080', ws: true } },
  },
  test: {
    include: ['src/**/*.test.{ts,tsx}'],
    testTimeout: 30_000, // some lay out 100,000 components, on a machine that may be busy
  },
})

// The black-box suite: `npm run test:mqtt`. It needs a built broker, unlike everything else under `npx vitest`.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../../node_modules/.vite',
  test: {
    include: ['**/*.scenario.ts'],
    globalSetup: ['./broker/shared.ts'],
    maxConcurrency: 24,
    // Each file would load everything anew; they share nothing but names that count up.
    isolate: false,
    maxWorkers: 2,
    testTimeout: 20_000,
  },
})

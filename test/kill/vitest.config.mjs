// The kills alone: `npm run test:kill`. The broker is built first, if a source is newer.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: import.meta.dirname,
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: ['**/*.scenario.ts'],
    globalSetup: ['../built-broker.ts'],
    fileParallelism: false,
    disableConsoleIntercept: true,
  },
})

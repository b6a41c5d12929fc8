import { defineConfig } from 'vitest/config'

// Tests run on the sources, never on dist/: `ssr.resolve.conditions` is what makes `#libs/…` mean the TypeScript files here.
// Nest needs the old decorators with their metadata.
export default defineConfig({
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    environment: 'node',
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 30_000,
    coverage: {
      provider: 'v8',
      include: ['libs/*/src/**/*.ts', 'apps/*/src/**/*.ts'],
      exclude: ['**/*.spec.ts', '**/*.contract.ts'],
      reporter: ['text-summary', 'html'],
    },
    projects: [
      {
        extends: true,
        test: { name: 'code', include: ['libs/**/*.spec.ts', 'apps/**/*.spec.ts'] },
      },
      {
        // These start the program that was built; it is brought up to date first.
        extends: true,
        test: {
          name: 'whole',
          include: ['test/**/*.spec.ts', 'test/**/*.scenario.ts'],
          globalSetup: ['test/built-broker.ts'],
        },
      },
    ],
  },
})

import { defineConfig } from 'vitest/config'

// Tests run on the sources, never on dist/: `ssr.resolve.conditions` is what makes `#libs/…` mean the TypeScript files here.
// Nest needs the old decorators with their metadata.

/** The black-box suite, on a broker of its own with so many partitions. */
const suite = (partitions: number) => ({
  extends: true as const,
  test: {
    name: `mqtt, ${String(partitions)} partition${partitions === 1 ? '' : 's'}`,
    include: ['test/mqtt/**/*.scenario.ts'],
    globalSetup: ['test/mqtt/broker/shared.ts'],
    env: { TBMQ_TEST_PARTITIONS: String(partitions) },
    maxConcurrency: 24,
    // Each file would load everything anew; they share nothing but names that count up.
    isolate: false,
    maxWorkers: 2,
    // Projects with workers of their own number run one after the other.
    sequence: { groupOrder: partitions },
  },
})

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
        test: {
          name: 'code',
          include: ['libs/**/*.spec.ts', 'apps/**/*.spec.ts', 'test/simulation/**/*.spec.ts'],
        },
      },
      {
        // These start the program that was built; it is brought up to date first.
        extends: true,
        test: {
          name: 'whole',
          include: ['test/**/*.spec.ts', 'test/**/*.scenario.ts'],
          exclude: ['test/mqtt/**/*.scenario.ts', 'test/simulation/**'],
          globalSetup: ['test/built-broker.ts'],
        },
      },
      suite(1),
      suite(4),
    ],
  },
})

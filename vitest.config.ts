import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/seeded.ts'],
    testTimeout: 30_000,
    // A start of threads takes longer than what most tests index; those of threads start their own.
    env: { AKIN_THREADS: '1' },
    coverage: {
      provider: 'v8',
      include: ['layers/**/*.ts', 'infra/**/*.ts'],
      // They run in processes of their own, where nobody counts lines: the stack's app under the CDK's
      // command. Journeys drive them.
      exclude: [
        'infra/app.ts',
        'infra/akin-stack.ts',
        'infra/stack-settings.ts',
        'infra/constructs/**',
        'infra/local/start.ts',
        'infra/local/lambda/runtime-client.ts',
        'infra/kernels/build.ts',
        'infra/cli/index-thread.ts',
        'layers/native/build.ts',
      ],
      reporter: ['text-summary', 'json-summary'],
      thresholds: {
        lines: 85,
        'layers/domain/**': { lines: 95 },
        'layers/application/**': { lines: 95 },
      },
    },
  },
});

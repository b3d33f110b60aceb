import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/seeded.ts'],
    testTimeout: 30_000,
    coverage: {
      provider: 'v8',
      include: ['layers/**/*.ts', 'infra/**/*.ts'],
      reporter: ['text-summary', 'json-summary'],
      thresholds: {
        lines: 85,
        'layers/domain/**': { lines: 95 },
        'layers/application/**': { lines: 95 },
      },
    },
  },
});

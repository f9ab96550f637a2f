import { defineConfig } from 'vitest/config';

export default defineConfig({
  oxc: { target: 'node20' },
  resolve: { conditions: ['@nbs-ssh/source', 'node', 'import', 'module', 'default'] },
  ssr: { resolve: { conditions: ['@nbs-ssh/source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'conformance/test/**/*.test.ts', 'scripts/test/**/*.test.ts'],
    globalSetup: ['packages/testing/src/vitest-global.ts'],
    setupFiles: ['packages/testing/src/vitest-setup.ts'],
    // For what hangs, not for what is slow: the longest test takes 15 s on two idle processors.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
  },
});

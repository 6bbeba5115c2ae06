import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real Fabric networks: `npm run test:fabric`.
    exclude: ['test/fabric/**', '**/node_modules/**'],
    // The built contract and record format are CommonJS: Node loads them, as it does in production.
    server: { deps: { external: [/chaincode\/dist\//] } },
    // Ends with a list of the suites that were left out, and why.
    reporters: ['default', './test/support/report-left-out.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Suites start servers and engines of their own; a file at a time keeps two cores honest.
    fileParallelism: false,
  },
});

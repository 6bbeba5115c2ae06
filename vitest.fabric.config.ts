import { defineConfig } from 'vitest/config';
import { lackingPrograms } from './network/fabric/programs.js';
import common from './vitest.config.js';

/** The suites that hold on every ledger, unchanged. */
const SUITES = [
  'test/e2e/anchors.test.ts',
  'test/e2e/commands.test.ts',
  'test/e2e/disputes.test.ts',
  'test/e2e/lying-actor.test.ts',
  'test/corpus/corpus.test.ts',
];
const hasFabric = lackingPrograms(process.env, process.cwd()).length === 0;

const onLedger = (kind: string, suites: string[]) => ({
  extends: true as const,
  test: { name: kind, include: suites, env: { E2L_TEST_LEDGER: kind } },
});

const { include: _, exclude: __, ...shared } = common.test ?? {};

export default defineConfig({
  test: {
    ...shared,
    projects: [
      { extends: true, test: { name: 'fabric', include: ['test/fabric/**/*.test.ts'] } },
      ...(hasFabric ? [onLedger('raft', [...SUITES, 'test/docker/paper.test.ts']), onLedger('bft', SUITES)] : []),
    ],
  },
});

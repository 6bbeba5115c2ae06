import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Finding } from '../../reconciler/judgement.js';
import { event2ledger, type Finished } from '../support/command.js';
import { describeWithDocker, TEST_IMAGE } from '../support/docker-engine.js';

describeWithDocker('the demo on a real engine', (engine) => {
  const dir = mkdtempSync(join(tmpdir(), 'e2l-demo-'));
  let bystander: string;
  let finished: Finished;

  beforeAll(async () => {
    // The demo looks for images by name; the test engine's holds what busybox holds.
    await engine.cli('tag', TEST_IMAGE, 'busybox');
    bystander = (await engine.cli('run', '-d', '--network', 'none', TEST_IMAGE, 'sleep', '3600')).trim();
    finished = await event2ledger(['demo', '--docker', engine.host, '--out', dir, '--json']);
  });
  afterAll(async () => {
    rmSync(dir, { recursive: true, force: true });
    await engine.cli('rm', '-f', bystander);
    await engine.cli('rmi', 'busybox');
  });

  it('finds the three lies and nothing else', () => {
    expect(finished.code, finished.stderr).toBe(0);
    const { asPlanned, findings } = JSON.parse(finished.stdout) as { asPlanned: boolean; findings: Finding[] };
    expect(asPlanned).toBe(true);
    expect(findings.map((finding) => [finding.class, finding.dissent.join()]).sort()).toEqual([
      ['differs', 'ProviderMSP'],
      ['missing', 'ProviderMSP'],
      ['uncorroborated', 'ProviderMSP'],
    ]);
    expect(findings.some(({ object }) => object === bystander)).toBe(false);
  });

  it('leaves none of its containers behind and the others alone', async () => {
    expect(await engine.cli('ps', '-a', '-q', '--filter', 'label=event2ledger.demo')).toBe('');
    expect((await engine.cli('inspect', '-f', '{{.State.Running}}', bystander)).trim()).toBe('true');
  });
});

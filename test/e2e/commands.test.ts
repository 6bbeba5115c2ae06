import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PoliciesAnswer } from '#chaincode';
import { connect } from '../../network/connection.js';
import { loadProfile } from '../../network/profile.js';
import { event2ledger } from '../support/command.js';
import { type Consortium, startConsortium } from '../support/consortium.js';
import { containerLife, traceText } from '../support/trace-lines.js';

const DAY = '2026-11-20';

describe('a ledger that runs', () => {
  let consortium: Consortium;
  const traceFile = () => join(consortium.dir, 'trace.ndjson');
  const query = (...args: string[]) => event2ledger(['query', ...args, '--profile', consortium.profile('UserMSP')]);

  beforeAll(async () => {
    consortium = await startConsortium();
    writeFileSync(traceFile(), traceText(containerLife(DAY, 'web-1', 3600, 60)));
  });
  afterAll(() => consortium?.close());

  it('has a policy of its three actors in force', async () => {
    const { code, stdout } = await query('policy', '--json');
    expect(code).toBe(0);
    const { inForce } = JSON.parse(stdout) as PoliciesAnswer;
    expect(inForce.map(({ policy }) => [...policy.actors].sort())).toEqual([
      ['DeveloperMSP', 'ProviderMSP', 'UserMSP'],
    ]);
  });

  it("refuses another consortium's identity and stores nothing", { timeout: 120_000 }, async () => {
    const other = await startConsortium();
    const forged = join(consortium.dir, 'forged');
    mkdirSync(forged);
    try {
      const ours = loadProfile(consortium.profile('UserMSP'));
      const theirs = loadProfile(other.profile('UserMSP'));
      for (const [name, text] of Object.entries({
        'ca.pem': ours.tlsCa,
        'cert.pem': theirs.certificate,
        'key.pem': theirs.key,
      })) {
        writeFileSync(join(forged, name), text);
      }
      chmodSync(join(forged, 'key.pem'), 0o600);
      const { mspId, name, endpoint, channel, chaincode } = ours;
      const files = { tlsCaCert: 'ca.pem', certificate: 'cert.pem', privateKey: 'key.pem' };
      const profile = { mspId, name, endpoint, channel, chaincode, ...files };
      writeFileSync(join(forged, 'profile.json'), JSON.stringify(profile));
      const source = ['--source', `file:${traceFile()}`, '--once'];
      const refused = await event2ledger(['collect', '--profile', join(forged, 'profile.json'), ...source]);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toMatch(/UserMSP/);
      expect((await query('collectors', '--json')).stdout).toBe('[]\n');
    } finally {
      await other.close();
    }
  });

  it('refuses what no honest collector sends, and stores nothing', async () => {
    const ledger = connect(loadProfile(consortium.profile('UserMSP')));
    const batch = {
      v: 1,
      policy: 1,
      run: 'r',
      n: 1,
      from: 1,
      prev: '0'.repeat(64),
      sentAt: '1',
      watches: [],
      gaps: [],
    };
    const attest = (more: object) => ledger.submit('Attest', JSON.stringify({ ...batch, ...more }));
    try {
      const height = await ledger.height();
      await expect(attest({ collector: 'collector-2', entries: [] })).rejects.toMatchObject({ code: 'REFUSED' });
      await expect(attest({ collector: 'collector-1', entries: [{ b: '{"v":1}' }] })).rejects.toThrow(/Entry 0/);
      const many = Array.from({ length: 1001 }, () => ({ b: '' }));
      await expect(attest({ collector: 'collector-1', entries: many })).rejects.toThrow(/at most 1000/);
      await expect(ledger.submit('Forget', 'everything')).rejects.toThrow(/no transaction "Forget"/);
      expect(await ledger.height()).toBe(height);
    } finally {
      ledger.close();
    }
  });

  it('keeps everything when it is killed and served again', async () => {
    const wholeDay = ['--once', '--through', '2026-11-21'];
    const collected = await consortium.collect('UserMSP', '--source', `file:${traceFile()}`, ...wholeDay);
    expect(collected.code, collected.stderr).toBe(0);
    const before = await query('events', '--json');
    expect(before.stdout.trim().split('\n')).toHaveLength(4);
    await consortium.killLedger();
    await consortium.serveAgain();
    expect((await query('events', '--json')).stdout).toBe(before.stdout);
  });

  it('says so when it is not there', async () => {
    await consortium.stopLedger();
    const { code, stderr } = await query('collectors');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^event2ledger: No answer from localhost:.+\n$/);
  });
});

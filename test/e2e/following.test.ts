import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../reconciler/judgement.js';
import { BINARY, event2ledger, type Running, startEvent2ledger } from '../support/command.js';
import { ACTORS, type Consortium, startConsortium } from '../support/consortium.js';
import { containerLife, traceText } from '../support/trace-lines.js';

const DAY = '2026-11-20';

describe('a reconciler that follows', () => {
  let consortium: Consortium;
  let follower: Running | undefined;
  const database = () => join(consortium.dir, 'following.db');
  const following = () => ['reconcile', '--profile', consortium.profile('UserMSP', 'reconciler'), '--follow', '--json'];
  const told = (match: RegExpExecArray) => JSON.parse(match[0]) as { finding: Finding };
  const found = async (...args: string[]) => {
    const { code, stdout } = await event2ledger(['query', 'findings', '--db', database(), '--json', ...args]);
    const lines = stdout.split('\n').filter((line) => line !== '');
    return {
      code,
      findings: lines.map((line) => JSON.parse(line) as { day: string; sealed: boolean; finding: Finding }),
    };
  };

  beforeAll(async () => {
    consortium = await startConsortium();
    follower = startEvent2ledger([...following(), '--db', database()]);
    const lives = ['web-1', 'web-2'].map((name, at) => containerLife(DAY, name, 3600 * (at + 1), 60));
    const [all = [], other = []] = lives;
    for (const actor of ACTORS) {
      const trace = join(consortium.dir, `${actor}.ndjson`);
      const events = actor === 'ProviderMSP' ? all.filter(({ action }) => action !== 'die') : all;
      writeFileSync(trace, traceText([...events, ...other]));
      const collected = await consortium.collect(actor, '--source', `file:${trace}`, '--source-id', 'ENGINE', '--once');
      expect(collected).toMatchObject({ code: 0 });
    }
  }, 120_000);
  afterAll(async () => {
    await follower?.stop();
    await consortium?.close();
  });

  it('tells a finding that query gives at once, before the day is sealed', async () => {
    const { finding } = told((await follower?.said(/^\s*\{"finding".*"class":"missing".*$/m)) as RegExpExecArray);
    expect(finding).toMatchObject({ action: 'die', dissent: ['ProviderMSP'] });
    expect(await found('--id', finding.id)).toEqual({ code: 1, findings: [{ day: DAY, sealed: false, finding }] });
    expect((await found('--day', DAY)).findings).toHaveLength(1);
    expect(await found('--day', '2026-11-19')).toEqual({ code: 0, findings: [] });
    const none = await event2ledger(['query', 'findings', '--db', database(), '--day', '2026-11-19']);
    expect([none.code, none.stdout]).toEqual([0, expect.stringContaining('2026-11-19 is not sealed yet')]);
  });

  it('is the only one: a second is refused at its start, and it goes on', async () => {
    const plain = ['reconcile', '--profile', consortium.profile('UserMSP', 'reconciler')];
    for (const args of [following(), plain]) {
      const { code, stderr } = await event2ledger([...args, '--db', database()]);
      expect([code, stderr]).toEqual([2, expect.stringContaining(`Another reconcile reads into ${database()}`)]);
    }
    expect(follower?.code()).toBeNull();
    expect((await found('--day', DAY)).findings).toHaveLength(1);
  });

  it('tells the same again after it was killed', async () => {
    await follower?.kill();
    follower = startEvent2ledger([...following(), '--db', database()]);
    const { finding } = told((await follower.said(/^\s*\{"finding".*"class":"missing".*$/m)) as RegExpExecArray);
    expect((await found('--id', finding.id.slice(0, 12))).findings.map((one) => one.finding)).toEqual([finding]);
  });

  it('has the events of a part of the day by query disputed', async () => {
    const disputed = (from: string) =>
      event2ledger([
        'query',
        'disputed',
        '--profile',
        consortium.profile('UserMSP'),
        '--json',
        '--day',
        DAY,
        '--from',
        from,
      ]);
    expect((await disputed(`${DAY}T00:30:00Z`)).stdout).toContain('"action":"die"');
    expect(await disputed(`${DAY}T02:30:00Z`)).toMatchObject({ code: 0, stdout: '' });
    expect((await disputed('2026-11-21')).code).toBe(2);
  });

  it('ends when its reader has gone, though there is nothing more to tell', { timeout: 60_000 }, async () => {
    const command = [process.execPath, BINARY, ...following(), '--db', join(consortium.dir, 'piped.db')];
    const pipe = spawn('sh', ['-c', `${command.map((word) => `'${word}'`).join(' ')} | head -n 1`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Closed when the follower has ended, too, for it holds standard error.
    const closed = once(pipe, 'close');
    const [first] = await Promise.all([text(pipe.stdout), text(pipe.stderr), closed]);
    expect((JSON.parse(first) as { finding: Finding }).finding.class).toBe('missing');
  });
});

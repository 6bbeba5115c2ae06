import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { event2ledger, startEvent2ledger } from '../support/command.js';
import { type Consortium, startConsortium } from '../support/consortium.js';
import { containerLife, traceText } from '../support/trace-lines.js';
import { FakeEngine } from './fake-engine.js';

const DAY = '2026-11-20';
const ABSENT = { E2L_CONFIG: undefined, DOCKER_HOST: undefined, DOCKER_CONTEXT: undefined };

describe('what collect tells whoever runs it', () => {
  let consortium: Consortium;
  let trace: string;

  beforeAll(async () => {
    consortium = await startConsortium();
    trace = join(consortium.dir, 'trace.ndjson');
    writeFileSync(trace, traceText(containerLife(DAY, 'web', 10, 60)));
  });
  afterAll(async () => {
    await consortium?.close();
  });

  const collect = (...args: string[]) =>
    event2ledger(['collect', '--profile', consortium.profile('UserMSP'), '--log-format', 'text', ...args], {
      env: ABSENT,
    });

  it('warns of a watch over time that has not passed, and of no other', async () => {
    const over = await collect('--source', `file:${trace}`, '--once', '--through', `${DAY}T12:00`);
    expect(over.code, over.stderr).toBe(0);
    expect(over.stderr).not.toContain('--through');
    const ahead = await collect('--source', `file:${trace}`, '--once', '--through', '2099-01-01');
    expect(ahead.code, ahead.stderr).toBe(0);
    expect(ahead.stderr).toMatch(/--through 2099-01-01T00:00:00\S* has not come yet\. Your signature will say/);
    const help = await collect('--help');
    expect(help.stdout).toMatch(/do not give a time to come/);
  });

  it('sends a second collector on one spool to an identity of its own, not to another spool', async () => {
    const engine = new FakeEngine(join(consortium.dir, 'docker.sock'));
    await engine.start();
    const args = ['--source', `docker:unix://${engine.socket}`, '--source-id', 'engine-1'];
    const profile = consortium.profile('DeveloperMSP');
    const first = startEvent2ledger(['collect', '--profile', profile, '--log-format', 'text', ...args], {
      env: ABSENT,
    });
    await first.said(/Watching the engine/);
    const second = await collect('--profile', profile, ...args);
    expect(second.code).toBe(2);
    expect(second.stderr).toMatch(/in use by another collector; give this one an identity of its own/);
    expect(second.stderr).not.toContain('--spool');
    await first.stop();
    await engine.stop();
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BINARY, event2ledger } from '../support/command.js';
import { ACTORS, type Consortium, startConsortium } from '../support/consortium.js';
import { containerLife, type TraceEvent, traceText } from '../support/trace-lines.js';

const DAY = '2026-11-22';
const SOURCE = 'engine-1';
const events = Array.from({ length: 20 }, (_, number) => containerLife(DAY, `web-${number}`, 3_600 + number * 60, 30))
  .flat()
  .sort((a, b) => (BigInt(a.timeNano) < BigInt(b.timeNano) ? -1 : 1));
/** What the provider's collector kept to itself, and its log has. */
const kept = [events[10], events[30], events[31]] as TraceEvent[];

describe('event2ledger compare --with', () => {
  let consortium: Consortium;
  let db: string;
  let log: string;
  let profile: string;

  const serve = () => `"${process.execPath}" "${BINARY}" exchange serve --db "${db}"`;
  const compare = (file: string, ...args: string[]) =>
    event2ledger(['compare', file, '--with', profile, '--source-id', SOURCE, ...args]);

  beforeAll(async () => {
    consortium = await startConsortium();
    const trace = (name: string, own: readonly TraceEvent[]) => {
      const path = join(consortium.dir, name);
      writeFileSync(path, traceText(own));
      return path;
    };
    log = trace('provider.ndjson', events);
    const lacking = trace(
      'attested.ndjson',
      events.filter((event) => !kept.includes(event)),
    );
    for (const actor of ACTORS) {
      const source = `file:${actor === 'ProviderMSP' ? lacking : log}`;
      const collected = await consortium.collect(actor, '--source', source, '--source-id', SOURCE, '--once');
      expect(collected.code, collected.stderr).toBe(0);
    }
    await consortium.reconcile();
    db = join(consortium.dir, 'UserMSP.db');
    profile = await consortium.addIdentity('ProviderMSP', 'repairer');
  });
  afterAll(() => consortium?.close());

  it('says what is not attested, from a file, a packed file or standard input, by a database here or elsewhere', async () => {
    const packed = join(consortium.dir, 'provider.ndjson.gz');
    writeFileSync(packed, gzipSync(traceText(events)));
    const here = await compare(log, '--db', db);
    expect([here.code, here.stderr]).toEqual([1, '']);
    expect(here.stdout).toContain('80 events in the log, 3 of them not attested; 0 attested that are not in the log.');
    const there = await compare(packed, '--exchange', serve(), '--json');
    expect([there.code, there.stderr]).toEqual([1, '']);
    expect(JSON.parse(there.stdout)).toMatchObject({ actor: 'ProviderMSP', log: { events: 80, distinct: 80 } });
    const args = ['compare', '-', '--with', profile, '--source-id', SOURCE, '--db', db, '--json'];
    const piped = await event2ledger(args, { input: traceText(events) });
    expect([piped.code, piped.stderr]).toEqual([1, '']);
    expect(JSON.parse(piped.stdout).unattested).toEqual(JSON.parse(there.stdout).unattested);
  });

  it.each([
    [['--names', 'A'], '--names is of no use with --with'],
    [['--policy', 'p.json'], '--policy is of no use with --with'],
    [['--threads', '2'], '--threads is of no use with --with'],
    [['--db', 'none.db'], 'none.db'],
    [['--db', 'a', '--exchange', 'b'], 'who answers for the ledger'],
  ])('refuses %j', async (args, sentence) => {
    const { code, stdout, stderr } = await compare(log, ...(args.includes('--db') ? [] : ['--db', db]), ...args);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain('    at ');
    expect([code, stdout]).toEqual([2, '']);
  });

  it('repairs it; after that the actors agree', async () => {
    const before = await consortium.report(DAY);
    expect(before.report.findings.map(({ class: name, dissent }) => [name, ...dissent])).toEqual(
      kept.map(() => ['missing', 'ProviderMSP']),
    );
    const repaired = await compare(log, '--db', db, '--repair');
    expect([repaired.code, repaired.stderr]).toEqual([1, '']);
    expect(repaired.stdout).toContain('Attested 3 events in 1 batch of the new run');
    await consortium.reconcile();
    const again = await compare(log, '--db', db, '--repair', '--json');
    expect([again.code, again.stderr]).toEqual([0, '']);
    expect(JSON.parse(again.stdout)).toMatchObject({ unattested: [], unlogged: [] });
    const { report } = await consortium.report(DAY);
    expect(report.coverage).toMatchObject({ events: 80, agreed: 80, disputed: 0 });
    expect(report.findings).toEqual([]);
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalEvent, eventHash, parseCanonicalEvent, parseDockerEvent } from '#chaincode';
import { ReplayEngine } from '../../bench/replay-engine.js';
import { batchOf } from '../chaincode/support/events.js';
import { collectorOf } from '../chaincode/support/identities.js';
import { ShimLedger } from '../chaincode/support/shim.js';
import { ACTORS, type Consortium, startConsortium } from '../support/consortium.js';
import { CASES, type Case, whole } from './cases.js';

const MINUTE = 60_000;
const SOURCE = 'hostile';
const RECORD = { container: ['*'] };
const good = CASES.filter(({ attested }) => attested !== undefined);
const bad = CASES.filter(({ refused }) => refused !== undefined);
const idOf = (one: Case) => `case-${CASES.indexOf(one)}`;
const canonicalOf = (line: string, source = SOURCE) => canonicalEvent(parseDockerEvent(line), { source, ignore: [] });

describe('a hostile line, read alone', () => {
  const time = 1_795_305_600_000_000_001n;

  it.each(good)('$name is recorded, and the contract takes the very bytes', ({ line, attested = [] }) => {
    const { canonical, hash, event } = canonicalOf(line('one', time));
    for (const part of attested) expect(canonical).toContain(part);
    expect(event.time).toBe(time.toString());
    expect(parseCanonicalEvent(canonical)).toEqual(event);
    expect(eventHash(canonical)).toBe(hash);
  });

  it.each(bad)('$name is refused', ({ line, refused }) => {
    expect(() => parseDockerEvent(line('one', time))).toThrow(
      expect.objectContaining({ code: refused?.[0], message: expect.stringContaining(refused?.[1] ?? '') }),
    );
  });

  it.each(CASES)('$name, sent to the contract as it is, is refused with its whole batch', async ({ line }) => {
    const ledger = new ShimLedger();
    const honest = canonicalOf(whole({ id: 'honest', time }), SOURCE).canonical;
    const batch = batchOf([{ b: honest }, { b: line('one', time) }]);
    const outcome = await ledger.submit(await collectorOf('ProviderMSP'), new Date(), 'Attest', batch);
    expect(outcome.status).not.toBe(200);
    expect(outcome.message).toContain(batch.length > 1024 * 1024 ? 'bytes; send at most' : 'Entry 1');
    expect(outcome.message.length).toBeLessThan(1_000);
    expect(ledger.state.size).toBe(0);
  });
});

describe('the whole corpus, collected by three actors', () => {
  let consortium: Consortium;
  beforeAll(async () => {
    consortium = await startConsortium({ heartbeat: 1, record: RECORD });
  }, MINUTE);
  afterAll(() => consortium.close());

  const onLedger = async (source: string) => (await consortium.events()).filter(({ event }) => event.source === source);
  /** Every good line on the ledger once, with the same bytes from all actors; no bad one. */
  const expectOutcomes = async (source: string, lines: ReadonlyMap<Case, string>) => {
    const events = new Map((await onLedger(source)).map((answer) => [answer.event.object, answer]));
    for (const one of good) {
      const answer = events.get(idOf(one));
      expect(answer?.eventHash, one.name).toBe(canonicalOf(lines.get(one) ?? '', source).hash);
      expect(answer?.attestations.map(({ actor }) => actor).sort(), one.name).toEqual([...ACTORS]);
    }
    for (const one of bad) expect(events.has(idOf(one)), one.name).toBe(false);
    return events.size;
  };

  it('from a file', { timeout: 2 * MINUTE }, async () => {
    const begin = BigInt(Date.now() - 60_000) * 1_000_000n;
    const lines = new Map(CASES.map((one, index) => [one, one.line(idOf(one), begin + BigInt(index))]));
    const trace = join(consortium.dir, 'corpus.ndjson');
    writeFileSync(trace, `\ufeff${[...lines.values()].join('\n')}\n\n`);
    for (const actor of ACTORS) {
      const args = ['--source', `file:${trace}`, '--source-id', SOURCE, '--once', '--json'];
      const { code, stdout, stderr } = await consortium.collect(actor, ...args);
      expect(code, stderr).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ events: good.length, malformed: bad.length, attested: good.length });
      for (const one of bad) expect(stderr, one.name).toContain(`line ${CASES.indexOf(one) + 1}: `);
      expect(stderr).not.toContain('\u001b');
    }
    expect(await expectOutcomes(SOURCE, lines)).toBe(good.length);
  });

  it("from an engine's stream, without holding up what comes after", { timeout: 2 * MINUTE }, async () => {
    const engine = new ReplayEngine('LIVE');
    const socket = join(consortium.dir, 'engine.sock');
    await engine.listen(socket);
    const collectors = await Promise.all(
      ACTORS.map((actor) =>
        consortium.collector(actor, `docker:unix://${socket}`, {
          spool: join(consortium.dir, `${actor}-live.spool`),
          args: ['--json'],
        }),
      ),
    );
    const lines = new Map<Case, string>();
    for (const one of CASES) {
      const time = engine.now();
      lines.set(one, one.line(idOf(one), time));
      await engine.say(lines.get(one) ?? '', time);
    }
    await engine.publish({ type: 'container', action: 'die', id: 'last', attributes: { name: 'last' } });
    await consortium.attestedByAll('last');
    for (const collector of collectors) {
      const { code, stdout, stderr } = await collector.stop();
      expect(code, stderr).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ malformed: bad.length, behind: 0 });
    }
    expect(await expectOutcomes('LIVE', lines)).toBe(good.length + 1);
    const witnesses = await consortium.witnesses();
    for (const actor of ACTORS) {
      // Each may have been an event to attest: where it stood, nobody may claim to have watched.
      const { gaps, watches } = witnesses(actor);
      expect(gaps.length, actor).toBeGreaterThan(0);
      for (const one of bad) {
        const near = lines.get(one) ?? '';
        const time = /"timeNano":(\d{19})\}/.exec(near)?.[1];
        if (time === undefined) continue;
        const claimed = watches.some(
          (watch) => watch.source === 'LIVE' && BigInt(watch.from) <= BigInt(time) && BigInt(time) < BigInt(watch.to),
        );
        expect(claimed, `${actor}: ${one.name}`).toBe(false);
      }
    }
    await engine.close();
  });
});

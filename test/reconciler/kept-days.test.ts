import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import Database from 'better-sqlite3';
import stringify from 'fast-json-stable-stringify';
import { afterEach, describe, expect, it } from 'vitest';
import { type DockerEvent, dayEnd, dayOf, dayStart, padNanos } from '#chaincode';
import { judgementOf, saidOf } from '../../reconciler/day-judgement.js';
import { findingsOf } from '../../reconciler/findings.js';
import { wholly } from '../../reconciler/judge/findings.js';
import { keptUnder, lastSaid, sealedDay } from '../../reconciler/kept-days.js';
import { Projection } from '../../reconciler/projection/projection.js';
import { MIGRATIONS } from '../../reconciler/projection/schema.js';
import { stableParts } from '../../reconciler/stable-parts.js';
import {
  ACTORS,
  type BatchParts,
  blocksOf,
  containerEvent,
  DAY,
  DAY_START,
  hashed,
  intake,
  policyTransactions,
  projectionOf,
  Run,
  watch,
} from './support/history.js';

const SECOND = 1_000_000_000n;
const NEXT_DAY = dayOf(dayEnd(DAY));
/** More than are read at a time, and not a multiple of that. */
const LEFT_OUT = 450;

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Two sealed days; of the first one actor lacks all events, and attests one when it is sealed. */
function twoDays(file: string): Projection {
  const hostile = '"\\u202e\n__proto__';
  const events = Array.from({ length: LEFT_OUT }, (_, index) =>
    hashed(containerEvent(`c${index}${index === 7 ? hostile : ''}`, 'start', BigInt(index + 1) * SECOND)),
  );
  const runs = ACTORS.map((actor) => new Run(actor));
  const days = [1, 2].map((day) =>
    runs.map((run, index) =>
      run.batch({
        events: day === 1 && index > 0 ? events : [],
        watches: [watch(0, day * 86_400)],
        sentAt: day * 86_400 + index,
      }),
    ),
  );
  const late = runs[0]?.batch({ events: events.slice(20, 21), sentAt: 90_000 });
  const projection = new Projection(file);
  const transactions = [...policyTransactions(), ...(days[0] ?? []), ...(late ? [late] : []), ...(days[1] ?? [])];
  intake(projection, blocksOf(transactions));
  return projection;
}

function inFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'e2l-kept-'));
  folders.push(folder);
  return join(folder, 'projection.db');
}

describe('the findings of sealed days', () => {
  it('are all there, in their order, as sealed and as amended', () => {
    const projection = twoDays(':memory:');
    const { findings } = judgementOf(projection, DAY);
    expect(findings.map(({ class: name }) => name)).toEqual(Array.from({ length: LEFT_OUT }, () => 'missing'));
    const times = findings.map(({ time }) => BigInt(time));
    expect(times).toEqual([...times].sort((a, b) => (a < b ? -1 : 1)));
    const amended = [...lastSaid(projection, DAY).judgement.findings];
    const attested = findings[20];
    expect(amended).toEqual(findings.filter((one) => one !== attested));
    expect(judgementOf(projection, NEXT_DAY).amends).toContainEqual(
      expect.objectContaining({ day: DAY, id: attested?.id }),
    );
    expect(keptUnder(projection, DAY, findings[3]?.id ?? '')).toEqual([findings[3], findings[3]]);
    expect(keptUnder(projection, DAY, attested?.id ?? '')).toEqual([attested]);
    expect(keptUnder(projection, NEXT_DAY, attested?.id ?? '')).toEqual([]);
    projection.close();
  });

  it('say of events what was attested when they were kept, whatever is attested later', () => {
    const removal: DockerEvent = { ...containerEvent('c1', 'remove', 0n), scope: 'swarm', type: 'service' };
    const events = [hashed(containerEvent('c2', 'start', SECOND)), hashed(removal)];
    const runs = ACTORS.map((actor) => new Run(actor));
    // Said of the removal, in hours of the day: the third has the median, and with it the key's time, move into the next day.
    const said = [25, 1, 25].map((hour) => (DAY_START + BigInt(hour) * 3600n * SECOND).toString());
    const [late, ...others] = runs.map((run, index) => (parts: BatchParts) => run.batch({ ...parts, t: said[index] }));
    const before = [
      ...others.map((batch, index) => batch({ events, watches: [watch(0, 86_400)], sentAt: 86_400 + index })),
      late?.({ watches: [watch(0, 86_400)], sentAt: 86_403 }),
    ].flatMap((batch) => batch ?? []);
    const after = late?.({ events, sentAt: 90_000 });
    const then = projectionOf([...policyTransactions(), ...before]);
    const now = projectionOf([...policyTransactions(), ...before, ...(after ? [after] : [])]);
    const sealed = judgementOf(then, DAY);
    expect(sealed.findings.map(({ class: name, object, variants }) => [name, object, variants[0]?.actors])).toEqual([
      ['missing', 'c2', ACTORS.slice(1)],
      ['missing', 'c1', ACTORS.slice(1)],
    ]);
    const { blocks: _, ...rest } = sealed;
    expect(judgementOf(now, DAY)).toMatchObject(rest);
    const times = [then, now].map(({ db }) =>
      db.prepare("SELECT time FROM events WHERE action = 'remove'").pluck().get(),
    );
    expect(times).toEqual([DAY, NEXT_DAY].map((day) => padNanos(dayStart(day))));
    then.close();
    now.close();
  });

  it('may be gone through while something is written', () => {
    const projection = twoDays(':memory:');
    const said = sealedDay(projection, DAY);
    expect(said?.findings.length).toBe(LEFT_OUT);
    const write = projection.db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('test', ?)");
    const ids = Array.from(said?.findings ?? [], ({ id }) => {
      write.run(id);
      return id;
    });
    expect(new Set(ids).size).toBe(LEFT_OUT);
    projection.close();
  });

  it('are found by their names, or how these begin', () => {
    const file = inFile();
    const projection = twoDays(file);
    const { findings } = judgementOf(projection, DAY);
    projection.close();
    const [first] = findings;
    if (first === undefined) throw new Error('there are findings');
    expect(findingsOf(file, { id: first.id })).toEqual([{ day: DAY, sealed: true, findings: [first] }]);
    const begin = first.id.slice(0, 1);
    const alike = findings.filter(({ id }) => id.startsWith(begin));
    expect(findingsOf(file, { id: begin, day: DAY })).toEqual([{ day: DAY, sealed: true, findings: alike }]);
    expect(findingsOf(file, { id: begin, day: NEXT_DAY })).toEqual([]);
    expect(findingsOf(file)).toEqual([{ day: DAY, sealed: true, findings }]);
  });

  it('are taken over from a version that kept them with their day', () => {
    const file = inFile();
    const projection = twoDays(file);
    const days = [DAY, NEXT_DAY].map((day) => judgementOf(projection, day));
    const amended = Array.from(lastSaid(projection, DAY).judgement.findings, wholly);
    projection.close();
    const earlier = new Database(file);
    const findings = new Map([
      ['days', days.map((judgement) => [judgement.day, judgement.findings] as const)],
      ['amended_days', [[DAY, amended] as const]],
    ]);
    for (const [table, kept] of findings) {
      earlier.exec(`ALTER TABLE ${table} RENAME COLUMN rest TO judgement`);
      const keep = earlier.prepare(
        `UPDATE ${table} SET judgement = json_set(judgement, '$.findings', json(?)) WHERE day = ?`,
      );
      for (const [day, all] of kept) keep.run(JSON.stringify(all), day);
    }
    const kept = earlier.prepare("SELECT json_array_length(judgement, '$.findings') FROM days ORDER BY day").pluck();
    expect(kept.all()).toEqual([LEFT_OUT, 0]);
    earlier.exec(`DROP TABLE day_findings; PRAGMA user_version = ${MIGRATIONS.length - 3}`);
    const seals = earlier.prepare("INSERT INTO days (day, judgement, carry, seq) VALUES ('2026-11-30', '{}', '[]', 1)");
    const again = new Projection(file);
    expect([DAY, NEXT_DAY].map((day) => judgementOf(again, day))).toEqual(days);
    expect([...lastSaid(again, DAY).judgement.findings]).toEqual(amended);
    again.close();
    // Who has opened it before, and knows no rows of findings, cannot go on.
    expect(() => seals.run()).toThrow(/judgement/);
    expect(() => earlier.prepare('SELECT judgement FROM amended_days').all()).toThrow(/judgement/);
    earlier.close();
  });

  it('are not read on by whoever opened them before a newer version did', () => {
    const projection = twoDays(inFile());
    expect(() => projection.mustBeAlone()).not.toThrow();
    const newer = new Database(projection.db.name);
    newer.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    newer.close();
    expect(() => projection.mustBeAlone()).toThrow(/newer version/);
    projection.close();
  });
});

describe('a day that is not sealed', () => {
  it('says the same one by one as in memory', () => {
    const runs = ACTORS.map((actor) => new Run(actor));
    const event = hashed(containerEvent('c1', 'start', SECOND));
    const other = hashed(containerEvent('c1', 'start', 2n * SECOND));
    const transactions = runs.map((run, index) =>
      run.batch({ events: [index === 0 ? other : event], watches: [watch(0, 3600)], sentAt: 3600 + index }),
    );
    const projection = new Projection(':memory:');
    intake(projection, blocksOf([...policyTransactions(), ...transactions]));
    const { findings } = judgementOf(projection, DAY);
    expect(findings.map(({ class: name, diff }) => [name, diff.map(({ path }) => path)])).toEqual([
      ['differs', ['time']],
    ]);
    const said = saidOf(projection, DAY);
    expect(said.sealed).toBe(false);
    expect(Array.from(said.findings, (finding) => JSON.stringify(finding))).toEqual(
      findings.map((finding) => JSON.stringify(finding)),
    );
    projection.close();
  });
});

describe('an object in parts', () => {
  test.prop([fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), fc.constant(undefined)))])(
    'is its stable stringification',
    (value) => {
      expect([...stableParts(value)].join('')).toBe(stringify(value));
    },
  );
});

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventHash } from '#chaincode';
import type { ExportError } from '../../export/errors.js';
import { exportLedger } from '../../export/export-ledger.js';
import { orderedBody } from '../../reconciler/daily-report.js';
import { dayJudgement } from '../../reconciler/day-judgement.js';
import { findingHash } from '../../reconciler/finding-form.js';
import type { DayJudgement } from '../../reconciler/judgement.js';
import { ACTORS, containerEvent, DAY, hashed, Run, watch } from '../reconciler/support/history.js';
import {
  at,
  DEVELOPER,
  HOSTILE,
  HOSTILE_LIFE,
  hex,
  LEFT_OUT,
  lyingDay,
  makeProjection,
  PROVIDER,
  REMOVAL,
  type ReadAttestation,
  type ReadEvent,
  type ReadFinding,
  readRows,
  USER,
} from './scene.js';

const never = new AbortController().signal;
const FILES = ['attestations.parquet', 'events.parquet', 'findings.parquet'];

describe('an export', () => {
  const dir = mkdtempSync(join(tmpdir(), 'e2l-export-'));
  const db = join(dir, 'user.db');
  const out = join(dir, 'deep', 'parquet');
  const write = (folder: string, range: { from?: string; to?: string } = {}, file = db) =>
    exportLedger({ db: file, out: folder, from: range.from, to: range.to, signal: never });
  const digests = (folder: string) => FILES.map((file) => readFileSync(join(folder, file)).toString('base64'));
  let judgement: DayJudgement;
  let events: ReadEvent[];
  let attestations: ReadAttestation[];
  let findings: ReadFinding[];

  beforeAll(async () => {
    makeProjection(db, lyingDay());
    const { files, rows, unsealed, governed } = await write(out);
    expect(files.map((file) => file.slice(out.length + 1)).sort()).toEqual(FILES);
    expect({ unsealed, governed }).toEqual({ unsealed: [], governed: true });
    judgement = dayJudgement(db, DAY);
    events = await readRows(join(out, 'events.parquet'));
    attestations = await readRows(join(out, 'attestations.parquet'));
    findings = await readRows(join(out, 'findings.parquet'));
    expect(rows).toEqual({ events: events.length, attestations: attestations.length, findings: findings.length });
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('has every event once, with the bytes that its hash is of', () => {
    expect(events).toHaveLength(judgement.coverage.events + 1);
    expect(new Set(events.map(({ hash }) => hex(hash))).size).toBe(events.length);
    for (const { hash, event, ...row } of events) {
      expect(eventHash(event)).toBe(hex(hash));
      const { source, scope, type, action, object, detail = null } = JSON.parse(event);
      expect(row).toMatchObject({ source, scope, type, action, object, detail });
    }
  });

  it('lies in order of time, what carries no time at the median of what was said', () => {
    const times = events.map(({ time_ns }) => time_ns);
    expect(times).toEqual([...times].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
    const removal = events.find(({ hash }) => hex(hash) === REMOVAL.hash);
    expect(removal?.time_ns.toString()).toBe(at(150));
    const said = attestations.filter(({ hash }) => hex(hash) === REMOVAL.hash);
    expect(said.map(({ actor, said_ns, time_ns }) => [actor, `${said_ns}`, `${time_ns}`])).toEqual([
      [DEVELOPER, at(150), at(150)],
      [USER, at(151), at(150)],
    ]);
    for (const { time, time_ns } of events) expect(time.getTime()).toBe(Number(time_ns / 1_000_000n));
    const order = attestations.map(({ hash }) => events.findIndex((event) => hex(event.hash) === hex(hash)));
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it('takes what strangers wrote for text', () => {
    const hostile = events.filter(({ object }) => object === HOSTILE_LIFE[0]?.event.object);
    expect(hostile.map(({ event }) => event)).toEqual(HOSTILE_LIFE.map(({ canonical }) => canonical));
    const attributes = new Map(Object.entries(JSON.parse(hostile[0]?.event ?? '').attributes));
    for (const [name, value] of Object.entries(HOSTILE)) expect(attributes.get(name)).toBe(value);
    expect(attributes.has('__proto__')).toBe(true);
    expect(readdirSync(out).sort()).toEqual(FILES);
  });

  it('joins to the attestations that the reconciler says are missing', () => {
    const attesters = (hash: string) => attestations.filter((one) => hex(one.hash) === hash).map(({ actor }) => actor);
    const lacking = events.flatMap(({ hash, expected }) => {
      const there = attesters(hex(hash));
      const absent = expected.filter((actor) => !there.includes(actor));
      return there.length * 2 > expected.length ? absent.map((actor) => `${hex(hash)} ${actor}`) : [];
    });
    const said = judgement.findings
      .filter((finding) => finding.class === 'missing' || finding.class === 'differs')
      .flatMap(({ variants, majority, dissent }) => {
        const standing = variants.find(({ actors }) => majority.every((actor) => actors.includes(actor)));
        return dissent.map((actor) => `${standing?.eventHash} ${actor}`);
      });
    expect(lacking.sort()).toEqual(said.sort());
    expect(lacking).toContain(`${LEFT_OUT.hash} ${PROVIDER}`);
    expect(lacking).toHaveLength(3);
  });

  it('says where each attestation stands on the ledger', () => {
    const evidence = judgement.findings.flatMap(({ variants }) =>
      variants.flatMap((variant) => variant.evidence.map((one) => ({ hash: variant.eventHash, ...one }))),
    );
    expect(evidence.length).toBeGreaterThan(5);
    for (const { hash, actor, collector, run, number, block, tx } of evidence) {
      const row = attestations.find((one) => hex(one.hash) === hash && one.actor === actor);
      expect(row).toMatchObject({ collector, run, number: BigInt(number), block: BigInt(block), tx });
    }
  });

  it("has the findings of the day's report, whole", () => {
    const reported = orderedBody(judgement).findings;
    expect(findings.map(({ finding }) => JSON.parse(finding))).toEqual(JSON.parse(JSON.stringify(reported)));
    expect(findings.map(({ day, sealed }) => [day.toISOString().slice(0, 10), sealed])).toEqual(
      reported.map(() => [DAY, true]),
    );
    findings.forEach((row, index) => {
      const finding = reported[index];
      if (finding === undefined) throw new Error('no such finding');
      expect(hex(row.id)).toBe(finding.id);
      expect(hex(row.finding_hash)).toBe(findingHash(finding));
      expect(row.hashes.map(hex)).toEqual(finding.variants.map(({ eventHash: hash }) => hash));
      const { verdict, severity, dissent, majority } = finding;
      expect(row).toMatchObject({ class: finding.class, verdict, severity, dissent, majority });
      expect(row.time_ns.toString()).toBe(finding.time);
    });
    expect(new Set(findings.map((row) => row.class))).toEqual(new Set(['missing', 'differs', 'uncorroborated']));
  });

  it('gives the same bytes again, and from the projection of another reconciler', async () => {
    await write(join(dir, 'again'));
    expect(digests(join(dir, 'again'))).toEqual(digests(out));
    const other = join(dir, 'developer.db');
    makeProjection(other, lyingDay());
    await write(join(dir, 'other'), {}, other);
    expect(digests(join(dir, 'other'))).toEqual(digests(out));
  });

  it('says in each footer of which ledger it is, and up to where', async () => {
    const { ledger, blocks } = judgement;
    for (const name of ['events', 'attestations', 'findings']) {
      const file = await asyncBufferFromFile(join(out, `${name}.parquet`));
      const { key_value_metadata: said } = await parquetMetadataAsync(file);
      expect(Object.fromEntries((said ?? []).map(({ key, value }) => [key, value]))).toMatchObject({
        'event2ledger.table': name,
        'event2ledger.ledger': ledger,
        'event2ledger.block': blocks.to,
        'event2ledger.blockHash': blocks.hash,
      });
    }
  });

  it('keeps to the days that were asked for', async () => {
    const none = await write(join(dir, 'before'), { to: DAY });
    expect(none.rows).toEqual({ events: 0, attestations: 0, findings: 0 });
    expect(await readRows(join(dir, 'before', 'events.parquet'))).toEqual([]);
    const day = await write(join(dir, 'day'), { from: DAY, to: '2026-11-23' });
    expect(day.rows).toMatchObject({ events: events.length, findings: findings.length });
    const after = await write(join(dir, 'after'), { from: '2026-11-23' });
    expect(after.rows).toEqual({ events: 0, attestations: 0, findings: 0 });
  });

  it('tells of days that are not sealed, with what is established of them so far', async () => {
    const file = join(dir, 'open.db');
    const event = hashed(containerEvent('web-1', 'start', 1_000_000_000n));
    const sent = ACTORS.map((actor) =>
      new Run(actor).batch({ events: actor === PROVIDER ? [] : [event], watches: [watch(0, 100)], sentAt: 100 }),
    );
    makeProjection(file, sent);
    const { unsealed } = await write(join(dir, 'open'), {}, file);
    expect(unsealed).toEqual([DAY]);
    expect(await readRows<ReadFinding>(join(dir, 'open', 'findings.parquet'))).toMatchObject([
      { sealed: false, class: 'missing', dissent: [PROVIDER] },
    ]);
  });

  it('judges nothing without a policy, and expects nobody', async () => {
    const file = join(dir, 'ungoverned.db');
    makeProjection(file, lyingDay(), []);
    const { rows, governed } = await write(join(dir, 'ungoverned'), {}, file);
    expect({ ...rows, governed }).toMatchObject({ events: events.length, findings: 0, governed: false });
    const read = await readRows<ReadEvent>(join(dir, 'ungoverned', 'events.parquet'));
    expect(read.map(({ expected }) => expected)).toEqual(events.map(() => []));
  });

  it('leaves what was there when it is told to stop, and nothing half', async () => {
    const stop = new AbortController();
    stop.abort();
    const folder = join(dir, 'stopped');
    mkdirSync(folder);
    writeFileSync(join(folder, 'events.parquet'), 'as it was');
    await expect(
      exportLedger({ db, out: folder, from: undefined, to: undefined, signal: stop.signal }),
    ).rejects.toMatchObject({ name: 'ExportError', code: 'INTERRUPTED' } satisfies Partial<ExportError>);
    expect(readdirSync(folder)).toEqual(['events.parquet']);
    expect(readFileSync(join(folder, 'events.parquet'), 'utf8')).toBe('as it was');
  });

  it('says that it cannot write where it cannot', async () => {
    const file = join(dir, 'a-file');
    writeFileSync(file, '');
    await expect(write(join(file, 'below'))).rejects.toMatchObject({ code: 'WRITE' });
    const folder = join(dir, 'taken');
    mkdirSync(join(folder, 'attestations.parquet', 'full'), { recursive: true });
    await expect(write(folder)).rejects.toMatchObject({ code: 'WRITE' });
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('says that nothing was read', async () => {
    await expect(write(join(dir, 'x'), {}, join(dir, 'none.db'))).rejects.toMatchObject({ code: 'DATABASE' });
  });
});

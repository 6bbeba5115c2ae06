import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Policy } from '#chaincode';
import type { CompareReport } from '../../compare/report-form.js';
import { comparedContents, linesOf } from './comparing.js';

const BEGIN = 1_795_305_600_000_000_000n;

interface Said {
  readonly after: number;
  readonly type?: string;
  readonly action?: string;
  readonly id?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly scope?: string;
}

const lineOf = ({ after, type = 'container', action = 'die', id = 'a', attributes = {}, scope = 'local' }: Said) =>
  JSON.stringify({ Type: type, Action: action, Actor: { ID: id, Attributes: attributes }, scope }).replace(
    /\}$/,
    `,"timeNano":${BEGIN + BigInt(after)}}`,
  );

const logOf = (said: readonly Said[]) => linesOf(said.map(lineOf));

/** How many findings of each class about whom, those that are folded among them. */
function told({ findings, coverage, actors }: CompareReport) {
  const counts = new Map<string, number>();
  for (const { class: name, dissent, verdict, folded, gap } of findings) {
    const key = `${name} ${verdict} ${dissent.join()}`;
    counts.set(key, (counts.get(key) ?? 0) + (folded ?? 1));
    if (gap !== undefined) counts.set('in gaps', (counts.get('in gaps') ?? 0) + gap.events);
  }
  return { counts: Object.fromEntries(counts), coverage, attested: actors.map(({ attested }) => attested) };
}

/** Says the same whether each is told, or all but the first are counted. */
function counted(logs: readonly string[], policy: Partial<Policy> = {}) {
  const all = told(comparedContents(logs, { policy, mostAlike: 1000 }));
  for (const parts of [1, 3]) expect(told(comparedContents(logs, { policy, parts, mostAlike: 0 }))).toEqual(all);
  return all;
}

const moments = Array.from({ length: 9 }, (_, index) => index * 1000);
const each = (rest: Omit<Said, 'after'>) => moments.map((after): Said => ({ after, id: `${after}`, ...rest }));

describe('differences that are counted', () => {
  it('are as many as if each were told', () => {
    const plain = each({});
    const { counts } = counted([logOf(plain), logOf(plain), logOf(plain.slice(0, 1))]);
    expect(counts).toEqual({ 'missing stands C': 8 });
    const altered = each({ attributes: { exitCode: '1' } });
    expect(counted([logOf(plain), logOf(plain), logOf(altered)]).counts).toEqual({ 'differs stands C': 9 });
  });

  it('are none where only what is not recorded differs, or says nothing', () => {
    const record = { container: ['exec_create'] };
    const plain = logOf(each({ action: 'exec_create' }));
    const ignored = logOf(each({ action: 'exec_create', attributes: { name: 'x' } }));
    expect(counted([plain, plain, ignored], { record, ignore: ['name'] }).counts).toEqual({});
    expect(counted([plain, plain, logOf(each({ action: 'exec_create: ' }))], { record }).counts).toEqual({});
  });

  it('are told apart where they are of two networks’ containers, or of a scope of their own', () => {
    const connect = (container: string) => each({ type: 'network', action: 'connect', attributes: { container } });
    const [one, other] = [logOf(connect('x')), logOf(connect('y'))];
    expect(counted([one, one, other]).counts).toEqual({
      'missing stands C': 9,
      'uncorroborated uncorroborated C': 9,
    });
    const swarm = logOf(each({ scope: 'swarm' }));
    expect(counted([logOf(each({})), logOf(each({})), swarm]).counts).toEqual({ 'differs stands C': 9 });
  });

  it('are no longer missing where the log tells another content at another time', () => {
    const plain = each({ id: 'one' });
    const moved = plain.map(({ after, ...rest }) => ({ ...rest, after: after + 1 }));
    expect(counted([logOf(plain), logOf(plain), logOf(moved)]).counts).toEqual({ 'differs stands C': 9 });
    expect(counted([logOf(plain), logOf(plain), logOf(moved)], { window: 0 }).counts).toMatchObject({
      'missing stands C': 9,
    });
  });

  it('are none where the log may have had them', () => {
    const plain = each({});
    const garbage = `${lineOf(plain[0] as Said)}\n{"no":"event","timeNano":${BEGIN + 1n}}\n${lineOf(plain[8] as Said)}\n`;
    const { counts, coverage } = counted([logOf(plain), logOf(plain), garbage]);
    expect(counts).toEqual({ 'gap established C': 1, 'in gaps': 7 });
    expect(coverage).toMatchObject({ agreed: 9, disputed: 0 });
  });

  it('are not counted where the log that says something else has a hole, nor for another’s hole', () => {
    const plain = each({});
    const altered = each({ attributes: { exitCode: '1' } }).map(lineOf);
    const noEvent = `{"no":"event","timeNano":${BEGIN + 1n}}`;
    const ahead = lineOf({ after: 7500, id: 'x' });
    const own = linesOf([altered[0] as string, noEvent, ahead, ...altered.slice(1)]);
    expect(counted([logOf(plain), logOf(plain), own]).counts['differs stands C']).toBeLessThan(9);
    const honest = plain.map(lineOf);
    const innocent = linesOf([honest[0] as string, noEvent, ahead, ...honest.slice(1)]);
    expect(counted([innocent, logOf(plain), linesOf(altered)]).counts['in gaps']).toBeGreaterThan(0);
  });

  it('are one where they have no time of their own', () => {
    const removed = { type: 'network', action: 'remove', id: 'n' };
    const local = logOf(each(removed));
    const swarm = logOf(each({ ...removed, scope: 'swarm' }));
    const policy = { record: { network: ['remove'] } };
    expect(counted([local, local, swarm], policy).attested).toEqual([9, 9, 1]);
  });

  it('are none where the digest is told that is recorded of a long value', () => {
    const long = 'v'.repeat(1025);
    const digest = `sha256:${createHash('sha256').update(long).digest('hex')}`;
    const plain = logOf(each({ attributes: { big: long } }));
    expect(counted([plain, plain, logOf(each({ attributes: { big: digest } }))]).counts).toEqual({});
  });

  it('are told even where others have used up what may be read', () => {
    const other = Array.from({ length: 1500 }, (_, index) => ({ after: index * 1000, id: `${index}` }));
    const altered = Array.from({ length: 600 }, (_, index) => ({ after: 2_000_000 + index * 1000, id: `${index}` }));
    const plain = logOf([...other, ...altered]);
    const own = logOf([
      ...other.map((one) => ({ ...one, id: `x${one.id}` })),
      ...altered.map((one) => ({ ...one, attributes: { exitCode: '1' } })),
    ]);
    const { coverage, findings } = comparedContents([plain, plain, own]);
    expect(findings.reduce((sum, { folded = 1 }) => sum + folded, 0)).toBe(coverage.disputed);
  });

  it('are floods beyond the quota', () => {
    const plain = each({ id: 'one' });
    const altered = each({ id: 'one', attributes: { exitCode: '1' } });
    const { counts } = counted([logOf(plain), logOf(plain), logOf(altered)], { quota: 3 });
    expect(counts).toMatchObject({ 'differs stands C': 3, 'uncorroborated uncorroborated C': 6 });
  });

  it('are the same where names and lines are too long to be recorded as they are', () => {
    const long = each({ id: 'i'.repeat(2000), attributes: { big: 'b'.repeat(20_000) } });
    const other = each({ id: 'i'.repeat(2000), attributes: { big: 'c'.repeat(20_000) } });
    expect(counted([logOf(long), logOf(long), logOf(other)]).counts).toEqual({ 'differs stands C': 9 });
    expect(counted([logOf(long), logOf(long), '']).counts).toEqual({ 'missing stands C': 9 });
  });

  it('do not count kinds that nobody records', () => {
    const plain = logOf([...each({}), ...each({ action: 'top' }).map((one) => ({ ...one, after: one.after + 1 }))]);
    const policy = { record: { container: ['die'] } };
    expect(counted([plain, plain, lineOf({ after: 0, id: '0' })], policy).coverage).toMatchObject({
      agreed: 1,
      disputed: 8,
    });
  });
});

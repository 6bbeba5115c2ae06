import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DisputedEventAnswer, EventAnswer } from '#chaincode';
import type { Finding } from '../../reconciler/judgement.js';
import type { DailyReport } from '../../reports/model.js';
import { event2ledger, type Finished } from '../support/command.js';
import { type Actor, type Consortium, startConsortium } from '../support/consortium.js';
import { collectLyingTraces, DAY, HONEST, LIAR, truth } from '../support/lying-traces.js';
import { containerId } from '../support/trace-lines.js';

describe('an actor that lies, as the commands show it', () => {
  let consortium: Consortium;
  let collected: Record<Actor, Finished>;
  let reconciled: Finished;
  let finished: Finished;
  let report: DailyReport;
  let reportDir: string;

  const about = (name: string): Finding[] => report.findings.filter(({ object }) => object === containerId(name));

  beforeAll(async () => {
    consortium = await startConsortium();
    collected = await collectLyingTraces(consortium);
    reconciled = await consortium.reconcile();
    ({ finished, report, dir: reportDir } = await consortium.report(DAY));
  });
  afterAll(() => consortium?.close());

  it('collects each trace to its end', () => {
    for (const actor of [LIAR, ...HONEST]) {
      expect(collected[actor].code, collected[actor].stderr).toBe(0);
      expect(JSON.parse(collected[actor].stdout)).toMatchObject({ actor, attested: truth.length, behind: 0 });
    }
  });

  it('names the malformed line, counts it, and goes on', () => {
    expect(collected.UserMSP.stderr).toContain('line 9');
    expect(JSON.parse(collected.UserMSP.stdout)).toMatchObject({ malformed: 1 });
  });

  it('exits with 1 from reconcile and report, for there are findings', () => {
    expect([reconciled.code, finished.code]).toEqual([1, 1]);
  });

  it('finds the event left out', () => {
    expect(about('web-1')).toMatchObject([{ class: 'missing', action: 'die', dissent: [LIAR], majority: HONEST }]);
    expect(about('web-1')[0]?.absence).toMatchObject([{ actor: LIAR, by: 'watch' }]);
  });

  it('finds the attribute altered, and says which', () => {
    expect(about('web-2')).toMatchObject([{ class: 'differs', action: 'die', dissent: [LIAR], majority: HONEST }]);
    expect(about('web-2')[0]?.diff).toEqual([
      { path: 'attributes.exitCode', values: { DeveloperMSP: '0', ProviderMSP: '137', UserMSP: '0' } },
    ]);
  });

  it('finds the time moved, and the seconds it puts in dispute', () => {
    expect(about('web-3')).toMatchObject([{ class: 'differs', action: 'die', dissent: [LIAR], majority: HONEST }]);
    expect(about('web-3')[0]?.diff.map(({ path }) => path)).toEqual(['time']);
  });

  it('finds the event invented', () => {
    expect(about('web-9')).toMatchObject([
      { class: 'uncorroborated', action: 'start', dissent: [LIAR], majority: HONEST },
    ]);
  });

  it('finds the gap that the malformed line left, and nothing else', () => {
    const rest = report.findings.filter(({ object }) => object === undefined);
    expect(rest).toMatchObject([{ class: 'gap', dissent: ['UserMSP'] }]);
    expect(report.findings).toHaveLength(5);
  });

  it('accounts for every event', () => {
    const { events, agreed, disputed, pending, unobservable } = report.coverage;
    expect({ events, disputed, pending }).toEqual({ events: truth.length + 1, disputed: 4, pending: 0 });
    expect(agreed + disputed + pending + unobservable).toBe(events);
    expect(report.sealed).toBe(true);
  });

  it('writes every format, the page in one file that loads nothing', () => {
    const page = readFileSync(join(reportDir, `${DAY}.html`), 'utf8');
    expect(page).toContain(LIAR);
    expect(page).not.toMatch(/(?:src|href)="?https?:/);
    expect(readFileSync(join(reportDir, `${DAY}.md`), 'utf8')).toContain('web-9');
    expect(readFileSync(join(reportDir, `${DAY}.csv`), 'utf8')).toContain('uncorroborated');
  });

  it("comes to the same bytes with another actor's reconciler", async () => {
    await consortium.reconcile('DeveloperMSP');
    const other = await consortium.report(DAY, 'DeveloperMSP');
    expect(readFileSync(join(other.dir, `${DAY}.json`))).toEqual(readFileSync(join(reportDir, `${DAY}.json`)));
  });

  it('gives the disputed events without any reconciler', async () => {
    const args = ['query', 'disputed', '--day', DAY, '--profile', consortium.profile('UserMSP'), '--json'];
    const { code, stdout } = await event2ledger(args);
    expect(code).toBe(1);
    const disputed = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as DisputedEventAnswer);
    const kinds = disputed.map(({ event, absent }) => `${event.action} ${absent.map(({ actor }) => actor).join()}`);
    expect(kinds.sort()).toEqual([
      'die DeveloperMSP,UserMSP',
      'die DeveloperMSP,UserMSP',
      'die ProviderMSP',
      'die ProviderMSP',
      'die ProviderMSP',
      'start DeveloperMSP,UserMSP',
    ]);
  });

  it('gives one event by the reference that the report prints', async () => {
    const reference = about('web-1')[0]?.variants[0]?.reference ?? '';
    const args = ['query', 'event', reference, '--profile', consortium.profile('UserMSP'), '--json'];
    const { code, stdout } = await event2ledger(args);
    expect(code).toBe(0);
    const answer = JSON.parse(stdout) as EventAnswer;
    expect(answer).toMatchObject({ reference, event: { action: 'die', object: containerId('web-1') } });
    expect(answer.attestations.map(({ actor }) => actor)).toEqual(HONEST);
  });

  it('attests nothing twice when a trace is collected again', async () => {
    const file = join(consortium.dir, 'DeveloperMSP.ndjson');
    const again = await consortium.collect(
      'DeveloperMSP',
      ...['--source', `file:${file}`, '--source-id', 'engine-1', '--once', '--json'],
    );
    expect(again.code, again.stderr).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ events: truth.length, known: truth.length, attested: 0 });
  });
});

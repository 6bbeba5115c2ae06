import { describe, expect, it } from 'vitest';
import type { HashedEvent } from '#chaincode';
import type { Invocation } from '../../reconciler/ledger/block.js';
import { ACTORS, containerEvent, hashed, judge, Run, WHOLE_DAY, watch } from './support/history.js';

const [DEVELOPER = '', PROVIDER = '', USER = ''] = ACTORS;
const SECOND = 1_000_000_000n;

/** Each actor attests its list in one batch and watches the whole day. */
function oneBatchEach(lists: Record<string, readonly HashedEvent[]>): Invocation[] {
  return Object.entries(lists).map(([actor, events]) => new Run(actor).batch({ events, watches: [WHOLE_DAY] }));
}

const start = hashed(containerEvent('c1', 'start', 10n * SECOND));
const die = hashed(containerEvent('c1', 'die', 70n * SECOND, { exitCode: '0' }));
const life = [start, die];

describe('judging a day', () => {
  it('finds nothing where all attest the same', () => {
    const judgement = judge(oneBatchEach({ [PROVIDER]: life, [DEVELOPER]: life, [USER]: life }));
    expect(judgement.findings).toEqual([]);
    expect(judgement.coverage).toEqual({ events: 2, agreed: 2, disputed: 0, pending: 0, unobservable: 0 });
    expect(judgement.sealed).toBe(true);
    expect(judgement.running).toEqual([
      {
        object: 'c1',
        name: 'c1',
        image: 'hello-world',
        agreedSeconds: '60',
        perActor: { [DEVELOPER]: '60', [PROVIDER]: '60', [USER]: '60' },
        disputedSeconds: '0',
        unknownSeconds: '0',
      },
    ]);
    expect(judgement.bill).toEqual({ currency: 'EUR', agreed: '0.0006', disputed: '0' });
    expect(judgement.sums).toMatchObject([
      { by: 'image', value: 'hello-world', agreedSeconds: '60', agreed: '0.0006' },
    ]);
  });

  it('names the actor that left an event out, with the transaction of the watch that denies it', () => {
    const judgement = judge(oneBatchEach({ [PROVIDER]: [start], [DEVELOPER]: life, [USER]: life }));
    expect(judgement.findings).toHaveLength(1);
    expect(judgement.findings[0]).toMatchObject({
      class: 'missing',
      severity: 'high',
      action: 'die',
      majority: [DEVELOPER, USER],
      dissent: [PROVIDER],
      absence: [{ actor: PROVIDER, by: 'watch', block: '1' }],
    });
    expect(judgement.findings[0]?.variants[0]?.evidence.map(({ actor, number }) => [actor, number])).toEqual([
      [DEVELOPER, '2'],
      [USER, '2'],
    ]);
    expect(judgement.coverage).toMatchObject({ events: 2, agreed: 1, disputed: 1 });
    expect(judgement.actors.find(({ actor }) => actor === PROVIDER)).toMatchObject({
      attested: 1,
      missing: 1,
      differs: 0,
    });
  });

  it('pairs a moved event with the majority and shows the field', () => {
    const moved = hashed(containerEvent('c1', 'die', 3670n * SECOND, { exitCode: '0' }));
    const judgement = judge(oneBatchEach({ [PROVIDER]: [start, moved], [DEVELOPER]: life, [USER]: life }));
    expect(judgement.findings).toHaveLength(1);
    expect(judgement.findings[0]).toMatchObject({ class: 'differs', dissent: [PROVIDER], majority: [DEVELOPER, USER] });
    expect(judgement.findings[0]?.diff).toEqual([
      {
        path: 'time',
        values: { [DEVELOPER]: die.event.time, [PROVIDER]: moved.event.time, [USER]: die.event.time },
      },
    ]);
    expect(judgement.coverage).toMatchObject({ events: 2, agreed: 1, disputed: 1 });
    expect(judgement.running[0]).toMatchObject({ agreedSeconds: '60', disputedSeconds: '3600' });
  });

  it('says uncorroborated of what one actor invented', () => {
    const invented = hashed(containerEvent('ghost', 'start', 100n * SECOND));
    const judgement = judge(oneBatchEach({ [PROVIDER]: [...life, invented], [DEVELOPER]: life, [USER]: life }));
    expect(judgement.findings).toHaveLength(1);
    expect(judgement.findings[0]).toMatchObject({
      class: 'uncorroborated',
      dissent: [PROVIDER],
      majority: [DEVELOPER, USER],
      verdict: 'uncorroborated',
    });
  });

  it('puts three contents side by side where none has a majority', () => {
    const dies = [71n, 72n].map((second) => hashed(containerEvent('c1', 'die', second * SECOND, { exitCode: '0' })));
    const lists = {
      [PROVIDER]: [start, dies[0] as HashedEvent],
      [DEVELOPER]: [start, dies[1] as HashedEvent],
      [USER]: life,
    };
    const judgement = judge(oneBatchEach(lists));
    expect(judgement.findings).toHaveLength(1);
    expect(judgement.findings[0]).toMatchObject({ class: 'differs', verdict: 'unresolved', majority: [], dissent: [] });
    expect(judgement.findings[0]?.variants).toHaveLength(3);
    expect(judgement.coverage).toMatchObject({ events: 2, agreed: 1, disputed: 1 });
  });

  it('keeps an event pending while a witness has neither attested nor watched that far', () => {
    const invocations = [
      new Run(PROVIDER).batch({ events: [start], watches: [watch(0, 60)], sentAt: 60 }),
      new Run(DEVELOPER).batch({ events: life, watches: [watch(0, 80)], sentAt: 80 }),
      new Run(USER).batch({ events: life, watches: [watch(0, 80)], sentAt: 80 }),
    ];
    const judgement = judge(invocations);
    expect(judgement.sealed).toBe(false);
    expect(judgement.findings).toEqual([]);
    expect(judgement.coverage).toMatchObject({ agreed: 1, pending: 1 });
  });

  it('holds the deadline, on the ledger clock alone', () => {
    const provider = new Run(PROVIDER);
    const developer = new Run(DEVELOPER);
    const user = new Run(USER);
    const invocations = [
      provider.batch({ events: [start], watches: [watch(0, 60)], sentAt: 60 }),
      developer.batch({ events: life, watches: [watch(0, 80)], sentAt: 80 }),
      user.batch({ events: life, watches: [watch(0, 80)], sentAt: 80 }),
    ];
    const laterOn = (seconds: number) => [
      developer.batch({ watches: [watch(0, 80)], sentAt: seconds }),
      user.batch({ watches: [watch(0, 80)], sentAt: seconds }),
    ];
    // Appearance is at 80 s; the deadline is 600 s.
    expect(judge([...invocations, ...laterOn(680)]).findings).toEqual([]);
    const judgement = judge([...invocations, ...laterOn(680), ...laterOn(681)]);
    expect(judgement.findings.filter((finding) => finding.class !== 'silent')).toMatchObject([
      { class: 'missing', dissent: [PROVIDER], absence: [{ by: 'deadline' }] },
    ]);
  });

  it('calls an attestation late after appearance plus grace, and still counts it', () => {
    const provider = new Run(PROVIDER);
    const developer = new Run(DEVELOPER);
    const user = new Run(USER);
    const judgement = judge([
      provider.batch({ watches: [watch(0, 5)], sentAt: 5 }),
      developer.batch({ events: life, watches: [WHOLE_DAY], sentAt: 80 }),
      user.batch({ events: life, watches: [WHOLE_DAY], sentAt: 80 }),
      developer.batch({ sentAt: 120 }),
      user.batch({ sentAt: 120 }),
      provider.batch({ events: life, watches: [WHOLE_DAY], sentAt: 120 }),
    ]);
    expect(judgement.findings.map(({ class: name, dissent }) => [name, dissent])).toEqual([
      ['late', [PROVIDER]],
      ['late', [PROVIDER]],
    ]);
    expect(judgement.coverage).toMatchObject({ events: 2, agreed: 2, disputed: 0 });
  });

  it('believes no watch before every batch of its run up to it is committed', () => {
    const provider = new Run(PROVIDER);
    const [first, second] = [provider.batch({ events: life }), provider.batch({ watches: [WHOLE_DAY] })];
    const others = oneBatchEach({ [DEVELOPER]: life, [USER]: life });
    const withoutFirst = judge([...others, second as Invocation]);
    expect(withoutFirst.sealed).toBe(false);
    expect(withoutFirst.findings).toEqual([]);
    expect(judge([...others, second as Invocation, first as Invocation])).toMatchObject({ sealed: true, findings: [] });
  });

  it('tells a blind actor from one that denies, and reports its hole', () => {
    const gap = { ...watch(60, 80), reason: 'dockerd restarted' };
    const judgement = judge([
      new Run(PROVIDER).batch({ events: [start], watches: [watch(0, 60), watch(80, 86_400)], gaps: [gap] }),
      ...oneBatchEach({ [DEVELOPER]: life, [USER]: life }),
    ]);
    expect(judgement.findings).toHaveLength(1);
    expect(judgement.findings[0]).toMatchObject({
      class: 'gap',
      dissent: [PROVIDER],
      time: gap.from,
      gap: { to: gap.to, reason: 'dockerd restarted', events: 1 },
    });
    expect(judgement.coverage).toEqual({ events: 2, agreed: 2, disputed: 0, pending: 0, unobservable: 0 });
    expect(judgement.running[0]).toMatchObject({ agreedSeconds: '60', disputedSeconds: '0' });
  });

  it('calls an event unobservable where a majority was blind', () => {
    const blind = { watches: [watch(0, 60), watch(80, 86_400)] };
    const judgement = judge([
      new Run(PROVIDER).batch({ events: [start], ...blind }),
      new Run(DEVELOPER).batch({ events: [start], ...blind }),
      ...oneBatchEach({ [USER]: life }),
    ]);
    expect(judgement.coverage).toMatchObject({ agreed: 1, unobservable: 1, disputed: 0 });
  });

  it('calls an event unobservable where half were blind and nobody denies it, and unresolved where somebody does', () => {
    const actors = ['A', 'B', 'C', 'D'];
    const blind = { watches: [watch(0, 60), watch(80, 86_400)] };
    const saying = (deniers: readonly string[]) =>
      judge(
        actors.map((actor, index) =>
          new Run(actor).batch(
            index < 2
              ? { events: life, watches: [WHOLE_DAY] }
              : { events: [start], ...(deniers.includes(actor) ? { watches: [WHOLE_DAY] } : blind) },
          ),
        ),
        { actors, sources: { '*': { witnesses: actors } } },
      );
    const nobody = saying([]);
    expect(nobody.findings.map(({ class: name }) => name)).toEqual(['gap', 'gap']);
    expect(nobody.coverage).toMatchObject({ agreed: 1, unobservable: 1, disputed: 0 });
    const one = saying(['C']).findings.filter(({ class: name }) => name !== 'gap');
    expect(one).toMatchObject([{ class: 'uncorroborated', verdict: 'unresolved', dissent: [] }]);
  });

  it('folds the events of an invented source and is not held up by it', () => {
    const invented = [1n, 2n].map((second) => hashed(containerEvent('g', 'start', second * SECOND), 'NOWHERE'));
    const judgement = judge(oneBatchEach({ [PROVIDER]: [...life, ...invented], [DEVELOPER]: life, [USER]: life }));
    expect(judgement.sealed).toBe(true);
    expect(judgement.findings).toHaveLength(1);
    expect(judgement.findings[0]).toMatchObject({
      class: 'uncorroborated',
      source: 'NOWHERE',
      dissent: [PROVIDER],
      folded: 2,
    });
  });

  it('takes the median of the times of what has no time of its own', () => {
    const removal = hashed({
      scope: 'swarm',
      type: 'service',
      action: 'remove',
      id: 'svc',
      attributes: new Map(),
      timeNano: '1',
    });
    const at = (second: bigint) => (1_795_305_600_000_000_000n + second * SECOND).toString();
    const judgement = judge([
      new Run(PROVIDER).batch({ watches: [WHOLE_DAY] }),
      new Run(DEVELOPER).batch({ events: [removal], t: at(30n), watches: [WHOLE_DAY] }),
      new Run(USER).batch({ events: [removal], t: at(31n), watches: [WHOLE_DAY] }),
    ]);
    expect(judgement.findings[0]).toMatchObject({ class: 'missing', dissent: [PROVIDER], time: at(30n) });
  });

  it('ignores a retry of the same bytes, and a batch signed by another collector', () => {
    const batches = oneBatchEach({ [PROVIDER]: life, [DEVELOPER]: life, [USER]: [start] });
    const forged = { ...(batches[0] as Invocation), signer: { actor: USER, commonName: 'collector-2', admin: false } };
    const judgement = judge([...batches.slice(0, 2), forged, batches[0] as Invocation, batches[2] as Invocation]);
    expect(judgement.findings.map(({ class: name, dissent }) => [name, dissent])).toEqual([['missing', [USER]]]);
  });

  it('accuses nobody of inventing a source before anybody else has spoken', () => {
    const first = new Run(PROVIDER).batch({ events: life, watches: [WHOLE_DAY] });
    expect(judge([first])).toMatchObject({ sealed: false, findings: [], coverage: { events: 2, pending: 2 } });
    const others = [DEVELOPER, USER].map((actor) => new Run(actor).batch({ sentAt: 10 }));
    expect(judge([first, ...others]).findings).toMatchObject([
      { class: 'uncorroborated', dissent: [PROVIDER], folded: 2 },
    ]);
  });

  it('counts a witness that never speaks as absent after two deadlines', () => {
    const speakers = [new Run(DEVELOPER), new Run(USER)];
    const all = (parts: Parameters<Run['batch']>[0]) => speakers.map((run) => run.batch(parts));
    const told = all({ events: life, watches: [watch(0, 80)], sentAt: 80 });
    expect(judge([...told, ...all({ sentAt: 1280 })]).coverage).toMatchObject({ pending: 2 });
    const judgement = judge([...told, ...all({ sentAt: 1281 })]);
    expect(judgement.findings).toMatchObject([
      { class: 'missing', dissent: [PROVIDER], absence: [{ actor: PROVIDER, by: 'deadline' }] },
      { class: 'missing', dissent: [PROVIDER], absence: [{ actor: PROVIDER, by: 'deadline' }] },
    ]);
  });

  it('lists an outsider that stands against the actors', () => {
    const invented = hashed(containerEvent('ghost', 'start', 100n * SECOND));
    const honest = oneBatchEach({ [PROVIDER]: life, [DEVELOPER]: life, [USER]: life });
    const judgement = judge([new Run('AuditorMSP').batch({ events: [invented] }), ...honest]);
    expect(judgement.findings).toMatchObject([{ class: 'uncorroborated', dissent: ['AuditorMSP'] }]);
    expect(judgement.actors.find(({ actor }) => actor === 'AuditorMSP')).toMatchObject({ uncorroborated: 1 });
  });
});

import { expect, it } from 'vitest';
import { completePolicy, parseEntry, policyText } from '#chaincode';
import { PolicyBook } from '../../reconciler/ledger/policy-book.js';
import { Sources } from '../../reconciler/ledger/sources.js';
import { openDatabase } from '../../reconciler/projection/database.js';
import { EventWindow } from '../../reconciler/projection/event-window.js';
import { LifeLog } from '../../reconciler/projection/life-log.js';
import { Tallies } from '../../reconciler/projection/tallies.js';
import { ACTORS, containerEvent, hashed } from './support/history.js';

it('an event that stays open holds on to no batch by the one that followed it', () => {
  const text = policyText(completePolicy({ from: '0', actors: [...ACTORS] }));
  const book = new PolicyBook({ proposals: [{ number: 1, text, approvals: [] }], inForce: [1] });
  const db = openDatabase(':memory:');
  const sources = new Sources();
  const window = new EventWindow(db, book, new Tallies(db), sources, new LifeLog(db));
  const entered = (second: number) => {
    const { canonical } = hashed(containerEvent(`c${second}`, 'start', BigInt(second)));
    const entry = parseEntry({ from: 1, entries: [{ b: canonical }] }, 0);
    return window.enter(entry, sources.named(entry.event.source), 1);
  };
  const [open, retired] = [entered(1), entered(2)];
  window.follows(retired, open);
  const attesting = (actor: string, runId: number) => ({ actor, runId, seq: 1 });
  window.attest(open, attesting(ACTORS[0] ?? '', 1), 1, undefined);
  for (const [runId, actor] of ACTORS.entries()) window.attest(retired, attesting(actor, runId), 1, undefined);
  expect(retired).toMatchObject({ isOpen: false, text: expect.stringContaining('start') });
  window.flush();
  expect(open.next).toBe(retired);
  expect(retired.text).toBe('');
  expect(window.open(open.text)).toBe(open);
  db.close();
});

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmallLedger } from '../proof/support/small-ledger.js';
import { event2ledger } from '../support/command.js';

const ACTORS = ['DeveloperMSP', 'ProviderMSP', 'UserMSP'];

describe('what is said about a day, with the profile of another ledger', () => {
  let own: SmallLedger;
  let other: SmallLedger;
  let height: bigint;
  beforeAll(async () => {
    own = await SmallLedger.start(ACTORS, 1);
    await own.reconcile('UserMSP');
    other = await SmallLedger.start(ACTORS, 1);
    height = await other.as('UserMSP').height();
  });
  afterAll(async () => {
    await own?.close();
    await other?.close();
  });

  it.each(['anchored', 'disputed'])('is not %s there', async (what) => {
    const { day, findings } = own.report;
    const given = ['--db', own.dbFile, '--day', day, '--profile', other.ledger.profilePath('UserMSP', 'reconciler')];
    const args =
      what === 'anchored'
        ? ['report', '--anchor', '--out', join(own.folder, 'out'), ...given]
        : ['dispute', 'open', findings[0]?.id ?? '', ...given];
    const { code, stderr } = await event2ledger(args);
    expect(code).toBe(2);
    expect(stderr).toContain(`The report of ${day} is of event2ledger on events, ledger ${own.report.ledger}`);
    expect(await other.as('UserMSP').height()).toBe(height);
  });
});

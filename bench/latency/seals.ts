/** What a seal and a restart cost a follower, each case with files of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { machine } from '../machine.js';
import { sealWith } from './seal.js';

/** Open events of the day after the one that is sealed. */
const OPEN = Number(process.env.SEAL);
/** Those of an actor beyond the policy's quota. */
const FLOOD = Number(process.env.FLOOD ?? OPEN);
const QUOTA = 10_000;

const directory = mkdtempSync(join(tmpdir(), 'event2ledger-bench-'));
try {
  console.log(`${machine()}; files in ${tmpdir()}; load ${loadavg()[0]?.toFixed(1)}\n`);
  console.log(
    '| of the open events | open | intake ms | first piece | longest piece | median | all pieces | pieces |\n|---|---|---|---|---|---|---|---|',
  );
  sealWith(join(directory, 'pending.db'), { open: OPEN, quota: 10 * OPEN, decided: false });
  sealWith(join(directory, 'decided.db'), { open: OPEN, quota: 10 * OPEN, decided: true });
  if (FLOOD > QUOTA) sealWith(join(directory, 'flood.db'), { open: FLOOD, quota: QUOTA, decided: false });
} finally {
  rmSync(directory, { recursive: true, force: true });
}

import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { read } from './documents.js';

const UNIT = 'event2ledger-collector.service';
const found = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' });
const reason = found.status === 0 ? undefined : 'no systemd-analyze (Debian: systemd)';
if (reason !== undefined) console.warn(`left out: the systemd unit: ${reason}`);

describe.skipIf(reason)(`the systemd unit${reason === undefined ? '' : `: left out: ${reason}`}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'e2l-unit-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const analyze = promisify(execFile);

  it('says nothing that systemd does not understand', async () => {
    const unit = join(dir, UNIT);
    // The program is not installed here; Node is.
    writeFileSync(unit, read(`deploy/${UNIT}`).replace('/usr/local/bin/event2ledger', process.execPath));
    const { stdout, stderr } = await analyze('systemd-analyze', ['verify', '--man=no', unit]);
    // Units of the machine's own may have faults of their own.
    const about = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('event2ledger'));
    expect(about).toEqual([]);
  });

  it.skipIf(/^systemd (\d+)/.exec(found.stdout ?? '')?.[1] === undefined)('is shut in', async () => {
    const unit = join(dir, UNIT);
    writeFileSync(unit, read(`deploy/${UNIT}`));
    const { stdout } = await analyze('systemd-analyze', [
      'security',
      '--offline=yes',
      '--threshold=20',
      '--no-pager',
      unit,
    ]);
    expect(stdout).toMatch(/Overall exposure level .*OK/);
  });
});

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { removeWithMounts } from '../../bench/mounts.js';

const reason = process.platform !== 'linux' || process.getuid?.() !== 0 ? 'mounting needs root on Linux' : undefined;
if (reason !== undefined) console.warn(`left out: folders with mounts: ${reason}`);

describe.skipIf(reason)(`a folder an engine left mounts in${reason ? `: left out: ${reason}` : ''}`, () => {
  it('is removed, however the mounts lie and are named', () => {
    const dir = mkdtempSync(join(tmpdir(), 'e2l-mounts-'));
    const outer = join(dir, 'with a blank');
    const inner = join(outer, 'within');
    mkdirSync(outer);
    execFileSync('mount', ['-t', 'tmpfs', 'outer', outer]);
    mkdirSync(inner);
    execFileSync('mount', ['-t', 'tmpfs', 'inner', inner]);
    writeFileSync(join(inner, 'file'), 'held');

    removeWithMounts(dir);

    expect(existsSync(dir)).toBe(false);
  });
});

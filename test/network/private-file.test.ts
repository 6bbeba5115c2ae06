import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { modeOpenToOthers } from '../../cli/private-file.js';
import { temporaryFolder } from './support/ledger.js';

describe('a file of its owner’s alone', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());
  const credentials = join(folder.path, 'credentials');
  mkdirSync(credentials);

  const file = (dir: string, mode: number) => {
    const path = join(dir, `key-${mode.toString(8)}`);
    writeFileSync(path, '');
    chmodSync(path, mode);
    return path;
  };

  it.each([0o600, 0o400])('is one with mode %o', (mode) => {
    expect(modeOpenToOthers(file(folder.path, mode))).toBe(undefined);
  });

  it.each([
    [0o640, '0640'],
    [0o440, '0440'],
    [0o604, '0604'],
    [0o610, '0610'],
    [0o666, '0666'],
  ])('is none with mode %o', (mode, shown) => {
    expect(modeOpenToOthers(file(folder.path, mode), credentials)).toBe(shown);
  });

  it('is one that systemd made so for the service', () => {
    // An access control list for the service's user shows as the group's right to read.
    expect(modeOpenToOthers(file(credentials, 0o440), credentials)).toBe(undefined);
    expect(modeOpenToOthers(file(credentials, 0o440), '')).toBe('0440');
    expect(modeOpenToOthers(file(credentials, 0o460), credentials)).toBe('0460');
    expect(modeOpenToOthers(file(credentials, 0o444), credentials)).toBe('0444');
    mkdirSync(join(credentials, 'deeper'));
    expect(modeOpenToOthers(file(join(credentials, 'deeper'), 0o440), credentials)).toBe('0440');
  });
});

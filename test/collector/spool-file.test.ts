import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import { Spool } from '../../collector/spool/spool.js';

const OWNER = { actor: 'A', collector: 'c', channel: 'ch', chaincode: 'cc', source: 'docker' };

describe('a file that cannot be a spool', () => {
  const dir = mkdtempSync(join(tmpdir(), 'e2l-spool-file-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('says what to do about the path', () => {
    writeFileSync(join(dir, 'file'), 'x', { mode: 0o600 });
    const said = (path: string) => {
      expect(() => new Spool(path, OWNER)).toThrow(expect.objectContaining({ name: 'CollectorError', code: 'SPOOL' }));
      try {
        new Spool(path, OWNER).close();
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    expect(said(join(dir, 'not/there/x.db'))).toMatch(/lies in a folder that does not exist; make it, or give another/);
    expect(said(join(dir, 'file/x.db'))).toMatch(/lies in what is no folder; correct its path/);
    expect(said(dir)).toMatch(/is a folder; give a file in it/);
    expect(said(join(dir, 'file'))).toMatch(/file is no spool; give another file with --spool\.$/);
    expect(readFileSync(join(dir, 'file'), 'utf8')).toBe('x');
  });

  it.each([0o600, 0o644])("leaves another program's database with mode %o as it is", (mode) => {
    const path = join(dir, `foreign-${mode}.db`);
    const foreign = new Database(path);
    foreign.exec('CREATE TABLE song (title TEXT)');
    foreign.close();
    chmodSync(path, mode);
    const before = readFileSync(path);
    expect(() => new Spool(path, OWNER)).toThrow(/is no spool; give another file with --spool\.$/);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(mode);
  });

  it('asks for a mode of its own where it is a spool, and gives room back to the disk', () => {
    const path = join(dir, 'spool.db');
    new Spool(path, OWNER).close();
    const database = new Database(path);
    expect(database.pragma('auto_vacuum', { simple: true })).toBe(2);
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    database.close();
    chmodSync(path, 0o644);
    expect(() => new Spool(path, OWNER)).toThrow(/is open to others \(mode 0644\); run chmod 600 on it/);
    chmodSync(path, 0o600);
    new Spool(path, OWNER).close();
  });
});

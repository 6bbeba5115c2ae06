import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkReport } from '../../reports/check.js';
import { event2ledger, type Finished } from '../support/command.js';

const NO_DOCKER = { env: { DOCKER_HOST: 'unix:///nonexistent/docker.sock' } };

describe('the demo where no Docker engine answers', () => {
  const dir = mkdtempSync(join(tmpdir(), 'e2l-demo-'));
  let finished: Finished;

  beforeAll(async () => {
    finished = await event2ledger(['demo'], { ...NO_DOCKER, cwd: dir });
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('says that it plays a recorded trace, and why', () => {
    expect(finished.stdout).toMatch(/no Docker engine answers.*recorded trace/);
  });

  it('finds what was planted and nothing else', () => {
    expect(finished.code, finished.stderr).toBe(0);
    const report = checkReport(JSON.parse(readFileSync(join(dir, 'event2ledger-demo', '2026-11-22.json'), 'utf8')));
    expect(report.findings.map((finding) => [finding.class, finding.action, finding.dissent.join()])).toEqual([
      ['missing', 'pause', 'ProviderMSP'],
      ['differs', 'die', 'ProviderMSP'],
      ['uncorroborated', 'start', 'ProviderMSP'],
    ]);
    expect(report.sealed).toBe(true);
    expect(report.coverage).toMatchObject({ disputed: 3, pending: 0, unobservable: 0 });
  });

  it('tells the seconds in dispute: the hour, the pause, the container that never was', () => {
    const report = checkReport(JSON.parse(readFileSync(join(dir, 'event2ledger-demo', '2026-11-22.json'), 'utf8')));
    const disputed = Object.fromEntries(
      report.running.map(({ name, disputedSeconds }) => [name, Math.round(Number(disputedSeconds))]),
    );
    expect(disputed).toMatchObject({ 'shop-backup-1': 3600, 'shop-worker-1': 40, 'shop-web-2': 0 });
    expect(disputed['shop-web-4']).toBeGreaterThan(3600);
    expect(finished.stdout).toMatch(/in dispute \(\d+\.\d+ EUR\)/);
  });

  it('writes a page to look at', () => {
    expect(existsSync(join(dir, 'event2ledger-demo', '2026-11-22.html'))).toBe(true);
    expect(finished.stdout).toMatch(/file:\/\/.*2026-11-22\.html/);
  });

  it('keeps the ledger in a folder of its own choosing, and does not use it twice', async () => {
    const args = ['demo', '--trace', '--data', join(dir, 'kept'), '--out', join(dir, 'report'), '--json'];
    const first = await event2ledger(args, NO_DOCKER);
    expect(first.code, first.stderr).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ asPlanned: true });
    const second = await event2ledger(args, NO_DOCKER);
    expect(second.code).toBe(2);
    expect(second.stderr).toMatch(/^event2ledger: .*holds a ledger already/);
  });

  it('does not fall back when an engine was asked for', async () => {
    const asked = await event2ledger(['demo', '--docker', 'unix:///nonexistent/docker.sock', '--out', dir]);
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain('no Docker engine answers');
  });
});

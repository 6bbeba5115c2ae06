import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { afterAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../cli/exit.js';
import { loadConfig, shownConfig } from '../../collector/config.js';
import { configSchema, SETTING_NAMES, variableOf } from '../../collector/config-settings.js';
import { byteSize, listenAddress } from '../../collector/config-values.js';

const dir = mkdtempSync(join(tmpdir(), 'e2l-config-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const NEEDED = { profile: 'p.json', source: 'docker' };

function file(content: string, name = 'collector.yml'): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

function refusal(input: Parameters<typeof loadConfig>[0]): string {
  try {
    loadConfig(input);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error('It was accepted.');
}

describe('where a setting comes from', () => {
  it('has defaults for all but profile and source', () => {
    expect(loadConfig({ env: {}, flags: NEEDED }).config).toEqual({
      ...NEEDED,
      'spool-limit': 2 ** 30,
      'batch-size': 500,
      once: false,
      'health-grace': 60,
      'log-level': 'info',
      'log-format': 'auto',
    });
  });

  // Each layer gives a value of its own; the strongest one given holds.
  const layer = fc.record({ file: fc.boolean(), env: fc.boolean(), flag: fc.boolean() });
  test.prop([layer])('flag over environment over file over default', (given) => {
    const path = file(given.file ? 'batch-size: 1\n' : '# nothing\n');
    const { config, origins } = loadConfig({
      file: path,
      env: given.env ? { E2L_BATCH_SIZE: '2' } : {},
      flags: { ...NEEDED, ...(given.flag ? { 'batch-size': '3' } : {}) },
    });
    const expected = given.flag
      ? [3, '--batch-size']
      : given.env
        ? [2, 'E2L_BATCH_SIZE']
        : given.file
          ? [1, path]
          : [500, undefined];
    expect([config['batch-size'], origins.get('batch-size')]).toEqual(expected);
  });

  it('reads every setting from YAML, from JSON and from the environment alike', () => {
    const values: Record<string, string> = {
      profile: '/p.json',
      source: 'docker:unix:///x',
      'source-id': 'host-1',
      spool: '/spool.db',
      'spool-limit': '1.5GiB',
      'batch-size': '10',
      once: 'true',
      through: '2026-11-23T00:00:00Z',
      metrics: '[::1]:9464',
      'health-grace': '0',
      'log-level': 'debug',
      'log-format': 'json',
    };
    expect(Object.keys(values)).toEqual(SETTING_NAMES);
    const expected = {
      ...values,
      'spool-limit': 1.5 * 2 ** 30,
      'batch-size': 10,
      once: true,
      through: '1795392000000000000',
      metrics: { host: '::1', port: 9464 },
      'health-grace': 0,
    };
    const json = file(JSON.stringify({ ...values, once: true, 'batch-size': 10 }), 'collector.json');
    const yaml = file(SETTING_NAMES.map((name) => `${name}: ${JSON.stringify(values[name])}`).join('\n'), 'all.yml');
    const env = Object.fromEntries(SETTING_NAMES.map((name) => [variableOf(name), values[name]]));
    for (const input of [
      { file: json, env: {}, flags: {} },
      { file: yaml, env: {}, flags: {} },
      { env: { E2L_CONFIG: yaml }, flags: {} },
      { env, flags: {} },
      { env: {}, flags: values },
    ]) {
      expect(loadConfig(input).config).toEqual(expected);
    }
  });

  it('takes paths in a file from its folder, others as they are', () => {
    const path = file('profile: me/profile.json\nspool: spool.db\nsource: file:monday.ndjson\n');
    expect(loadConfig({ file: path, env: {}, flags: {} }).config).toMatchObject({
      profile: join(dir, 'me/profile.json'),
      spool: join(dir, 'spool.db'),
      source: `file:${join(dir, 'monday.ndjson')}`,
    });
    expect(loadConfig({ file: path, env: { E2L_SPOOL: 'x.db' }, flags: {} }).config.spool).toBe('x.db');
  });

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig({ env: { E2L_SPOOL: '', E2L_CONFIG: '', E2L_ONCE: '' }, flags: NEEDED }).config.spool).toBe(
      undefined,
    );
  });

  it('shows who gave what, and no password', () => {
    const loaded = loadConfig({ env: { E2L_SOURCE: 'docker:tcp://me:secret@host:2376' }, flags: { profile: 'p' } });
    const shown = shownConfig(loaded);
    expect(shown.source).toEqual({ value: 'docker:tcp://me:***@host:2376', from: 'E2L_SOURCE' });
    expect(shown['batch-size']).toEqual({ value: 500, from: 'default' });
    expect(JSON.stringify(shown)).not.toContain('secret');
  });
});

describe('what is refused', () => {
  it('names each wrong setting and who gave it', () => {
    const path = file('batch-size: 0\nlog-level: loud\n');
    const message = refusal({
      file: path,
      env: { E2L_METRICS: 'nowhere', E2L_ONCE: 'perhaps' },
      flags: { 'spool-limit': '3 apples' },
    });
    expect(message).toContain(`batch-size (from ${path}) must be a whole number from 1 to 1000`);
    expect(message).toContain(`log-level (from ${path}) must be one of silent, error, warn, info, debug`);
    expect(message).toContain('metrics (from E2L_METRICS) must be HOST:PORT');
    expect(message).toContain('once (from E2L_ONCE) must be true or false');
    expect(message).toContain('spool-limit (from --spool-limit) must be a size such as');
    expect(message).toContain('profile is missing: give --profile, E2L_PROFILE, or profile in a config file');
  });

  it.each([
    [
      'profile: p\nsource: docker\nsorce: x\n',
      /sorce \(from .*collector\.yml\) is no setting; there are profile, source/,
    ],
    ['profile: p\nprofile: q\n', /no YAML or JSON \(line 2: /],
    ['{"profile": ', /no YAML or JSON/],
    ['- profile\n', /must hold settings/],
    ['profile: [a]\nsource: docker\n', /profile \(from .*\) must be a text/],
    ['profile: p\nsource: docker\nthrough: someday\n', /through \(from .*\) must be a time/],
    ['profile: p\nsource: docker\n__proto__: x\n', /is no setting/],
  ])('%j', (content, message) => {
    expect(refusal({ file: file(content), env: {}, flags: {} })).toMatch(message);
  });

  it('says that a config file is not there', () => {
    expect(refusal({ file: join(dir, 'none.yml'), env: {}, flags: {} })).toMatch(/none\.yml does not exist/);
    expect(refusal({ env: { E2L_CONFIG: dir }, flags: {} })).toMatch(/is a folder; give a file/);
  });

  test.prop([fc.dictionary(fc.constantFrom(...SETTING_NAMES), fc.anything())])(
    'whatever a file holds, it is a config or a sentence that names the file',
    (content) => {
      const path = file(JSON.stringify(content) ?? '{}', 'any.json');
      try {
        expect(configSchema.keyof().options).toEqual(
          expect.arrayContaining(Object.keys(loadConfig({ file: path, env: {}, flags: {} }).config)),
        );
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
        expect((error as Error).message).toMatch(/any\.json|is missing/);
      }
    },
  );
});

describe('values', () => {
  it.each([
    ['1048576', 2 ** 20],
    [1048576, 2 ** 20],
    ['2GiB', 2 ** 31],
    ['1.5 gb', 1.5e9],
    ['500MB', 5e8],
  ])('a size of %s', (text, bytes) => {
    expect(byteSize(1).parse(text)).toBe(bytes);
  });

  it.each(['', '-1', '1e9', 'GB', '1 XB', 'NaN', 0.5, Number.NaN, Number.POSITIVE_INFINITY, '99999999999999TiB'])(
    'no size: %s',
    (text) => {
      expect(byteSize(1).safeParse(text).success).toBe(false);
    },
  );

  it.each([
    ['9464', '127.0.0.1', 9464],
    [9464, '127.0.0.1', 9464],
    [':0', '127.0.0.1', 0],
    ['0.0.0.0:80', '0.0.0.0', 80],
    ['[::]:80', '::', 80],
    ['host.example:65535', 'host.example', 65535],
  ])('an address of %s', (text, host, port) => {
    expect(listenAddress.parse(text)).toEqual({ host, port });
  });

  it.each(['', 'host', 'host:', '::1:80', '1.2.3.4:65536', 'a b:1', 'http://x:1'])('no address: %s', (text) => {
    expect(listenAddress.safeParse(text).success).toBe(false);
  });
});

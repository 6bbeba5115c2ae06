import { describe, expect, it } from 'vitest';
import { SETTING_NAMES, variableOf } from '../../collector/config-settings.js';
import { metricsTable, read, section, settingsTable } from './documents.js';

const guide = read('docs/collector.md');

describe('docs/collector.md', () => {
  it('has the settings as they are', () => {
    expect(section(guide, 'settings')).toBe(settingsTable());
  });

  it('has the metrics as they are', () => {
    expect(section(guide, 'metrics')).toBe(metricsTable());
  });

  it('and the files of deploy/ name no variable that is none', () => {
    const known = new Set([...SETTING_NAMES.map(variableOf), 'E2L_CONFIG', 'E2L_TOKEN_PIN']);
    const files = ['Containerfile', 'swarm.yml', 'collector.env.example', 'event2ledger-collector.service'];
    for (const text of [guide, ...files.map((name) => read(`deploy/${name}`))]) {
      const named = new Set(text.match(/\bE2L_[A-Z_]*[A-Z]\b/g));
      expect([...named].filter((name) => !known.has(name))).toEqual([]);
    }
  });

  it('names only metrics that there are', () => {
    const table = metricsTable();
    for (const [, name] of guide.matchAll(/…([a-z_]{4,})/g))
      expect(table).toContain(`event2ledger_collector_${name}\``);
  });
});

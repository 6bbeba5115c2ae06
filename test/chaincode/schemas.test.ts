import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { hashed } from './support/events.js';

const require = createRequire(import.meta.url);
// Not part of the record format's own exports: the bundle needs no schemas.
const { jsonSchemas } = require('../../chaincode/dist/record/schemas.js') as {
  jsonSchemas(): Readonly<Record<string, { properties: object; required: readonly string[] }>>;
};
const folder = new URL('../../chaincode/schemas/', import.meta.url);

describe('the published schemas', () => {
  it('are those that the code gives', () => {
    const published = readdirSync(folder).map((file) => [
      file.replace('.schema.json', ''),
      JSON.parse(readFileSync(new URL(file, folder), 'utf8')),
    ]);
    expect(Object.fromEntries(published)).toEqual(JSON.parse(JSON.stringify(jsonSchemas())));
    expect(published.map(([name]) => name).sort()).toEqual([
      'anchor',
      'batch',
      'dispute-answer',
      'dispute-close',
      'dispute-open',
      'event',
      'event-page',
      'policy',
    ]);
  });

  it('name the fields that a canonical event has', () => {
    const { properties, required } = jsonSchemas().event ?? { properties: {}, required: [] };
    const { event } = hashed({ action: 'exec_create: sh' });
    expect(Object.keys(properties).sort()).toEqual(Object.keys(event).sort());
    const optional = ['detail', 'time'];
    expect([...required, ...optional].sort()).toEqual(Object.keys(event).sort());
  });
});

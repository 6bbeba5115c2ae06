import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * What each folder may import of the others, as ARCHITECTURE.md says: a folder, or the only files of it.
 * `#contract` is for the embedded ledger alone.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'chaincode/record': [],
  'chaincode/contract': ['chaincode/record'],
  cli: [],
  network: ['#chaincode', 'cli'],
  'network/messages': [],
  'network/fabric': ['#chaincode', 'network'],
  'network/embedded': ['#chaincode', '#contract', 'cli', 'network'],
  collector: ['#chaincode', 'cli', 'network/connection', 'network/errors', 'network/profile'],
  reconciler: ['#chaincode', 'cli', 'network/connection', 'network/errors', 'network/messages', 'network/profile'],
  reports: [
    '#chaincode',
    'cli',
    'reconciler/anchoring',
    'reconciler/archive',
    'reconciler/archived-blocks',
    'reconciler/daily-report',
    'reconciler/day-judgement',
    'reconciler/exchange-form',
    'reconciler/finding-form',
    'reconciler/judgement',
    'network/connection',
    'network/profile',
  ],
  compare: [
    '#chaincode',
    'cli',
    'exchange/compare-log',
    'reconciler/finding-form',
    'reconciler/judge',
    'reconciler/judgement',
    'reconciler/ledger/coverage',
    'reconciler/ledger/sources',
    'reports/format',
    'reports/phrase',
    'reports/sentence',
  ],
  export: ['#chaincode', 'cli', 'reconciler'],
  proof: ['#chaincode', 'cli', 'network/messages', 'reconciler', 'reports'],
  exchange: ['#chaincode', 'cli', 'collector', 'reconciler', 'network/connection', 'network/profile'],
  'exchange/protocol': [],
  demo: ['#chaincode', 'cli', 'network', 'collector', 'reconciler', 'reports'],
};

/** May import a command file's registering function. */
const ROOT_COMMAND = 'event2ledger.ts';

interface Import {
  readonly file: string;
  /** `#chaincode`, or a path from the root without its ending. */
  readonly target: string;
}

function importsOf(folder: string): Import[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return files.flatMap((name) => {
    const file = join(folder, name);
    const specifiers = readFileSync(join(root, file), 'utf8').matchAll(/from '([.#][^']*)'/g);
    return [...specifiers].map(([, specifier = '']) => ({
      file,
      target: specifier.startsWith('#')
        ? specifier
        : relative(root, resolve(root, file, '..', specifier)).replace(/\.js$/, ''),
    }));
  });
}

const isWithin = (target: string, place: string) => target === place || target.startsWith(`${place}/`);

describe('imports', () => {
  it.each(Object.entries(MAY_IMPORT))('%s imports only what ARCHITECTURE.md allows it', (folder, allowed) => {
    const inner = Object.keys(MAY_IMPORT).filter((other) => other !== folder && other.startsWith(`${folder}/`));
    const own = importsOf(folder).filter(({ file }) => !inner.some((other) => isWithin(file, other)));
    expect(own.length).toBeGreaterThan(0);
    const wrong = own.filter(({ target }) => ![folder, ...allowed].some((place) => isWithin(target, place)));
    expect(wrong).toEqual([]);
  });

  it('nobody but the root imports a command', () => {
    const commands = Object.keys(MAY_IMPORT)
      .flatMap(importsOf)
      .filter(({ target }) => /(^|\/)([a-z]+-)?command$/.test(target) && target !== 'cli/command');
    // A folder's several commands may share their parts.
    expect(commands.filter(({ file, target }) => file.split('/')[0] !== target.split('/')[0])).toEqual([]);
    expect(readFileSync(join(root, ROOT_COMMAND), 'utf8')).toContain('./demo/command.js');
  });
});

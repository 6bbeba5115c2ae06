import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../collector/log.js';
import { dockerSource } from '../../collector/source/docker.js';
import type { Engine } from '../../collector/source/docker-engine.js';
import { podmanAware } from '../../collector/source/podman.js';
import { DAY, line, NOTHING_KNOWN } from './events.js';

const S = 1_000_000_000n;
const never = new AbortController().signal;

/** Podman, with a log of this text. */
function podman(log: Iterable<Buffer>, named = true): Engine {
  const state = { id: 'made up', cluster: undefined, swarm: 'none' as const, listeners: 0, now: DAY.toString() };
  return podmanAware(
    {
      state: async () => state,
      events: async () => Readable.from(log, { objectMode: false, highWaterMark: 1 }),
      get: async () => ({ BuildahVersion: '1.28.2' }),
    },
    named,
  );
}

const until = (DAY + 5n * S).toString();

async function replayed(log: string[]): Promise<string> {
  const stream = await podman(log.map((text) => Buffer.from(text))).events({ since: '1', until }, never);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

describe('a replay of Podman', () => {
  it('ends where it was asked to, however its chunks are cut', async () => {
    const texts = Array.from({ length: 10 }, (_, index) => line({ time: DAY + BigInt(index) * S, id: `c${index} é` }));
    const whole = texts.map((text) => `${text}\n`).join('');
    const pieces = whole.match(/.{1,7}/gs) ?? [];
    expect(await replayed(pieces)).toBe(
      texts
        .slice(0, 6)
        .map((text) => `${text}\n`)
        .join(''),
    );
  });

  it('that is cut short is passed on as such', async () => {
    const text = line({ time: DAY, id: 'c1' });
    expect(await replayed([`${text}\n`, text.slice(0, 30)])).toBe(`${text}\n${text.slice(0, 30)}`);
  });

  it('of a log without an end is read no further than it is wanted', async () => {
    let read = 0;
    function* endless() {
      for (; ; read++) yield Buffer.from(`${line({ time: DAY, id: `c${read}` })}\n`);
    }
    const stream = await podman(endless()).events({ since: '1', until }, never);
    let taken = 0;
    for await (const _chunk of stream) if (++taken === 10) break;
    expect(read).toBeLessThan(1_000);
    expect(stream.destroyed).toBe(true);
  });
});

describe('Podman without a name', () => {
  it('ends the source: a setting is missing, and trying again would not help', async () => {
    const said: string[] = [];
    const log = { ...silentLog, warn: (text: string) => void said.push(text) };
    const observing = async () => {
      for await (const _group of dockerSource(podman([], false)).observe({
        memory: NOTHING_KNOWN,
        log,
        signal: never,
      }));
    };
    await expect(observing()).rejects.toMatchObject({
      code: 'SETTING',
      message: expect.stringContaining('--source-id'),
    });
    expect(said).toEqual([]);
  });
});

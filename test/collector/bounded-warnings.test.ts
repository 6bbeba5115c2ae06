import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { BoundedWarnings } from '../../collector/bounded-warnings.js';
import { silentLog } from '../../collector/log.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function warnings() {
  const said: string[] = [];
  const log = { ...silentLog, warn: (text: string) => void said.push(text) };
  return { said, bounded: new BoundedWarnings(log, (more) => `and ${more} more`) };
}

it('names fifty a minute, then how many more there were, and begins again', () => {
  const { said, bounded } = warnings();
  for (let index = 1; index <= 65; index++) bounded.warn(`line ${index}`);
  expect(said).toEqual(Array.from({ length: 50 }, (_, index) => `line ${index + 1}`));
  vi.advanceTimersByTime(60_000);
  expect(said.slice(50)).toEqual(['and 15 more']);
  bounded.warn('line 66');
  expect(said.slice(51)).toEqual(['line 66']);
});

it('sums up at the end of all, and says nothing where nothing was kept back', () => {
  const { said, bounded } = warnings();
  for (let index = 1; index <= 51; index++) bounded.warn('x');
  bounded.flush();
  bounded.flush();
  expect(said.slice(50)).toEqual(['and 1 more']);
});

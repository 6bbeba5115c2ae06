import { expect, it } from 'vitest';
import { Recent } from '../../collector/source/recent.js';

it('the texts in which one event comes again and again are remembered in bounded number', () => {
  const recent = new Recent();
  const identity = { id: 'one', source: 'ENGINE', time: '1', scope: 'local' as const };
  for (let index = 0; index < 10_000; index++) recent.add(identity, `text ${index}`);
  const remembered = Array.from({ length: 10_000 }, (_, index) => recent.readAs(`text ${index}`)).filter(Boolean);
  expect(remembered.length).toBeLessThan(5_000);
  expect(recent.readAs('text 9999')).toEqual(identity);
  expect(recent.has('one')).toBe(true);
});

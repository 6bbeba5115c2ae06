import { describe, expect, it } from 'vitest';
import { arrivals } from '../../reconciler/arrivals.js';

async function* numbers(count: number, fails = false): AsyncGenerator<number> {
  for (let number = 0; number < count; number += 1) yield number;
  if (fails) throw new Error('broken');
}

async function taken(source: AsyncIterable<number>, into: number[]): Promise<number[]> {
  for await (const some of arrivals(source)) into.push(...some);
  return into;
}

describe('what has arrived', () => {
  it('is given whole and in order, however much more there is than is read ahead', async () => {
    expect(await taken(numbers(1000), [])).toEqual(Array.from({ length: 1000 }, (_, at) => at));
    expect(await taken(numbers(0), [])).toEqual([]);
  });

  it('is given together where the taker is slower', async () => {
    const sizes: number[] = [];
    for await (const some of arrivals(numbers(100))) sizes.push(some.length);
    expect(Math.max(...sizes)).toBeGreaterThan(1);
  });

  it('is given before an error is thrown', async () => {
    const into: number[] = [];
    await expect(taken(numbers(70, true), into)).rejects.toThrow('broken');
    expect(into).toHaveLength(70);
  });

  it('is not waited for by a taker that has other work, who then waits again', async () => {
    let [work, turns] = [5, 0];
    let arrive = () => {};
    async function* late() {
      await new Promise<void>((resolve) => {
        arrive = resolve;
      });
      yield 1;
    }
    const into: number[] = [];
    for await (const some of arrivals(late(), () => work > 0)) {
      into.push(...some);
      if (some.length > 0) continue;
      turns += 1;
      work -= 1;
      if (work === 0) arrive();
    }
    expect(turns).toBe(5);
    expect(into).toEqual([1]);
  });

  it('is read no further when the taker leaves', async () => {
    let given = 0;
    async function* counted() {
      for await (const number of numbers(1000)) {
        given += 1;
        yield number;
      }
    }
    for await (const some of arrivals(counted())) if (some.length > 0) break;
    await new Promise((resolve) => setImmediate(resolve));
    expect(given).toBeLessThan(100);
  });
});

import { expect, it } from 'vitest';
import { alternate } from '../../bench/rounds.ts';

it('rounds alternate, each begins with another work, and warm-up does not count', async () => {
  const order: string[] = [];
  let now = 0;
  const work = (name: string, seconds: number) => async () => {
    order.push(name);
    now += seconds;
  };
  const works = { a: work('a', 1), b: work('b', 2), told: () => order.push('c') && 7 };
  const seconds = await alternate(works, { rounds: 2, clock: () => now });
  expect(order.join('')).toBe('abc' + 'bca' + 'cab');
  expect(seconds).toEqual({ a: [1, 1], b: [2, 2], told: [7, 7] });
});

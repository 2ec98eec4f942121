import { describe, expect, it } from 'vitest';
import { fillLatticeNormals, latticeNormalTable } from '../../src/noise/lattice-normals.ts';
import { createKey } from '../../src/random/key.ts';
import { normalCdf } from '../../src/stats/normal.ts';

// Fixed keys: these tests always give the same result. Had the keys been drawn at random, each of the 15 scores below, a standard normal
// number up to terms of order 1/√n, would leave (-5, 5) with probability 5.7e-7: a correct sampler fails here with probability below 1e-5.
const SCORE = 5;
const DRAWS = 1_000_000;

describe.each([0.12, 0.25, 0.5, 1, Math.PI / 7])('lattice normals, sigma = %d', (sigma) => {
  const reach = 255 * (1 + Math.max(1, Math.floor(6 * sigma)));
  const numbers = new Float32Array(DRAWS);
  const failed = (sample: number): void => expect.fail(`sample ${sample} failed`); // has probability below 1e-9
  fillLatticeNormals(
    'test',
    numbers,
    latticeNormalTable(sigma, reach),
    { key: createKey(9), start: 0, dimension: 100 },
    failed,
  );

  it('have mean 0, not the +1 of a sampler that counts one threshold too many', () => {
    const mean = numbers.reduce((sum, i) => sum + i, 0) / DRAWS;
    expect(Math.abs((mean * Math.sqrt(DRAWS)) / (255 * sigma))).toBeLessThan(SCORE);
  });

  it('have the variance of rounded normals, (255 sigma)^2 + 1/12', () => {
    const variance = (255 * sigma) ** 2 + 1 / 12; // the correction by Sheppard is exact here to far below the noise
    const mean = numbers.reduce((sum, i) => sum + i * i, 0) / DRAWS;
    expect(Math.abs((mean / variance - 1) * Math.sqrt(DRAWS / 2))).toBeLessThan(SCORE);
  });

  it('have the frequencies of the law (chi-square, one cell for each number, the tails together)', () => {
    const { last, expected } = cellsOf(sigma);
    const seen = expected.map(() => 0);
    for (const i of numbers) seen[Math.max(-last, Math.min(last, i)) + last]!++;
    const chiSquare = expected.reduce((sum, mean, cell) => sum + (seen[cell]! - mean) ** 2 / mean, 0);
    const freedom = expected.length - 1;
    const spread = 2 / (9 * freedom); // Wilson and Hilferty
    expect(freedom).toBeGreaterThan(150);
    expect(Math.abs((Math.cbrt(chiSquare / freedom) - (1 - spread)) / Math.sqrt(spread))).toBeLessThan(SCORE);
  });
});

/** Expected draws of −last, ..., last, the ends with their tails; `last` is the largest number expected at least 50 times. */
function cellsOf(sigma: number): { last: number; expected: number[] } {
  const below = (i: number): number => normalCdf((2 * i + 1) / (510 * sigma));
  let last = 0;
  while (DRAWS * (below(last + 1) - below(last)) >= 50) last++;
  const expected = Array.from({ length: 2 * last + 1 }, (_, cell) => {
    const i = -Math.abs(cell - last);
    return DRAWS * (i === -last ? below(i) : below(i) - below(i - 1));
  });
  return { last, expected };
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeletionNoise } from '../../src/noise/deletion-noise.ts';
import { editDistanceByWays } from './deletion-laws.ts';

const sequence = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 7 });
const noise = new DeletionNoise({ length: 8, deletion: 0.9, padId: 9 });

describe('the distance of two sequences', () => {
  it('is the least number of edits, counted kind by kind (fast-check)', () => {
    fc.assert(
      fc.property(sequence, sequence, (a, b) => {
        expect(noise.distance(noise.pad(a), noise.pad(b))).toBe(editDistanceByWays(a.join(''), b.join('')));
      }),
      { seed: 9, numRuns: 500 },
    );
  });
});

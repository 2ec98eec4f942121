import { describe, expect, it } from 'vitest';
import { AllAblations } from '../../src/noise/all-ablations.ts';
import { noiseOf } from '../../src/noise/noise-of.ts';
import { goldenFamily } from './golden-family.ts';

interface Row {
  readonly note: string;
  readonly positions: number;
  readonly keep: number;
  readonly votes: readonly number[];
  readonly counts: readonly number[];
  readonly label: number;
  readonly radius: number;
}
const { allSets } = goldenFamily<{ readonly allSets: readonly Row[] }>('discrete-l0');
const l0 = { norm: 'l0' } as const;

describe('AllAblations', () => {
  it.each(allSets.filter(({ positions, keep }) => keep < positions))(
    'all sets of $positions, $keep ($note): radius $radius',
    ({ positions, keep, votes, counts, label, radius }) => {
      const noise = new AllAblations({ inputShape: [positions], keep, positions: 'values' });
      expect(noise.copies).toBe(votes.length);
      expect(noise.radius(counts, label, l0)).toBe(radius);
    },
  );

  it('is -1 for a class that is not the most voted one, the lower index among equals', () => {
    const noise = new AllAblations({ inputShape: [6], keep: 1, positions: 'values' });
    expect(noise.radius([3, 3], 0, l0)).toBe(0);
    expect(noise.radius([3, 3], 1, l0)).toBe(-1);
    expect(noise.radius([2, 4], 0, l0)).toBe(-1);
  });

  it('counts its copies up to 2^31, and starts anywhere among them', () => {
    // C(65536, 2) = 2147450880, the largest number of pairs below 2^31.
    const noise = new AllAblations({ inputShape: [65_536], keep: 2, positions: 'values' });
    expect(noise.copies).toBe(2_147_450_880);
    expect(() => new AllAblations({ inputShape: [65_537], keep: 2, positions: 'values' })).toThrow('fewer than 2^31');
  });

  it('says what it is, and is made again from its record', () => {
    const noise = new AllAblations({ inputShape: [8], keep: 3, positions: 'tokens', encoding: { fill: 5 } });
    expect(noise).toMatchObject({
      name: 'all-ablations',
      norms: ['l0'],
      domain: 'tokens',
      copies: 56,
      parameters: { inputShape: [8], keep: 3, positions: 'tokens', encoding: 'fill', fill: 5 },
      assumptions: ['deterministic classifier independent of the batch'],
    });
    const again = noiseOf({ name: noise.name, parameters: noise.parameters });
    expect(again).toBeInstanceOf(AllAblations);
    expect(again.parameters).toEqual(noise.parameters);
  });
});

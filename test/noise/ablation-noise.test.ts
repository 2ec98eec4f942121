import { describe, expect, it } from 'vitest';
import { ablationRadius, subsetCount } from '../../src/noise/ablation-radius.ts';
import { AblationNoise } from '../../src/noise/ablation-noise.ts';
import { noiseOf } from '../../src/noise/noise-of.ts';
import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
import type { ProbabilityBound } from '../../src/types.ts';
import { boundOfQ, goldenFamily, upperBound } from './golden-family.ts';

interface Row {
  readonly positions: number;
  readonly keep: number;
  readonly q: string;
  readonly others: readonly string[];
  readonly other?: string;
  readonly k: number;
  readonly radius: number;
  readonly radiusRounded: number;
  readonly radiusOfOneBound: number;
  readonly pUpper: string;
  readonly alpha: string;
  readonly n: number;
  readonly votes: number;
}
const golden = goldenFamily<Record<string, readonly Row[]>>('discrete-l0');
const l0 = { norm: 'l0' } as const;

const noiseFor = ({ positions, keep }: Pick<Row, 'positions' | 'keep'>): AblationNoise =>
  new AblationNoise({ inputShape: [positions], keep, positions: 'values' });
const hidesSome = ({ positions, keep }: Row): boolean => keep < positions;
/** So many sets that multiples of the share of one make no difference. */
const manySets = (row: Row): boolean => subsetCount(row) > 2n ** 40n;

describe('the radius of AblationNoise', () => {
  it.each(golden['radius']!.filter(manySets))('$positions, $keep, q = $q: $radius', (row) => {
    expect(noiseFor(row).radius(boundOfQ(row.q), l0)).toBe(row.radius);
  });

  it.each(golden['radiusAgainst']!.filter(manySets))('$positions, $keep, q = $q, $others, k = $k: $radius', (row) => {
    expect(noiseFor(row).radiusAgainst(boundOfQ(row.q), row.others.map(upperBound), row.k, l0)).toBe(row.radius);
  });

  it.each(golden['certify']!.filter(hidesSome))('$votes of $n, $positions, $keep: $radius', (row) => {
    const noise = noiseFor(row);
    expect(noise.radius(boundOfQ(row.q), l0)).toBe(row.radius);
    expect(noise.radius(clopperPearsonLowerBound(row.votes, row.n, Number(row.alpha)), l0)).toBe(row.radius);
  });

  it.each(golden['certifyAgainst']!)('$votes of $n, two bounds, $positions, $keep: $radius', (row) => {
    expect(noiseFor(row).radiusAgainst(boundOfQ(row.q), [upperBound(row.pUpper)], 1, l0)).toBe(row.radius);
  });

  it.each(golden['rounded']!)('$positions, $keep, q = $q: $radiusRounded, of bounds taken to a multiple', (row) => {
    const noise = noiseFor(row);
    const radius =
      row.other === undefined
        ? noise.radius(boundOfQ(row.q), l0)
        : noise.radiusAgainst(boundOfQ(row.q), [upperBound(row.other)], 1, l0);
    expect(radius).toBe(row.radiusRounded);
  });

  it.each(golden['radius']!.filter((row) => hidesSome(row) && !manySets(row)))(
    '$positions, $keep, q = $q: not below $radius, of bounds as they are',
    (row) => {
      // The sampler is not quite uniform: that may cost a tie.
      const q = Number(row.q) + 2 ** -65 * row.positions * row.keep;
      const rounded = ablationRadius(row, { p: 1 - q, q }, [], 1, { rounded: true });
      expect(noiseFor(row).radius(boundOfQ(row.q), l0)).toBe(rounded);
      expect(rounded).toBeGreaterThanOrEqual(row.radius);
    },
  );

  // The table of largest radii: about ln 2 · d / k.
  it.each([
    [784, 45, 11],
    [784, 5, 101],
    [1024, 75, 9],
    [50_176, 1000, 34],
    [20, 6, 1],
    [100, 30, 1],
    [100, 10, 6],
    [200, 20, 6],
    [200, 2, 58],
  ])('of %i positions, %i kept, is at most %i', (positions, keep, largest) => {
    const noise = noiseFor({ positions, keep });
    expect(noise.radius({ p: 1, q: 0 }, l0)).toBe(largest);
    expect(noise.radiusAgainst({ p: 1, q: 0 }, [{ p: 0, q: 1 }], 1, l0)).toBe(largest);
  });

  it('pays for a sampler that is not quite uniform, where a tie would be won', () => {
    // τ = k d 2⁻⁶⁵ = 2⁻⁴⁴.
    const law = { positions: 2 ** 20, keep: 2 };
    const noise = noiseFor(law);
    const largest = noise.radius({ p: 1, q: 0 }, l0);
    const left = 2 ** 20 - largest;
    const edge = (left * (left - 1)) / (2 ** 20 * (2 ** 20 - 1)) - 0.5; // η − 1/2, within 2⁻⁵³
    const at = (q: number): number => noise.radius({ p: 1 - q, q }, l0);
    expect(at(edge - 2 ** -43)).toBe(largest);
    expect(at(edge - 2 ** -45)).toBe(largest - 1);
    expect(ablationRadius(law, { p: 1 - edge + 2 ** -45, q: edge - 2 ** -45 })).toBe(largest);
  });

  it('is -1 where not even the class is proven, and 0 where no change is', () => {
    const noise = noiseFor({ positions: 784, keep: 45 });
    const at = (p: number): number => noise.radius({ p, q: 1 - p }, l0);
    expect([at(0), at(0.5), at(0.5001), at(0.55)]).toEqual([-1, -1, 0, 0]);
    expect(noise.radiusAgainst(bound(0.4), [{ p: 0.4, q: 0.6 }], 1, l0)).toBe(-1);
    expect(noise.radiusAgainst(bound(0.4), [{ p: 0.39, q: 0.61 }], 1, l0)).toBe(0);
  });

  it('takes the part of a bound that claims less', () => {
    const noise = noiseFor({ positions: 784, keep: 45 });
    expect(noise.radius({ p: 0.6, q: 0.01 }, l0)).toBe(noise.radius(bound(0.6), l0));
    expect(noise.radius({ p: 0.99, q: 0.4 }, l0)).toBe(noise.radius(bound(0.6), l0));
    const others = [{ p: 0.1, q: 0.7 }];
    expect(noise.radiusAgainst(bound(0.5), others, 1, l0)).toBe(
      noise.radiusAgainst(bound(0.5), [{ p: 0.3, q: 0.7 }], 1, l0),
    );
  });

  it('does not believe the estimated share of RanMASK', () => {
    // 7 words, 3 kept, class 0 on 32 of 35 sets, among them all with word 0: without that word it is 17 of 35. A large share of votes
    // makes the factor λ of RanMASK small, and it certifies one change.
    const noise = new AblationNoise({ inputShape: [7], keep: 3, positions: 'tokens', encoding: { fill: 0 } });
    for (const n of [5000, 100_000, 10_000_000]) {
      const votes = Math.round((n * 32) / 35);
      expect(noise.radius(clopperPearsonLowerBound(votes, n, 0.05), l0)).toBe(0);
    }
    expect(noise.radius({ p: 32 / 35, q: 3 / 35 + 2 ** -53 }, l0)).toBe(0);
    expect(noise.radius({ p: 33 / 35, q: 2 / 35 }, l0)).toBe(1);
  });
});

const bound = (p: number): ProbabilityBound => ({ p, q: 1 - p });

describe('AblationNoise', () => {
  it('says what it is', () => {
    expect(new AblationNoise({ inputShape: [28, 28, 1], keep: 45 })).toMatchObject({
      name: 'ablation',
      norms: ['l0'],
      domain: 'unit',
      positions: 'pixels',
      encoding: 'double',
      parameters: { inputShape: [28, 28, 1], keep: 45, positions: 'pixels', encoding: 'double' },
      assumptions: ['uniform bits', 'deterministic classifier independent of the batch'],
    });
    const words = new AblationNoise({ inputShape: [40], keep: 4, positions: 'tokens', encoding: { fill: 3 } });
    expect(words.domain).toBe('tokens');
    expect(words.parameters).toEqual({ inputShape: [40], keep: 4, positions: 'tokens', encoding: 'fill', fill: 3 });
    expect(new AblationNoise({ inputShape: [5], keep: 1, positions: 'values', encoding: 'mask' }).domain).toBe('real');
  });

  it.each([
    [{ inputShape: [4, 4, 3], keep: 5 }, [4, 4, 6]],
    [{ inputShape: [4, 4, 3], keep: 5, encoding: 'mask' }, [4, 4, 4]],
    [{ inputShape: [4, 4, 3], keep: 5, encoding: { fill: [0.1, 0.2, 0.3] } }, [4, 4, 3]],
    [{ inputShape: [4, 4, 3], keep: 5, positions: 'values' }, [4, 4, 6]],
    [{ inputShape: [4, 4, 3], keep: 5, positions: 'values', encoding: 'mask' }, [4, 4, 6]],
    [{ inputShape: [9], keep: 5, positions: 'values' }, [18]],
    [{ inputShape: [9], keep: 5, positions: 'tokens', encoding: { fill: 1 } }, [9]],
  ] as const)('%o makes copies %o, and is made again from its record', (options, copyShape) => {
    const noise = new AblationNoise(options as never);
    expect(noise.copyShape(noise.inputShape)).toEqual(copyShape);
    const record = { name: noise.name, parameters: noise.parameters };
    const again = noiseOf(JSON.parse(JSON.stringify(record)) as typeof record);
    expect(again).toBeInstanceOf(AblationNoise);
    expect({ name: again.name, parameters: again.parameters }).toEqual(record);
    expect(again.copyShape?.(noise.inputShape)).toEqual(copyShape);
  });
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKey, GaussianNoise, type OptionError, type ProbabilityBound, SmoothedRegressor } from 'catrs';
import { anytimeOrderStatistic, lowerOrderStatistic, shiftDown } from 'catrs/stats';
import { radiusAbove } from '../../../src/smoothed/regression/percentile-levels.ts';
import { goldenFamily } from '../../noise/golden-family.ts';
import { useBackend } from '../../helpers/backends.ts';
import { thrownBy } from '../../helpers/errors.ts';
import { binomialCdf, identity, outputsOf, scriptedNoise } from './scripted-outputs.ts';

interface IndexRow {
  readonly percentile: number;
  readonly radiusOverSigma: number;
  readonly n: number;
  readonly alpha: number;
  readonly alphaSide: number;
  readonly lowerIndex: number | null;
  readonly upperIndex: number | null;
}

const golden = goldenFamily<{
  readonly indices: readonly (IndexRow & {
    readonly pLower: string;
    readonly pUpperComplement: string;
    readonly leastNLower: number;
    readonly leastNUpper: number;
  })[];
  readonly manyOutputs: readonly (IndexRow & { readonly outputs: number })[];
  readonly anytime: readonly {
    readonly percentile: number;
    readonly radiusOverSigma: number;
    readonly n: number;
    readonly alphaSide: number;
    readonly anytimeLowerIndex: number | null;
    readonly anytimeUpperIndex: number | null;
    readonly fixedLowerIndex: number;
  }[];
  readonly intervals: readonly {
    readonly percentile: number;
    readonly n: number;
    readonly alpha: number;
    readonly countBelow: number;
    readonly countUpTo: number;
    readonly belowUpperComplement: string;
    readonly upToLower: string;
    readonly radiusFromBelowOverSigma: string;
    readonly radiusFromAboveOverSigma: string;
    readonly radiusOverSigma: string | number;
    readonly abstained: boolean;
  }[];
  readonly samples: readonly (IndexRow & {
    readonly case: string;
    readonly values: readonly (number | string)[];
    readonly lower: number | null;
    readonly upper: number | null;
  })[];
  readonly officialIndices: readonly {
    readonly eps: number;
    readonly sigma: number;
    readonly n: number;
    readonly confidence: number;
    readonly officialLowerOrderStatistic: number;
    readonly exactLowerIndex: number | null;
    readonly exactUpperIndex: number | null;
    readonly allowed: string;
    readonly officialFailureLower: string;
  }[];
}>('outputs-quantile');

const key = createKey(1);
const sigma = 1; // radii are in units of sigma
const noise = new GaussianNoise({ sigma });

describe('golden rows of percentiles', () => {
  let x: tf.Tensor1D;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.tensor1d([0.5]);
  });

  it.each(golden.indices)(
    'index $lowerIndex to $upperIndex: P $percentile, ρ $radiusOverSigma, n $n, α $alpha',
    async (row) => {
      const { percentile, radiusOverSigma: radius, n, alpha, alphaSide, lowerIndex, upperIndex } = row;
      const level = { p: percentile, q: 1 - percentile };
      const lower = shiftDown(level, radius);
      const upper = shiftDown({ p: level.q, q: level.p }, radius);
      expect(lowerOrderStatistic(n, lower, alphaSide)).toBe(lowerIndex ?? 0);
      expect(n + 1 - lowerOrderStatistic(n, upper, alphaSide)).toBe(upperIndex ?? n + 1);
      if (alpha >= 0.5) return; // no level of a certificate
      const g = new SmoothedRegressor(identity, { noise, outputs: 1, percentile });
      const options = { key, n, alpha };
      const run = () => (radius === 0 ? g.predict(x, options) : g.certify(x, { ...options, radius }));
      if (lowerIndex === null && upperIndex === null) {
        const least = Math.min(row.leastNLower, row.leastNUpper);
        expect(((await thrownBy(run)) as OptionError).message).toContain(`\`n\` must be at least ${least}, got ${n}`);
        return;
      }
      const { looks, within, alphaSide: ours } = await run();
      expect(ours).toBe(alphaSide);
      expect(looks[0]?.statistics[0]).toMatchObject({ lowerIndex, upperIndex });
      // Levels: 1e-12 relative, never above the exact ones.
      const levels = [within[0]?.lowerLevel.p ?? NaN, within[0]?.upperLevel.p ?? NaN];
      const exact = [Number(row.pLower), Number(row.pUpperComplement)];
      levels.forEach((p, i) => expect(Math.abs(p / (exact[i] ?? NaN) - 1)).toBeLessThan(1e-12));
      levels.forEach((p, i) => expect(p).toBeLessThanOrEqual((exact[i] ?? NaN) * (radius === 0 ? 1 + 2 ** -52 : 1)));
    },
  );

  it.each(golden.manyOutputs.filter(({ outputs, n }) => outputs * n <= 4e6))(
    '$outputs outputs share α: indices $lowerIndex to $upperIndex of n $n',
    async ({ outputs, n, radiusOverSigma, alpha, percentile, alphaSide, lowerIndex, upperIndex }) => {
      const model = {
        classify: (values: Float32Array) => Float32Array.from({ length: values.length * outputs }, () => 0),
      };
      const g = new SmoothedRegressor(model, { noise, outputs, percentile });
      const c = await g.certify(x, { key, n, alpha, radius: radiusOverSigma });
      expect(c.alphaSide).toBe(alphaSide);
      expect(c.looks[0]?.statistics[0]).toMatchObject({ lowerIndex, upperIndex });
      expect(c.bounds).toHaveLength(outputs);
    },
  );

  it.each(golden.manyOutputs)('$outputs outputs, n $n: $lowerIndex', (row) => {
    const { percentile, radiusOverSigma, n, alphaSide, lowerIndex, outputs, alpha } = row;
    expect(alpha / (2 * outputs)).toBe(alphaSide);
    expect(lowerOrderStatistic(n, shiftDown({ p: percentile, q: 1 - percentile }, radiusOverSigma), alphaSide)).toBe(
      lowerIndex,
    );
  });

  it.each(golden.anytime)('at any time: $anytimeLowerIndex of n $n at ρ $radiusOverSigma', async (row) => {
    const { percentile, radiusOverSigma: radius, n, alphaSide, anytimeLowerIndex, anytimeUpperIndex } = row;
    const level = shiftDown({ p: percentile, q: 1 - percentile }, radius);
    expect(anytimeOrderStatistic(n, level, alphaSide)).toBe(anytimeLowerIndex ?? 0);
    expect(lowerOrderStatistic(n, level, alphaSide)).toBe(row.fixedLowerIndex);
    const g = new SmoothedRegressor(identity, { noise, outputs: 1, percentile });
    const run = () => g.certify(x, { key, n, alpha: 2 * alphaSide, radius, stop: { milliseconds: 1e9 } });
    if (anytimeLowerIndex === null) {
      expect(((await thrownBy(run)) as OptionError).field).toBe('n');
      return;
    }
    expect((await run()).looks[0]?.statistics[0]).toMatchObject({
      lowerIndex: anytimeLowerIndex,
      upperIndex: anytimeUpperIndex,
    });
  });

  it.each(golden.intervals)(
    'interval given: radius $radiusOverSigma of $countBelow below and $countUpTo up to, n $n, P $percentile',
    async ({ percentile, n, alpha, countBelow, countUpTo, radiusOverSigma, abstained }) => {
      const script = outputsOf((i) => (i < countBelow ? -1 : i < countUpTo ? 0.5 : 2));
      const g = new SmoothedRegressor(script, { noise: scriptedNoise(sigma), outputs: 1, percentile });
      const c = await g.certifyInterval(x, { key, n, alpha, low: 0, high: 1 });
      const exact = Number(radiusOverSigma);
      expect(c.abstained).toBe(abstained);
      expect(c.radius).toBeLessThanOrEqual(exact);
      // In units of sigma: near 1/2 a bound that is good to 1e-12 gives a radius that is no better.
      expect(c.radius).toBeGreaterThanOrEqual(exact - 1e-12 * Math.max(1, exact));
    },
  );

  it.each(golden.samples)('$case', async ({ percentile, radiusOverSigma: radius, alpha, values, ...row }) => {
    const outputs = values.map(Number);
    const g = new SmoothedRegressor(
      outputsOf((i) => outputs[i] ?? NaN),
      {
        ...{ noise: scriptedNoise(sigma), outputs: 1, percentile, nonFinite: 'worst' },
      },
    );
    const run = () => g.certify(x, { key, n: values.length, alpha, radius });
    if (row.lowerIndex === null && row.upperIndex === null) {
      expect(((await thrownBy(run)) as OptionError).field).toBe('n');
      return;
    }
    const { bounds, looks } = await run();
    expect(bounds).toEqual([{ lower: row.lower, upper: row.upper }]);
    expect(looks[0]?.statistics[0]).toMatchObject({ lowerIndex: row.lowerIndex, upperIndex: row.upperIndex });
  });

  it.each(golden.officialIndices)(
    'official code, ε $eps, n $n, confidence $confidence: its index fails, ours holds',
    async (row) => {
      const { eps, n, exactLowerIndex, exactUpperIndex, officialLowerOrderStatistic } = row;
      const allowed = Number(row.allowed);
      const level = shiftDown({ p: 0.5, q: 0.5 }, eps / row.sigma).p;
      // X_(i) is too high where at most i − 1 of n draws lie at or below the true quantile.
      const failure = (index: number): number => binomialCdf(index - 1, n, level);
      expect(failure(officialLowerOrderStatistic)).toBeGreaterThan(allowed);
      expect(failure(officialLowerOrderStatistic) / Number(row.officialFailureLower)).toBeCloseTo(1, 9);
      const g = new SmoothedRegressor(identity, { noise: new GaussianNoise({ sigma: row.sigma }), outputs: 1 });
      const options = { key, n, alpha: 2 * allowed };
      const run = () => (eps === 0 ? g.predict(x, options) : g.certify(x, { ...options, radius: eps }));
      if (exactLowerIndex === null) {
        // The official code reads past the end of its samples.
        expect(((await thrownBy(run)) as OptionError).field).toBe('n');
        return;
      }
      const { looks } = await run();
      expect(looks[0]?.statistics[0]).toMatchObject({ lowerIndex: exactLowerIndex, upperIndex: exactUpperIndex });
      expect(failure(exactLowerIndex)).toBeLessThanOrEqual(allowed);
    },
  );
});

describe('golden rows of intervals, from the exact bounds', () => {
  const gaussian = new GaussianNoise({ sigma: 1 });
  const request = { norm: 'l2', dimension: 1 } as const;
  const pair = (text: string): ProbabilityBound => ({ p: Number(text), q: 1 - Number(text) });

  // What a radius near 0 lacks of 1e-12 it lacks by the bound: 4e-13 of a bound near 1/2 are 1e-12 σ, and 2e-10 of a radius of 0.003 σ.
  it.each(golden.intervals)('radii $radiusFromBelowOverSigma and $radiusFromAboveOverSigma, P $percentile', (row) => {
    const { percentile: p } = row;
    for (const [level, bound, exact] of [
      [{ p: 1 - p, q: p }, row.belowUpperComplement, row.radiusFromBelowOverSigma],
      [{ p, q: 1 - p }, row.upToLower, row.radiusFromAboveOverSigma],
    ] as const) {
      const radius = radiusAbove(gaussian, level, pair(bound), request);
      expect(radius).toBeLessThanOrEqual(Math.max(0, Number(exact)));
      if (Number(exact) > 0) expect(1 - radius / Number(exact)).toBeLessThan(1e-12);
    }
  });
});

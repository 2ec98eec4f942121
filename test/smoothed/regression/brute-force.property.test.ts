import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey, type OutputBounds, SmoothedRegressor, verifyCertificate } from 'catrs';
import { shiftDown } from 'catrs/stats';
import { AllValues, BinCounts, EndValues } from '../../../src/smoothed/regression/ordered-values.ts';
import { ValueGrid } from '../../../src/smoothed/regression/value-grid.ts';
import { useBackend } from '../../helpers/backends.ts';
import { binomialCdf, outputsOf, scriptedNoise } from './scripted-outputs.ts';

const key = createKey(2);

/** Values with ties, infinities and, as undefined, samples that fail. */
const value = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -6, max: 6 }).map((v) => Math.fround(v / 3)) },
  { weight: 4, arbitrary: fc.float({ noNaN: true, noDefaultInfinity: true, min: -10, max: 10 }) },
  { weight: 1, arbitrary: fc.constantFrom(Infinity, -Infinity, -0) },
  { weight: 1, arbitrary: fc.constantFrom(undefined, NaN) },
);

/** The obvious twin: missing samples at both ends, everything sorted, and the index by sums of binomial terms. */
function bruteForce(
  values: readonly (number | undefined)[],
  { p, alphaSide }: { readonly p: number; readonly alphaSide: number },
): OutputBounds {
  const n = values.length;
  const isMissing = (one: number | undefined): boolean => one === undefined || Number.isNaN(one);
  const sorted = (missing: number): number[] =>
    values.map((one) => (isMissing(one) ? missing : (one as number))).sort((a, b) => a - b);
  let index = 0;
  while (index < n && binomialCdf(index, n, p) <= alphaSide) index++; // P(Bin ≤ i − 1) ≤ α
  if (index === 0) return { lower: null, upper: null };
  const [lower, upper] = [sorted(-Infinity)[index - 1] ?? NaN, sorted(Infinity)[n - index] ?? NaN];
  const always = lower === Infinity ? 'Infinity' : upper === -Infinity ? '-Infinity' : undefined;
  const shown = (one: number): number | null => (Number.isFinite(one) ? one + 0 : null);
  return { lower: shown(lower), upper: shown(upper), ...(always && { always }) };
}

describe('bounds of percentiles', () => {
  let x: tf.Tensor1D;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.tensor1d([0.5]);
  });
  afterAll(() => x.dispose());

  it('are those of the obvious computation, with ties, infinities and missing samples', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(value, { minLength: 30, maxLength: 90 }),
        fc.constantFrom(0.1, 0.4, 1.1),
        fc.constantFrom(0.2, 0.01),
        async (values, radius, alpha) => {
          const noise = scriptedNoise(1, (i) => values[i] === undefined);
          const g = new SmoothedRegressor(
            outputsOf((i) => values[i] ?? NaN),
            { noise, outputs: 1, nonFinite: 'worst' },
          );
          const { p } = shiftDown({ p: 0.5, q: 0.5 }, radius);
          const expected = bruteForce(values, { p, alphaSide: alpha / 2 });
          if (expected.lower === null && expected.upper === null && !expected.always) {
            const found = await g.certify(x, { key, n: values.length, alpha, radius }).catch(() => undefined);
            if (found) expect(found.bounds).toEqual([expected]);
            return;
          }
          const c = await g.certify(x, { key, n: values.length, alpha, radius, batchSize: 32 });
          expect(c.bounds).toEqual([expected]);
          expect(c.failures).toBe(values.filter((one) => one === undefined).length);
          expect(verifyCertificate(JSON.parse(JSON.stringify(c)) as typeof c, noise).faults).toEqual([]);
        },
      ),
      { seed: 5, numRuns: 150 },
    );
  });

  it('are the same whatever is kept: all values, the ends, several passes; a grid gives edges around them', async () => {
    const outputs = 5;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -4, max: 4 }), { minLength: 7, maxLength: 40 }),
        fc.integer({ min: 1, max: 7 }),
        async (pool, passes) => {
          const noise = scriptedNoise(1);
          const model = outputsOf((i) =>
            Array.from({ length: outputs }, (_, k) => pool[(i * (k + 1)) % pool.length] ?? 0),
          );
          const g = new SmoothedRegressor(model, { noise, outputs });
          const options = { key, n: 200, alpha: 0.05, radius: [0.3, 1.4] };
          const c = await g.certify(x, options);
          expect(await g.certify(x, { ...options, passes, batchSize: 60 })).toEqual(c);
          // One look at all of it, where all values are kept.
          const looked = await g.certify(x, { ...options, looks: [200] });
          expect(looked.within).toEqual(c.within);
          const grid = { low: -3, high: [3, 3, 3, 2.5, 3], bins: 37 };
          const coarse = await g.certify(x, { ...options, grid });
          expect(await g.certify(x, { ...options, grid, passes })).toEqual(coarse);
          for (const [k, { bounds }] of coarse.within.entries()) {
            for (const [i, { lower, upper }] of bounds.entries()) {
              const exact = c.within[k]?.bounds[i];
              const width = ((grid.high[i] ?? 0) - grid.low) / grid.bins;
              const [low, high] = [exact?.lower ?? NaN, exact?.upper ?? NaN];
              if (lower === null) expect(low).toBeLessThan(grid.low);
              else {
                expect(lower).toBeLessThanOrEqual(low);
                expect(low <= (grid.high[i] ?? 0) ? low - lower : 0).toBeLessThanOrEqual(width * (1 + 1e-9));
              }
              if (upper === null) expect(high).toBeGreaterThan(grid.high[i] ?? NaN);
              else {
                expect(upper).toBeGreaterThanOrEqual(high);
                expect(high >= grid.low ? upper - high : 0).toBeLessThanOrEqual(width * (1 + 1e-9));
              }
            }
          }
        },
      ),
      { seed: 6, numRuns: 40 },
    );
  });
});

describe('values in order', () => {
  const values = fc.array(
    fc.float({ noNaN: true }).map((v) => v + 0),
    { minLength: 1, maxLength: 80 },
  );

  it('gives the i-th smallest and largest at any look, and of kept ends those that were asked for', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 80 }), (all, few, look) => {
        const [kept, ends] = [new AllValues(all.length), new EndValues(few, look)];
        for (const [at, one] of all.entries()) {
          kept.add(one);
          ends.add(one);
          if ((at + 1) % look !== 0) continue;
          const sorted = all.slice(0, at + 1).sort((a, b) => a - b);
          expect(sorted.map((_, i) => kept.smallest(i + 1))).toEqual(sorted);
          expect(sorted.map((_, i) => kept.largest(i + 1))).toEqual([...sorted].reverse());
        }
        const sorted = [...all].sort((a, b) => a - b);
        for (let i = 1; i <= Math.min(few, all.length); i++) expect(ends.smallest(i)).toBe(sorted[i - 1]);
        for (let i = 1; i <= Math.min(look, all.length); i++) expect(ends.largest(i)).toBe(sorted[all.length - i]);
      }),
      { seed: 7 },
    );
  });

  it('puts a value in the bin whose edges are around it', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: -0.5, max: 1.5, noNaN: true }),
        (low, width, bins, share) => {
          const grid = new ValueGrid({ low, high: low + width, bins }, 0);
          for (const one of [low + share * width, low, low + width, grid.edge(bins >> 1), Infinity, -Infinity]) {
            const bin = grid.binOf(one);
            expect(grid.leftOf(bin)).toBeLessThanOrEqual(one);
            expect(grid.rightOf(bin)).toBeGreaterThanOrEqual(one);
            if (one !== low + width && Number.isFinite(grid.rightOf(bin)))
              expect(grid.rightOf(bin)).toBeGreaterThan(one);
            const counts = new BinCounts(grid);
            counts.add(one);
            expect([counts.smallest(1), counts.largest(1)]).toEqual([grid.leftOf(bin), grid.rightOf(bin)]);
          }
        },
      ),
      { seed: 8 },
    );
  });
});

import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CenterSmoothed, coveringIndex, createKey, manhattan, planCenter, verifyCertificate } from 'catrs';
import { shiftDown } from 'catrs/stats';
import { replay } from './replay.ts';

const keys = { predict: createKey(1), certify: createKey(2) };
const point = fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })).map((p) => [...p]);
const points = (minLength: number, maxLength: number) => fc.array(point, { minLength, maxLength });

it('is what sorting all distances gives, for any outputs, also those that repeat', async () => {
  await fc.assert(
    fc.asyncProperty(points(1, 6), points(1, 12), points(5, 12), points(6, 12), fc.boolean(), async (...given) => {
      const [candidates, samples, check, certification, isOfSamples] = given;
      const { noise, model } = replay({ candidates, samples, check, certification }, keys);
      const g = new CenterSmoothed(model, { noise, distance: manhattan, delta: 0.3 });
      const x = tf.zeros([1]);
      const sizes = { n: samples.length, check: check.length, alpha: 0.98 };
      const at = await g.predict(x, {
        ...{ key: keys.predict, ...sizes, candidates: isOfSamples ? 'samples' : candidates.length },
      });
      const from = isOfSamples ? samples : candidates;
      const far = (a: readonly number[], b: readonly number[]): number =>
        a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0);
      const m = Math.floor(samples.length / 2);
      const radii = from.map((z) => samples.map((s) => far(z, s)).sort((a, b) => a - b)[m] ?? Infinity);
      const radius = Math.min(...radii);
      const index = radii.indexOf(radius);
      const inside = check.filter((s) => far(from[index] ?? [], s) <= radius).length;
      expect(at).toMatchObject({ centerIndex: index, ballRadius: radius, inside });
      expect(at.abstained).toBe(inside < (at.leastInside ?? Infinity));

      const n = certification.length;
      const c = await g.certify(x, { center: from[index] ?? [], key: keys.certify, n, alpha: 0.45, radius: 0.1 });
      const j = coveringIndex({ n, outside: shiftDown({ p: 0.2, q: 0.8 }, 0.1), alpha: 0.45 });
      const distances = certification.map((s) => far(from[index] ?? [], s)).sort((a, b) => a - b);
      expect(c.distance).toBe(j === null ? null : 3 * (distances[j - 1] ?? NaN));
      // An order statistic, not a mean of two of them: the reference code interpolates.
      expect(distances).toContain(c.coveringRadius);
      expect(verifyCertificate(c, noise).faults).toEqual([]);
      x.dispose();
    }),
    { numRuns: 40, seed: 5 },
  );
}, 60_000);

it('needs more of the draws for a larger radius, less alpha and at any time', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.double({ min: 0, max: 2, noNaN: true }),
      fc.double({ min: 1e-4, max: 0.4, noNaN: true }),
      (n, rho, alpha) => {
        const at = (r: number, a: number, isAnytime = false): number =>
          coveringIndex({ n, outside: shiftDown({ p: 0.45, q: 0.55 }, r), alpha: a, isAnytime }) ?? n + 1;
        expect(at(rho + 0.1, alpha)).toBeGreaterThanOrEqual(at(rho, alpha));
        expect(at(rho, alpha / 2)).toBeGreaterThanOrEqual(at(rho, alpha));
        expect(at(rho, alpha, true)).toBeGreaterThanOrEqual(at(rho, alpha));
      },
    ),
    { numRuns: 100, seed: 6 },
  );
});

it('spends no more than alpha, and asks of more check samples a smaller share', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.02, max: 0.45, noNaN: true }),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 50, max: 3000 }),
      fc.double({ min: 1e-3, max: 0.3, noNaN: true }),
      (delta, candidates, n, alpha) => {
        const plan = planCenter({ delta, candidates, n, check: n, alpha });
        const { noCandidateInside, tooFewInside, left } = plan;
        // The sum here is rounded itself.
        expect(left).toBeLessThanOrEqual((alpha - noCandidateInside - tooFewInside) * (1 + Math.sign(left) * 1e-12));
        const more = planCenter({ delta, candidates, n, check: 2 * n, alpha });
        if (plan.leastInside !== null)
          expect((more.leastInside ?? Infinity) / (2 * n)).toBeLessThanOrEqual(plan.leastInside / n);
      },
    ),
    { numRuns: 100, seed: 7 },
  );
});

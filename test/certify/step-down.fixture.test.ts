import { describe, expect, it } from 'vitest';
import { stepDown, type Correction } from '../../src/index.ts';
import { leastDraws, levelOf } from '../../src/certify/step-down.ts';
import { clopperPearsonLowerBound, logMixtureEvidence } from '../../src/stats/index.ts';
import { goldenFamily } from '../noise/golden-family.ts';

interface Histogram {
  readonly correction: 'holm' | 'bonferroni' | 'kfwer';
  readonly allowedErrors: number;
  readonly components: number;
  readonly n: number;
  readonly tau: number;
  readonly alpha: number;
  readonly histogram: readonly (readonly [number, number])[];
  readonly certified: number;
  readonly leastCertifiedCount: number | null;
  readonly radiusOverSigma: string;
}

interface Critical {
  readonly n: number;
  readonly tau: number;
  readonly alpha: number;
  readonly components: number;
  readonly leastCount: number | null;
  readonly leastN: number;
}

interface Adaptive extends Omit<Critical, 'leastCount' | 'leastN'> {
  readonly n0: number;
  readonly adaptiveCertifyAcceptsFrom: number;
  readonly soundFrom: number;
}

const golden = goldenFamily<{
  readonly histograms: readonly Histogram[];
  readonly critical: readonly Critical[];
  readonly pvalues: readonly { n: number; count: number; tau: number; pValue: string }[];
  readonly adaptive: readonly Adaptive[];
}>('outputs-segmentation');

const correctionOf = (name: Histogram['correction']): Correction => (name === 'kfwer' ? 'k-fwer' : name);

describe('stepDown against exact numbers', () => {
  it.each(golden.histograms.map((row, i) => ({ ...row, i })))(
    'row $i: $correction, $components components, n = $n, tau = $tau',
    ({ correction, histogram, certified, leastCertifiedCount, components, ...settings }) => {
      const { n, tau, alpha, allowedErrors } = settings;
      const options = { n, tau, alpha, allowedErrors, correction: correctionOf(correction) };
      expect(stepDown(histogram, options)).toEqual({ certified, leastCertifiedCount, components });
      const shuffled = histogram.toSorted(([a], [b]) => ((a * 7919) % 101) - ((b * 7919) % 101));
      expect(stepDown(shuffled, options), 'in any order').toEqual({ certified, leastCertifiedCount, components });
    },
  );

  it.each(golden.critical)(
    'first step: n = $n, tau = $tau, $components components, alpha = $alpha',
    ({ n, tau, alpha, components, leastCount, leastN }) => {
      const settings = { tau, alpha, correction: 'holm', allowedErrors: 0, evidence: 'binomial' } as const;
      expect(leastDraws(components, settings)).toBe(leastN);
      const certifies = (count: number): boolean =>
        stepDown(
          components > 1
            ? [
                [count, 1],
                [0, components - 1],
              ]
            : [[count, 1]],
          { n, tau, alpha },
        ).certified === 1;
      if (n < leastN) {
        expect(leastCount).toBeNull();
        expect(() => certifies(n)).toThrow(`must be at least ${leastN} for ${components} components`);
        return;
      }
      expect(certifies(leastCount!)).toBe(true);
      expect(certifies(leastCount! - 1)).toBe(false);
    },
  );

  it('decides each p-value as its exact number says, on both sides of it', () => {
    for (const { n, count, tau, pValue } of golden.pvalues) {
      const p = Number(pValue);
      if (p >= 1) continue;
      expect(clopperPearsonLowerBound(count, n, p * (1 + 1e-9)).p, `${count} of ${n}`).toBeGreaterThanOrEqual(tau);
      expect(clopperPearsonLowerBound(count, n, p * (1 - 1e-9)).p, `${count} of ${n}`).toBeLessThan(tau);
    }
  });

  it.each([
    { tau: 0.75, fixed: 75, any: 81 },
    { tau: 0.9, fixed: 204, any: 220 },
    { tau: 0.95, fixed: 419, any: 452 },
    { tau: 0.99, fixed: 2136, any: undefined },
  ])('needs $fixed unanimous draws of 2 097 152 components at tau = $tau, $any at any time', ({ tau, fixed, any }) => {
    const settings = { tau, alpha: 0.001, correction: 'holm', allowedErrors: 0 } as const;
    expect(leastDraws(2_097_152, { ...settings, evidence: 'binomial' })).toBe(fixed);
    if (any !== undefined) expect(leastDraws(2_097_152, { ...settings, evidence: 'beta-mixture' })).toBe(any);
  });

  it.each(golden.adaptive)(
    'accepts from $soundFrom of $n, not from $adaptiveCertifyAcceptsFrom as adaptive-certify does ($components components, tau = $tau)',
    ({ n, n0, tau, alpha, components, adaptiveCertifyAcceptsFrom: wrong, soundFrom }) => {
      const certifies = (count: number): boolean =>
        stepDown(
          [
            [count, 1],
            [0, components - 1],
          ],
          { n, tau, alpha },
        ).certified === 1;
      expect(certifies(soundFrom)).toBe(true);
      expect(certifies(soundFrom - 1)).toBe(false);
      expect(certifies(wrong)).toBe(false);
      // The defect: a tail of n - n0 trials for a count out of n.
      const level = levelOf(1, components, { alpha, correction: 'holm', allowedErrors: 0 });
      const asCoded = (count: number): boolean =>
        clopperPearsonLowerBound(Math.min(count, n - n0), n - n0, level).p >= tau;
      expect(asCoded(wrong)).toBe(true);
      expect(asCoded(wrong - 1)).toBe(false);
    },
  );

  it('counts the evidence of a mixture with a prior of its own, never above the exact one', () => {
    expect(logMixtureEvidence([{ weight: 1, a: 0.5, b: 0.5 }], 81, 81, { p: 0.75, q: 0.25 }, 'above')).toBeGreaterThan(
      Math.log(2_097_152 / 0.001),
    );
  });
});

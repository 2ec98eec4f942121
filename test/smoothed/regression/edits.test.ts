import { beforeAll, describe, expect, it } from 'vitest';
import { type BoundsCertificate, type RadiusCertificate, type RegressionCertificate, verifyCertificate } from 'catrs';
import { useBackend } from '../../helpers/backends.ts';
import { checkEdits, failing, madeCertificates } from './edited.ts';

describe('an edited certificate of a smoothed regressor', () => {
  let made: Record<string, RegressionCertificate> = {};
  beforeAll(async () => {
    await useBackend('cpu');
    made = await madeCertificates();
  });

  it('is caught, whichever field it is', () => {
    for (const certificate of Object.values(made)) checkEdits(certificate, 13);
  });

  const faultsOf = (certificate: RegressionCertificate): readonly string[] =>
    verifyCertificate(certificate, failing).faults;

  it('is caught where a bound is tighter, with the statistic that it is or without', () => {
    const c = made['a fixed sample'] as BoundsCertificate;
    const [look] = c.looks;
    const tighter = { ...c, bounds: c.bounds.map((b) => ({ ...b, lower: (b.lower ?? 0) + 0.01 })) };
    expect(faultsOf(tighter)).toEqual([expect.stringMatching(/^bounds is .+ follows$/)]);
    const statistics = look?.statistics.map((one) => ({ ...one, lowerIndex: (one.lowerIndex ?? 0) + 1 })) ?? [];
    expect(faultsOf({ ...c, looks: [{ ...look!, statistics }] })).toEqual([
      expect.stringMatching(/^looks is .+ follows$/),
    ]);
    const swapped = look?.statistics.map((one) => ({ ...one, lower: one.upper, upper: one.lower })) ?? [];
    expect(faultsOf({ ...c, looks: [{ ...look!, statistics: swapped }] }).join()).toContain('is above upper');
  });

  it('is caught where an end lies beyond the values around it', () => {
    const c = made['an interval'] as RadiusCertificate;
    const [[before, after]] = c.aroundLow as [[number, number], unknown];
    expect(before < -0.98 && after >= -0.98).toBe(true);
    const low = (end: number): readonly string[] => faultsOf({ ...c, low: [end, null] });
    for (const end of [(before + after) / 2, after]) expect(low(end)).toEqual([]);
    for (const end of [before, after + 1e-6, -5])
      expect(low(end)).toEqual([expect.stringMatching(/^low of output 0 is .+, which does not lie between/)]);
  });

  it('is caught where its radius, level, counts or share of alpha are others', () => {
    const c = made['an interval'] as RadiusCertificate;
    expect(faultsOf({ ...c, radius: c.radius * 1.01 })).toHaveLength(1);
    expect(faultsOf({ ...c, below: [(c.below[0] ?? 0) - 1, null] })).not.toEqual([]);
    const b = made['one side'] as BoundsCertificate;
    expect(faultsOf({ ...b, sides: 'both' })).not.toEqual([]);
    expect(faultsOf({ ...b, alpha: 0.1 })).not.toEqual([]);
    expect(faultsOf({ ...b, percentile: 0.4 })).not.toEqual([]);
    expect(faultsOf({ ...b, stop: 'stop-at-width' })).toEqual([
      expect.stringContaining('which cannot be at 120 samples of 120'),
    ]);
    expect(faultsOf({ ...b, claim: 'bounds', rule: { name: 'anytime', parameters: { checkEvery: 10 } } })).not.toEqual(
      [],
    );
  });
});

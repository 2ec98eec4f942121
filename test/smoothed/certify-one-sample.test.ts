import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { certifyCounts } from '../../src/certify/counts.ts';
import type { Certificate } from '../../src/certify/types.ts';
import { OptionError } from '../../src/errors.ts';
import { certificationLog } from '../../src/evaluate/certification-log.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { CauchyNoise } from '../../src/noise/cauchy-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { certifyOneSample, type OneSampleRequest } from '../../src/smoothed/certify-one-sample.ts';
import { verifyCertificate } from '../../src/smoothed/verify-certificate.ts';
import { expectError } from '../helpers/errors.ts';

const noise = new GaussianNoise({ sigma: 0.25 });
const votes = { counts: [13, 964, 23], n: 1000, alpha: 0.001, noise };

describe('certifyOneSample', () => {
  it('with a given class is CERTIFY', () => {
    const certificate = certifyOneSample({ ...votes, label: 1 });
    const known = { countsSelection: [0, 1, 0], counts: votes.counts, n: 1000, alpha: 0.001 };
    const expected = certifyCounts({ ...known, noise, norm: 'l2', dimension: 1 });
    expect(certificate).toMatchObject(expected);
    expect(certificate).toMatchObject({
      ...{ key: null, n0: 0, countsSelection: [0, 0, 0], dimension: 0, topK: 1, failures: 0, stop: 'all-drawn' },
      assumptions: ['real arithmetic', 'counts drawn elsewhere', 'class chosen without the counts'],
    });
  });

  it('takes the given class, whatever the votes', () => {
    expect(certifyOneSample({ ...votes, label: 0 })).toMatchObject({ label: -1, cAHat: 0, nA: 13, radius: 0 });
    const second = { ...votes, counts: [5, 480, 500, 15], label: 1, topK: 2 };
    expect(certifyOneSample(second)).toMatchObject({ label: 1, topK: 2, abstained: false });
  });

  it('pays for the choice from the same counts', () => {
    const [given, chosen] = [certifyOneSample({ ...votes, label: 1, topK: 1 }), certifyOneSample(votes)];
    expect(chosen).toMatchObject({ label: 1, rule: { name: 'top-k', parameters: { k: 1, labelFrom: 'estimation' } } });
    expect(chosen.radius).toBeGreaterThan(0);
    expect(chosen.radius).toBeLessThan(given.radius);
    expect(chosen.pABar).toBeLessThan(given.pABar);
    expect(chosen.assumptions).toEqual(['real arithmetic', 'counts drawn elsewhere']);
  });

  it('missing votes count against the class, and never raise a radius', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(300), { minLength: 3, maxLength: 5 }),
        fc.nat(50),
        fc.option(fc.nat(2), { nil: undefined }),
        fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined }),
        (counts, missing, label, topK) => {
          const n = counts.reduce((sum, count) => sum + count, 0) + missing + 1;
          const request = { counts, n, alpha: 0.01, noise, label, topK };
          const certificate = certifyOneSample(request);
          expect(certificate.failures).toBe(missing + 1);
          const class_ = certificate.cAHat;
          // Wherever the missing votes went, but to the class: the claim is no larger than if that was known.
          for (const rival of counts.keys()) {
            if (rival === class_) continue;
            const all = counts.with(rival, (counts[rival] ?? 0) + missing + 1);
            const known = certifyOneSample({ ...request, counts: all });
            if (known.cAHat === class_) expect(certificate.radius).toBeLessThanOrEqual(known.radius * (1 + 1e-12));
          }
        },
      ),
      { numRuns: 200, seed: 1 },
    );
  });

  it('makes certificates that verify, also out of a log, and that claim nothing more', () => {
    for (const request of [
      { ...votes, label: 1 },
      { ...votes, counts: [13, 900, 23] },
      { ...votes, label: 2, topK: 2 },
      { ...votes, label: 1, norm: 'linf', dimension: 784 },
      { ...votes, norm: 'l1' },
    ] as const) {
      const certificate = certifyOneSample(request);
      expect(verifyCertificate(certificate, noise)).toMatchObject({ valid: true, radius: certificate.radius });
      const { label: predicted, radius, abstained } = certificate;
      const row = { index: 3, label: -1, predicted, radius, abstained, correct: false, milliseconds: 0, certificate };
      expect(parseCertificationLog(`# made by hand\n${certificationLog([row])}`)).toEqual([row]);
      const fault = (change: Partial<Certificate>): string =>
        verifyCertificate({ ...certificate, ...change }, noise).faults.join('; ');
      expect(fault({ radius: certificate.radius + 0.01 })).toContain('radius is');
      expect(fault({ assumptions: ['real arithmetic', 'counts drawn elsewhere', 'all is well'] })).toContain(
        'assumptions',
      );
      const lost = {
        failures: certificate.failures + 1,
        counts: certificate.counts.map((count) => Math.max(0, count - 1)),
      };
      expect(fault({ ...lost, nUsed: 999 })).toContain('are all of n = 1000');
      expect(fault({ n: 999, nUsed: 999 })).toContain('counts sum to');
    }
  });

  it('a certificate that hides how its class was chosen does not verify', () => {
    const chosen = certifyOneSample(votes);
    const given = certifyOneSample({ ...votes, label: 1 });
    const faults = (certificate: Certificate): readonly string[] => verifyCertificate(certificate, noise).faults;
    expect(faults({ ...given, assumptions: chosen.assumptions })).not.toEqual([]);
    expect(faults({ ...chosen, assumptions: ['real arithmetic'], key: [1, 2] })).toContain(
      'n0 is 0, but at least one sample chooses the class',
    );
    const sequential = { name: 'fixed-radius', parameters: { radius: 0.1 } };
    expect(faults({ ...given, rule: sequential }).join()).toContain('need fixed-sample with clopper-pearson, or top-k');
    const randomized = { name: 'fixed-sample', parameters: { bound: 'randomized-clopper-pearson' } };
    expect(faults({ ...given, rule: randomized }).join()).toContain('need fixed-sample with clopper-pearson, or top-k');
    expect(faults({ ...given, norm: 'linf' }).join()).toContain('dimension is not known, but linf radii');
    expect(() => faults({ ...given, assumptions: ['real arithmetic'] })).toThrow(OptionError);
  });

  it.each<[Partial<OneSampleRequest>, string]>([
    [
      { counts: [1.5, 2] },
      '`counts` must be a list of votes per class, whole numbers of at least 0 for at least 2 classes',
    ],
    [
      { counts: [-1, 2] },
      '`counts` must be a list of votes per class, whole numbers of at least 0 for at least 2 classes',
    ],
    [{ n: 999 }, '`counts` must have a sum of at most n = 999, got 1000'],
    [{ label: 3 }, '`label` must be below 3, the number of classes, got 3'],
    [{ topK: 3 }, '`k` must be below the number of classes, 3, got 3 (every class is among the top 3)'],
    [{ norm: 'linf' }, '`dimension` must be given for linf radii of gaussian noise, got undefined'],
    [{ alpha: 0.5 }, '`alpha` must be in (0, 1/2), got 0.5'],
    [{ noise: new CauchyNoise({ scale: 1 }), label: 1 }, '`dimension` must be given for'],
  ])('refuses %o', async (change, message) => {
    const run = (): unknown => certifyOneSample({ ...votes, ...change });
    if (message.includes('got')) await expectErrorThat(run, message);
    else expect(run).toThrow(message);
  });
});

async function expectErrorThat(run: () => unknown, message: string): Promise<void> {
  const call = message.startsWith('`k`') ? 'topK' : 'certifyOneSample';
  await expectError(run, OptionError, `${call}: ${message}`);
}

describe('certifyOneSample: the guarantee, exactly', () => {
  const [n, alpha] = [24, 0.05];
  const one = new GaussianNoise({ sigma: 1 });
  type Claim = (counts: readonly number[]) => { readonly cAHat: number; readonly radius: number };

  /** All outcomes of n draws from so many kinds. */
  function outcomes(kinds: number, total: number): number[][] {
    if (kinds === 1) return [[total]];
    return Array.from({ length: total + 1 }, (_, first) =>
      outcomes(kinds - 1, total - first).map((rest) => [first, ...rest]),
    ).flat();
  }

  const logFactorial = Array.from({ length: n + 1 }, (_, m) => {
    return Array.from({ length: m }, (_, i) => Math.log(i + 1)).reduce((sum, value) => sum + value, 0);
  });

  function probabilityOf(outcome: readonly number[], p: readonly number[]): number {
    const terms = outcome.map((count, c) => (count === 0 ? 0 : count * Math.log(p[c]!) - logFactorial[count]!));
    return Math.exp(terms.reduce((sum, term) => sum + term, logFactorial[n]!));
  }

  /** The radius that the class truly has among the k most probable, for the worst classifier; what failed counts for its rivals. */
  function truth(cAHat: number, k: number, p: readonly number[], failing: number): number {
    const own = p[cAHat]!;
    const rivals = p.filter((_, c) => c !== cAHat).map((probability) => Math.min(1 - own, probability + failing));
    const others = rivals.map((rival) => ({ p: rival, q: 1 - rival }));
    if (own === 0) return 0;
    return one.radiusAgainst({ p: own, q: 1 - own }, others, k, { norm: 'l2', dimension: 1 });
  }

  /** The largest probability over a grid of p that a claim goes beyond the truth; the last kind is a draw without a vote if `canFail`. */
  function worstFailure(claim: Claim, k: number, canFail: boolean): number {
    const all = outcomes(3, n).map((outcome) => {
      const counts = canFail ? outcome.slice(0, 2) : outcome;
      return { outcome, ...claim(counts) };
    });
    const claims = all.filter(({ radius }) => radius > 0);
    const grid = outcomes(3, 20).map((parts) => parts.map((part) => part / 20));
    return Math.max(
      ...grid.map((p) => {
        const classes = canFail ? p.slice(0, 2) : p;
        const true_ = classes.map((_, c) => truth(c, k, classes, canFail ? p[2]! : 0));
        const wrong = claims.filter(({ cAHat, radius }) => radius > true_[cAHat]! + 1e-12);
        return wrong.reduce((sum, { outcome }) => sum + probabilityOf(outcome, p), 0);
      }),
    );
  }

  it.each([
    ['the first class given', { label: 0 }, 1, false],
    ['the first class given, top 2', { label: 0, topK: 2 }, 2, false],
    ['chosen from the same counts', {}, 1, false],
    ['chosen from the same counts, top 2', { topK: 2 }, 2, false],
    ['given, where draws fail', { label: 0 }, 1, true],
    ['chosen, where draws fail', {}, 1, true],
  ] as const)('%s: wrong with probability of at most alpha', (_, how, k, canFail) => {
    const claim: Claim = (counts) => certifyOneSample({ counts, n, alpha, noise: one, ...how });
    const failure = worstFailure(claim, k, canFail);
    expect(failure).toBeLessThanOrEqual(alpha);
    expect(failure, 'the grid has cases in which it can be wrong').toBeGreaterThan(0);
  });

  it('CERTIFY with the class chosen from its own counts would be wrong more often', () => {
    const claim: Claim = (counts) =>
      certifyCounts({ countsSelection: counts, counts, n, alpha, noise: one, norm: 'l2', dimension: 1 });
    expect(worstFailure(claim, 1, false)).toBeGreaterThan(alpha);
  });
});

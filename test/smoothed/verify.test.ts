import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { fixedSample } from '../../src/certify/fixed-sample.ts';
import type { CertificationRule } from '../../src/certify/rule.ts';
import { stopAtDeadline, stopAtWidth } from '../../src/certify/stops.ts';
import { topTwo } from '../../src/certify/top-two.ts';
import type { Certificate } from '../../src/certify/types.ts';
import { OptionError } from '../../src/errors.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { reproduceCertificate } from '../../src/smoothed/reproduce-certificate.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import { verifyCertificate } from '../../src/smoothed/verify-certificate.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(8);
const noise = new GaussianNoise({ sigma: 0.5 });
const { logits } = linearClassifier([1, -1], 0.4);
const g = new SmoothedClassifier(logits, { noise, numClasses: 2 });
const soft = new SoftSmoothedClassifier(logits, { noise, numClasses: 2, beta: 3 });

const rules: readonly CertificationRule[] = [
  fixedSample(),
  fixedSample({ bound: 'randomized-clopper-pearson' }),
  topTwo(),
  fixedRadius({ radius: 0.2 }),
  fixedRadius({ radius: [0.1, 0.2, 0.25, 2] }),
  fixedRadius({ radius: 0.2, evidence: 'betting' }),
  anytimeRadius({ stops: [stopAtWidth({ width: 0.2 })] }),
];

describe('verifyCertificate and reproduceCertificate', () => {
  beforeAll(() => useBackend('cpu'));

  const certified = async (rule: CertificationRule, bias = 0.5): Promise<Certificate> => {
    const x = tf.tensor1d([bias, 0.5]);
    const certificate = await g.certify(x, { key, n0: 50, n: 1500, alpha: 0.01, rule });
    x.dispose();
    return certificate;
  };

  describe.each(rules)('of $name $parameters', (rule) => {
    it('finds nothing wrong with what certify returned, also after JSON', async () => {
      for (const bias of [0.5, 0.1, 0.9]) {
        const certificate = JSON.parse(JSON.stringify(await certified(rule, bias))) as Certificate;
        expect(verifyCertificate(certificate, noise)).toEqual({ valid: true, faults: [], radius: certificate.radius });
      }
    });

    it('finds every claim that is too large, and counts that do not fit', async () => {
      const certificate = await certified(rule);
      expect(certificate.radius).toBeGreaterThan(0);
      const { counts, nA, n, nUsed } = certificate;
      const tampered: Partial<Certificate>[] = [
        { radius: certificate.radius * (1 + 1e-9) },
        { pABar: certificate.pABar * (1 + 1e-9) },
        { qABar: certificate.qABar * (1 - 1e-9) },
        { label: 1 - certificate.label },
        { cAHat: 1 - certificate.cAHat },
        { nA: nA + 1 },
        { nUsed: nUsed + 1 },
        { nUsed: n + 1 },
        { failures: 1 },
        { counts: counts.map((count) => count + 1) },
        { countsSelection: [50, 1] },
        { abstained: true },
        { domain: 'uint8' },
      ];
      for (const change of tampered) {
        const { valid, faults } = verifyCertificate({ ...certificate, ...change }, noise);
        expect({ change, valid }).toEqual({ change, valid: false });
        expect(faults.length).toBeGreaterThan(0);
      }
    });

    it('does not believe a certificate with a smaller alpha than its bound was made for', async () => {
      const certificate = await certified(rule);
      expect(verifyCertificate({ ...certificate, alpha: 1e-9 }, noise).valid).toBe(false);
    });

    it('is drawn again from its key with the same votes, for another batch size', async () => {
      const certificate = await certified(rule);
      const x = tf.tensor1d([0.5, 0.5]);
      const again = await reproduceCertificate(g, x, certificate, { batchSize: 77 });
      expect(again).toEqual({ same: true, votesThatDiffer: 0, certificate });
      const other = tf.tensor1d([0.9, 0.5]);
      const differs = await reproduceCertificate(g, other, certificate);
      expect(differs.same).toBe(false);
      expect(differs.votesThatDiffer).toBeGreaterThan(0);
      tf.dispose([x, other]);
    });
  });

  it('finds moments of a sequential rule that no path of votes has', async () => {
    const certificate = await certified(fixedRadius({ radius: [0.1, 0.2] }));
    const [first, second] = certificate.steps!;
    const steps = [{ ...first!, nA: certificate.nA + 1 }, second!];
    expect(verifyCertificate({ ...certificate, steps }, noise).faults.join()).toMatch(/cannot follow/);
  });

  it('verifies and reproduces soft certificates, by the sums of their scores', async () => {
    const x = tf.tensor1d([0.5, 0.5]);
    const certificate = await soft.certify(x, { key, n: 400, alpha: 0.01 });
    expect(verifyCertificate(certificate, noise)).toEqual({ valid: true, faults: [], radius: certificate.radius });
    const more = { ...certificate, scores: { ...certificate.scores!, sum: certificate.scores!.sum - 5 } };
    expect(verifyCertificate(more, noise).valid).toBe(false);
    expect(await reproduceCertificate(soft, x, certificate)).toEqual({ same: true, votesThatDiffer: 0, certificate });
    x.dispose();
  });

  it('draws a run that a deadline stopped up to where it stopped', async () => {
    let time = 0;
    const rule = anytimeRadius({ stops: [stopAtDeadline({ milliseconds: 50, now: () => (time += 20) })] });
    const certificate = await certified(rule);
    expect(certificate).toMatchObject({ stop: 'stop-at-deadline' });
    expect(certificate.nUsed).toBeLessThan(1500);
    const x = tf.tensor1d([0.5, 0.5]);
    const again = await reproduceCertificate(g, x, certificate);
    expect(again).toMatchObject({ same: true, votesThatDiffer: 0 });
    x.dispose();
  });

  it('counts samples that could not be drawn as drawn and lost', async () => {
    const { counts, nUsed, nA, radius } = await certified(fixedSample());
    const base = await certified(fixedSample());
    // Ten votes for the class are lost.
    const failed = {
      ...base,
      counts: counts.map((c, i) => (i === base.cAHat ? c - 10 : c)),
      nA: nA - 10,
      failures: 10,
    };
    const verification = verifyCertificate(failed, noise);
    expect(verification.radius).toBeLessThan(radius);
    expect(verification.valid, 'the old radius no longer follows').toBe(false);
    expect(nUsed).toBe(1500);
  });

  it('refuses another noise, another kind of smoothing and what is no certificate', async () => {
    const certificate = await certified(fixedSample());
    await expectError(
      () => verifyCertificate(certificate, new GaussianNoise({ sigma: 0.25 })),
      OptionError,
      'verifyCertificate: `noise` must be the one that the certificate names, gaussian {"sigma":0.5}, ' +
        'got gaussian {"sigma":0.25}',
    );
    const x = tf.tensor1d([0.5, 0.5]);
    await expectError(
      () => reproduceCertificate(soft, x, certificate),
      OptionError,
      'reproduceCertificate: `g` must be the classifier that the certificate speaks of (hard smoothing), ' +
        'got soft smoothing with beta 3 (they are different classifiers)',
    );
    const softer = new SoftSmoothedClassifier(logits, { noise, numClasses: 2, beta: 1 });
    const ofSoft = await soft.certify(x, { key, n: 400, alpha: 0.01 });
    await expectError(
      () => reproduceCertificate(softer, x, ofSoft),
      OptionError,
      'reproduceCertificate: `g` must be the classifier that the certificate speaks of (soft smoothing with beta 3), ' +
        'got soft smoothing with beta 1 (they are different classifiers)',
    );
    await expectError(
      () => verifyCertificate({ ...certificate, counts: [1, -1] }, noise),
      OptionError,
      'verifyCertificate: `counts` must be a list of whole numbers of at least 0, got [1, -1]',
    );
    await expectError(
      () => verifyCertificate(undefined as never, noise),
      OptionError,
      'verifyCertificate: `certificate` must be a certificate, got undefined',
    );
    x.dispose();
  });
});

import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixedSample } from '../../src/certify/fixed-sample.ts';
import { parsePlan, planText } from '../../src/certify/plan-text.ts';
import { plannedRadius } from '../../src/certify/planned-radius.ts';
import { planLevel } from '../../src/certify/sampling-plan.ts';
import type { Certificate } from '../../src/certify/types.ts';
import { OptionError } from '../../src/errors.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import type { CertifyOptions } from '../../src/smoothed/call-options.ts';
import { reproduceCertificate } from '../../src/smoothed/reproduce-certificate.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import type { StreamExample } from '../../src/smoothed/types.ts';
import { verifyCertificate } from '../../src/smoothed/verify-certificate.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';
import { edits } from './edits.ts';
import { gaussian, hardCertificate, type Recipe } from './made-certificates.ts';
import { sampleIndices, votesOf } from './scripted.ts';

beforeAll(() => useBackend('cpu'));

const noise = new GaussianNoise({ sigma: 0.5 });
const linear = linearClassifier([2, -1], 0.1);
const g = new SmoothedClassifier(linear.logits, { noise, numClasses: 2 });
const points = [
  [0.4, 0.3],
  [0.2, 0.5],
  [0.9, 0.1],
  [0.25, 0.6],
  [0.5, 0.9],
];

async function stream(options: CertifyOptions): Promise<Certificate[]> {
  const images = points.map((values) => tf.tensor1d(values));
  const examples = (async function* (): AsyncGenerator<StreamExample> {
    for (const [index, x] of images.entries()) yield await Promise.resolve({ x, index });
  })();
  const found: Certificate[] = [];
  for await (const { certificate } of g.certifyStream(examples, options)) found.push(certificate);
  tf.dispose(images);
  return found;
}

const plansOf = ({ rule }: Certificate): readonly string[] => rule.parameters['plans'] as readonly string[];

describe('a planned certificate', () => {
  const runs: readonly (readonly [string, Omit<CertifyOptions, 'key'>])[] = [
    ['of one radius', { n: 600, n0: 20, checkEvery: 20, rule: plannedRadius({ radius: 0.1 }) }],
    ['of several radii', { n: 600, n0: 20, checkEvery: 20, rule: plannedRadius({ radius: [0.05, 0.2, 0.4] }) }],
    ['without a selection sample', { n: 600, n0: 0, checkEvery: 10, rule: plannedRadius({ radius: 0.1 }) }],
  ];

  it.each(runs)('%s does not depend on the batch size, is valid, and can be drawn again', async (_, options) => {
    const all = { ...options, key: createKey(5), alpha: 0.01 };
    const certificates = await stream(all);
    for (const batchSize of [1, 7, 64, 1000]) expect(await stream({ ...all, batchSize })).toEqual(certificates);
    expect(new Set(certificates.map(({ reason }) => reason))).toEqual(new Set(['certified', 'declined']));
    const [first] = certificates;
    for (const certificate of certificates) {
      expect(verifyCertificate(certificate, noise).faults).toEqual([]);
      expect(
        verifyCertificate(certificate, noise, { rule: { ...options.rule!, parameters: certificate.rule.parameters } })
          .faults,
      ).toEqual([]);
      expect(plansOf(certificate)).toEqual(plansOf(first!));
      expect(certificate.nUsed).toBeLessThanOrEqual(600);
    }
    const x = tf.tensor1d(points[2]!);
    const certificate = await g.certify(x, { ...all, batchSize: 3 });
    expect(await reproduceCertificate(g, x, certificate)).toMatchObject({ same: true, votesThatDiffer: 0 });
    x.dispose();
  });

  it('without a selection sample names the class of its votes', async () => {
    const numbers = sampleIndices();
    const at = new SmoothedClassifier(
      votesOf(() => 2, 4),
      { noise: numbers, numClasses: 4, inputRange: [-Infinity, Infinity] },
    );
    const x = tf.tensor1d([0]);
    const rule = plannedRadius({ radius: 0.2 });
    const c = await at.certify(x, { key: createKey(0), n0: 0, n: 200, checkEvery: 5, alpha: 0.01, rule });
    expect(c).toMatchObject({ label: 2, cAHat: 2, radius: 0.2, n0: 0, countsSelection: [0, 0, 0, 0] });
    expect(c.counts).toEqual([0, 0, c.nUsed, 0]);
    // No sample under another key.
    expect(new Set(numbers.requests.map(({ key }) => key.join())).size).toBe(1);
    expect(verifyCertificate(c, numbers).faults).toEqual([]);
    x.dispose();
  });

  it('counts samples that fail against every class', async () => {
    const numbers = sampleIndices((i) => i % 3 === 0);
    const at = new SmoothedClassifier(
      votesOf(() => 0, 2),
      { noise: numbers, numClasses: 2, inputRange: [-Infinity, Infinity] },
    );
    const x = tf.tensor1d([0]);
    const options = { key: createKey(0), n0: 0, n: 200, checkEvery: 5, alpha: 0.01 };
    const c = await at.certify(x, { ...options, rule: plannedRadius({ radius: 0.3 }) });
    expect(c).toMatchObject({ reason: 'declined', failures: Math.ceil(c.nUsed / 3) });
    expect(verifyCertificate(c, numbers).faults).toEqual([]);
    x.dispose();
  });
});

describe('no selection sample', () => {
  let x: tf.Tensor;
  beforeAll(() => void (x = tf.tensor1d([0.4, 0.3])));
  afterAll(() => x.dispose());
  const options = { key: createKey(0), n0: 0, n: 200 };

  it('is refused for rules that need one', async () => {
    const way = '(only plannedRadius with one radius chooses the class from the same votes)';
    for (const [rule, name] of [
      [undefined, 'fixed-sample'],
      [fixedSample(), 'fixed-sample'],
      [plannedRadius({ radius: [0.1, 0.2] }), 'planned-radius'],
    ] as const)
      await expectError(
        () => g.certify(x, { ...options, rule }),
        OptionError,
        `SmoothedClassifier.certify: \`n0\` must be at least 1 for this rule (${name}), got 0 ${way}`,
      );
    const soft = new SoftSmoothedClassifier(linear.logits, { noise, numClasses: 2 });
    await expectError(
      () => soft.certify(x, options),
      OptionError,
      'SoftSmoothedClassifier.certify: `n0` must be an integer from 1 to 1073741824 (2^30), got 0',
    );
    await expectError(
      () => g.certify(x, { ...options, n0: -1 }),
      OptionError,
      'SmoothedClassifier.certify: `n0` must be an integer from 0 to 1073741824 (2^30), got -1',
    );
  });

  it('is a fault of a certificate of another rule', () => {
    for (const rule of [fixedSample(), plannedRadius({ radius: [0.1, 0.2] })]) {
      const certificate = hardCertificate({ rule, p: 0.9 });
      const edited = { ...certificate, n0: 0, countsSelection: [0, 0, 0] };
      expect(verifyCertificate(edited, gaussian).valid).toBe(false);
    }
  });
});

describe('verifyCertificate', () => {
  const recipe: Recipe = { rule: plannedRadius({ radius: 0.2 }), p: 0.72, checkEvery: 20, n0: 50 };
  const made = (change: Partial<Recipe>): Certificate => hardCertificate({ ...recipe, ...change });
  const withPlans = (certificate: Certificate, plans: readonly string[]): Certificate => ({
    ...certificate,
    rule: { ...certificate.rule, parameters: { ...certificate.rule.parameters, plans } },
  });
  const faultsOf = (certificate: Certificate): readonly string[] => verifyCertificate(certificate, gaussian).faults;

  it.each([50, 0])('finds every boundary that was moved, n0 = %i', (n0) => {
    const certificate = made({ n0, p: 0.8 });
    expect(faultsOf(certificate)).toEqual([]);
    const plan = parsePlan(plansOf(certificate)[0]!)!;
    const last = plan.checks.length - 1;
    for (let j = 0; j <= last; j++)
      for (const by of [-2, -1, 1, 2])
        for (const name of ['up', 'low'] as const) {
          const other = { checks: plan.checks, up: [...plan.up], low: [...plan.low] };
          other[name][j]! += by;
          if (j === last) other[name === 'up' ? 'low' : 'up'][j]! += by;
          expect(faultsOf(withPlans(certificate, [planText(other)])), `${name} ${j} ${by}`).not.toEqual([]);
        }
    expect(faultsOf(withPlans(certificate, []))).toEqual(['rule has boundaries for 0 of 1 radii']);
    expect(faultsOf(withPlans(certificate, ['']))).not.toEqual([]);
  });

  it('finds another n, alpha, radius, worth or list of checks', () => {
    for (const n0 of [50, 0]) {
      const certificate = made({ n0, p: 0.8 });
      const { rule } = certificate;
      for (const change of [
        { alpha: 0.0101 },
        { alpha: 0.02 },
        { alpha: 0.001 },
        { n: 1001 },
        { n: 2000 },
        { n: 900 },
        { checkEvery: 10 },
        { checkEvery: 5 },
        { rule: { ...rule, parameters: { ...rule.parameters, worth: 11 } } },
        { rule: { ...rule, parameters: { ...rule.parameters, worth: 9 } } },
        { rule: { ...rule, parameters: { ...rule.parameters, radius: 0.21 } }, radius: 0.21 },
        { rule: { ...rule, parameters: { ...rule.parameters, radius: 0.19 } }, radius: 0.19 },
      ] as readonly Partial<Certificate>[])
        expect(faultsOf({ ...certificate, ...change }), JSON.stringify(change)).not.toEqual([]);
    }
  });

  it('finds every edit that claims more, whatever the field', () => {
    const smaller: Partial<Record<keyof Certificate, (edited: Certificate, from: Certificate) => boolean>> = {
      radius: (edited, from) => edited.radius > 0 && edited.radius <= from.radius * (1 + 1e-12),
      pABar: (edited, from) => edited.pABar <= from.pABar,
      qABar: (edited, from) => edited.qABar >= from.qABar,
      // Told from the image and the seed only.
      key: () => true,
      dimension: () => true,
      norm: ({ norm }) => norm === 'l1', // with the same radius
      // Other votes, with the same decisions.
      counts: (edited, from) => from.reason === 'declined' || edited.counts[from.cAHat] === from.nA,
      countsSelection: () => true,
      steps: ({ steps = [] }, from) => (steps.at(-1)?.radius ?? 0) >= from.radius * (1 - 1e-12),
      // The same boundaries follow.
      alpha: (edited, from) => Math.abs(edited.alpha / from.alpha - 1) < 1e-6,
      rule: (edited, from) => JSON.stringify(plansOf(edited)) === JSON.stringify(plansOf(from)),
    };
    let tried = 0;
    for (const certificate of [made({ p: 0.8 }), made({ p: 0.8, n0: 0 }), made({ p: 0.4 }), made({ p: 0.4, n0: 0 })])
      for (const { field, what, certificate: edited } of edits(certificate, 3, tried)) {
        tried++;
        let valid = false;
        try {
          valid = verifyCertificate(edited, gaussian).valid;
        } catch (error) {
          expect(error).toBeInstanceOf(OptionError);
        }
        if (valid) expect(smaller[field as keyof Certificate]?.(edited, certificate), what).toBe(true);
      }
    expect(tried).toBeGreaterThan(1500);
  });

  it('does not take boundaries that were fitted to the votes, at a level as good', () => {
    const settings = { p0: { p: 0.6554217416103242, q: 0.3445782583896758 }, choosesClass: false };
    let fitted = 0;
    for (let seed = 0; seed < 60; seed++) {
      const declined = made({ p: 0.71, seed });
      if (declined.reason !== 'declined' || declined.cAHat !== 1) continue;
      const { nUsed, nA, alpha } = declined;
      const plan = parsePlan(plansOf(declined)[0]!)!;
      const j = plan.checks.indexOf(nUsed);
      // Certified only there, by just these votes, and by nothing else.
      const up = plan.checks.map((n, i) => (i === j ? nA : n + 1));
      const low = plan.checks.map((_, i) => (i < j ? -1 : up[i]! - 1));
      const own = { checks: plan.checks, up, low };
      if (planLevel(own, settings) > alpha) continue;
      fitted++;
      const radius = 0.2;
      const forged = withPlans(
        {
          ...declined,
          ...{ label: 1, abstained: false, reason: 'certified' as const, radius },
          ...{ pABar: settings.p0.p, qABar: settings.p0.q, steps: [{ radius, nA, n: nUsed }] },
        },
        [planText(own)],
      );
      expect(faultsOf(forged).join()).toMatch(/rule has for radius 0.2 other boundaries than those that follow/);
    }
    expect(fitted, 'of some abstentions such boundaries can be made').toBeGreaterThan(0);
  });
});

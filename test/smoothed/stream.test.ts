import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CertificationRule } from '../../src/certify/rule.ts';
import type { Certificate } from '../../src/certify/types.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import type { CertifyOptions } from '../../src/smoothed/call-options.ts';
import type { StreamExample } from '../../src/smoothed/types.ts';
import { useBackend } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(3);
const margins = [0.4, 0.02, -0.3, 0.1, -0.05, 0.6, 0.01, 0.2];

/** A rule that stops as soon as one class leads by `lead` votes at a check: examples end at very different samples. */
const firstToLead = (lead: number): CertificationRule => ({
  name: 'first-to-lead',
  parameters: { lead },
  begin: ({ cAHat }) => ({
    check: ({ counts, used }) => (2 * (counts[cAHat] ?? 0) - used >= lead ? 'led' : undefined),
    result: ({ counts, used }) => {
      const p = (counts[cAHat] ?? 0) / used;
      return { cAHat, radius: 2 * p - 1, reason: 'certified', lower: { p, q: 1 - p }, bound: 'clopper-pearson' };
    },
  }),
});

describe('SmoothedClassifier.certifyStream', () => {
  beforeAll(() => useBackend('cpu'));

  let forwards: number[] = [];
  const { logits } = linearClassifier([1, -1], 0);
  const g = new SmoothedClassifier((x) => (forwards.push(x.shape[0] ?? 0), logits(x)), {
    noise: new GaussianNoise({ sigma: 0.25 }),
    numClasses: 2,
  });
  const inputs = margins.map((margin) => [0.5 + margin / 2, 0.5 - margin / 2]);

  /** The stream's examples; each tensor is disposed by the host once its certificate is there. */
  const run = async (options: Omit<CertifyOptions, 'key'>): Promise<Certificate[]> => {
    const tensors = inputs.map((input) => tf.tensor1d(input));
    const examples = (async function* (): AsyncGenerator<StreamExample> {
      for (const [index, x] of tensors.entries()) yield await Promise.resolve({ x, index: 10 * index });
    })();
    const found: Certificate[] = [];
    for await (const { certificate, milliseconds } of g.certifyStream(examples, { key, ...options })) {
      expect(milliseconds).toBeGreaterThanOrEqual(0);
      tensors[found.length]?.dispose();
      found.push(certificate);
    }
    return found;
  };

  const settings = [
    { n0: 20, n: 400, alpha: 0.01 },
    { n0: 20, n: 400, alpha: 0.01, rule: firstToLead(30), checkEvery: 7 },
    { n0: 5, n: 1000, alpha: 0.01, rule: firstToLead(10), checkEvery: 20 },
  ] as const;
  describe.each(settings)('with %o', (options) => {
    it.each([1, 13, 64, 5000])('gives for batches of %i what certify gives for each example', (batchSize) =>
      expectNoLeak(async () => {
        const alone: Certificate[] = [];
        for (const [index, input] of inputs.entries()) {
          const x = tf.tensor1d(input);
          alone.push(await g.certify(x, { ...options, key: foldIn(key, 10 * index) }));
          x.dispose();
        }
        expect(await run({ ...options, batchSize })).toEqual(alone);
      }),
    );
  });

  it('fills its batches across examples, until few are left, and no sample is in vain', async () => {
    forwards = [];
    const rule = firstToLead(10);
    const certificates = await run({ n0: 10, n: 2000, alpha: 0.01, rule, checkEvery: 10, batchSize: 40 });
    const used = certificates.reduce((sum, { nUsed, n0 }) => sum + nUsed + n0, 0);
    // Of the first batch a few rows are asked again, and one alone: once in the run.
    expect(forwards.splice(1, 2)).toEqual([7, 1]);
    // After four batches the first examples are done, and the next are taken; at the end the hardest is alone with its checks.
    expect(forwards.slice(0, 10)).toEqual(new Array<number>(10).fill(40));
    expect(forwards.at(-1)).toBe(10);
    expect(forwards.reduce((sum, rows) => sum + rows, 0)).toBe(used);
  });

  it('throws the error of the source after the certificates before it, and closes the source when it is left', async () => {
    const x = tf.tensor1d([0.9, 0.1]);
    const reason = new Error('no more');
    const broken = (async function* (): AsyncGenerator<StreamExample> {
      yield await Promise.resolve({ x, index: 0 });
      yield { x, index: 1 };
      throw reason;
    })();
    const seen: number[] = [];
    const consume = async (): Promise<void> => {
      for await (const { certificate } of g.certifyStream(broken, { key, n0: 5, n: 100 })) seen.push(certificate.label);
    };
    expect(await thrownBy(consume)).toBe(reason);
    expect(seen).toEqual([1, 1]);

    let closed = false;
    const endless = (async function* (): AsyncGenerator<StreamExample> {
      try {
        for (let index = 0; ; index++) yield await Promise.resolve({ x, index });
      } finally {
        closed = true;
      }
    })();
    for await (const { certificate } of g.certifyStream(endless, { key, n0: 5, n: 100 })) {
      expect(certificate.label).toBe(1);
      break;
    }
    expect(closed).toBe(true);
    x.dispose();
  });

  it('takes examples of different shapes, in batches of their own', async () => {
    const sum = new SmoothedClassifier(
      (x) => tf.tidy(() => tf.concat([tf.sum(x, 1, true), tf.zeros([x.shape[0] ?? 0, 1])], 1)),
      { noise: new GaussianNoise({ sigma: 0.25 }), numClasses: 2 },
    );
    const tensors = [tf.tensor1d([0.5]), tf.tensor1d([0.5, 0.5]), tf.tensor1d([0.9])];
    const examples = (async function* (): AsyncGenerator<StreamExample> {
      for (const [index, x] of tensors.entries()) yield await Promise.resolve({ x, index });
    })();
    const options = { n0: 10, n: 100, alpha: 0.01 };
    const found: Certificate[] = [];
    for await (const { certificate } of sum.certifyStream(examples, { key, ...options })) found.push(certificate);
    for (const [index, x] of tensors.entries()) {
      expect(found[index]).toEqual(await sum.certify(x, { ...options, key: foldIn(key, index) }));
      x.dispose();
    }
  });
});

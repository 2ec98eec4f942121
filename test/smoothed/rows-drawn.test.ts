import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { fixedSample } from '../../src/certify/fixed-sample.ts';
import { ladder } from '../../src/certify/ladder.ts';
import { oracleTest } from '../../src/certify/oracle-test.ts';
import { plannedRadius } from '../../src/certify/planned-radius.ts';
import type { CertificationRule } from '../../src/certify/rule.ts';
import { stopAtGain, stopAtWidth } from '../../src/certify/stops.ts';
import { topK } from '../../src/certify/top-k.ts';
import { topTwo } from '../../src/certify/top-two.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { checkBackend } from '../../src/smoothed/check-backend.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import type { StreamExample } from '../../src/smoothed/types.ts';
import { useBackend } from '../helpers/backends.ts';
import { counted } from '../helpers/counting-backend.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(3);
const noise = new GaussianNoise({ sigma: 0.25 });
const { logits } = linearClassifier([1, -1], 0);
const margins = [0.4, 0.02, -0.3, 0.1, 0.6, 0.25];

/** What a run drew and used. */
interface Rows {
  /** Rows of the batches, in order, without those that the run asks again to compare. */
  readonly sizes: readonly number[];
  readonly drawn: number;
  readonly used: number;
}

interface Run {
  readonly rule: CertificationRule;
  readonly n?: number;
  readonly n0?: number;
  readonly checkEvery?: number;
  readonly batchSize?: number;
}

async function rowsOf(
  some: readonly number[],
  { rule, n = 1500, n0 = 100, checkEvery = 100, batchSize = 256 }: Run,
): Promise<Rows> {
  const sizes: number[] = [];
  const classifier = (x: tf.Tensor): tf.Tensor => (sizes.push(x.shape[0] ?? 0), logits(x));
  const g = new SmoothedClassifier(classifier, { noise, numClasses: 2, batchSize });
  const images = some.map((margin) => tf.tensor1d([0.5 + margin / 2, 0.5 - margin / 2]));
  const examples = (async function* (): AsyncGenerator<StreamExample> {
    for (const [index, x] of images.entries()) yield await Promise.resolve({ x, index });
  })();
  let used = 0;
  const options = { key, n0, n, alpha: 0.001, rule, checkEvery };
  for await (const { certificate } of g.certifyStream(examples, options)) used += certificate.n0 + certificate.nUsed;
  tf.dispose(images);
  sizes.splice(1, 2); // of the first batch a few rows are asked again, and one alone: once in a run
  return { sizes, drawn: sizes.reduce((sum, size) => sum + size, 0), used };
}

const sequential: readonly CertificationRule[] = [
  fixedRadius({ radius: 0.2 }),
  fixedRadius({ radius: [0.1, 0.2], prior: [{ weight: 1, a: 9, b: 1 }] }),
  anytimeRadius({ stops: [stopAtGain({ gain: 0.01, over: 500 })] }),
  anytimeRadius({ stops: [stopAtWidth({ width: 0.15 })] }),
  ladder({ radius: 0.2, sizes: [100, 333, 1500] }),
  oracleTest({ radius: 0.2, probability: 0.9 }),
  plannedRadius({ radius: 0.2 }),
];
const withoutEnd: CertificationRule = {
  name: 'own',
  parameters: {},
  begin: ({ cAHat }) => ({
    check: ({ used }) => (used >= 250 ? 'enough' : undefined),
    result: () => ({ cAHat, radius: 0, reason: 'undecided', lower: { p: 0, q: 1 }, bound: 'beta-mixture' }),
  }),
};

describe('the rows of a sequential rule', () => {
  beforeAll(() => useBackend('cpu'));

  it.each([...sequential, withoutEnd].map((rule) => [rule.name, JSON.stringify(rule.parameters), rule] as const))(
    '%s %s: none is drawn past the stop, alone or among others, in batches that checkBackend has seen',
    async (_name, _parameters, rule) => {
      for (const run of [{}, { checkEvery: 10, n0: 64 }, { checkEvery: 37, batchSize: 90 }]) {
        const sample = tf.tensor2d([[0.7, 0.3]]);
        const { batchSizes } = await checkBackend(logits, sample, { batchSize: run.batchSize ?? 256 });
        sample.dispose();
        for (const images of [margins.slice(0, 1), margins.slice(1, 2), margins]) {
          const { sizes, drawn, used } = await rowsOf(images, { rule, ...run });
          expect(drawn).toBe(used);
          expect(batchSizes).toEqual(expect.arrayContaining([...new Set(sizes)]));
        }
      }
    },
  );

  it('that has no selection sample are few examples of a batch: all up to the next check that can decide', async () => {
    const run = { rule: plannedRadius({ radius: 0.2 }), n0: 0, checkEvery: 10 };
    const { sizes, drawn, used } = await rowsOf(new Array<number>(60).fill(0.3), run);
    expect(drawn).toBe(used);
    expect(sizes.filter((size) => size === 256).length * 256).toBeGreaterThan(0.5 * drawn);
  });

  it('fill the batches of a data set up to its last images', async () => {
    const images = Array.from({ length: 10 }, () => margins).flat();
    for (const rule of sequential.slice(0, 4)) {
      const { sizes, drawn, used } = await rowsOf(images, { rule });
      expect(drawn).toBe(used);
      const tail = sizes.findIndex((size) => size < 256);
      // What is left for batches that are not full is what the images at the end need, one after the other.
      expect(sizes.slice(0, tail).reduce((sum, size) => sum + size, 0)).toBeGreaterThan(0.85 * drawn);
    }
  });

  it('fill batches while one example takes far more than those after it', async () => {
    const rule = fixedRadius({ radius: 0.2 });
    // The first has just about the probability in question.
    const { sizes, drawn, used } = await rowsOf([0.2 * Math.SQRT2, ...new Array<number>(50).fill(0.9)], {
      rule,
      n: 4000,
    });
    expect(drawn).toBe(used);
    const full = sizes.filter((size) => size === 256).length;
    expect(full * 256).toBeGreaterThan(0.5 * drawn);
  });

  it('may be drawn past a stop where a device counts them, up to a quarter of those used and those of one check', async () => {
    const { drawn, used } = await counted(() => rowsOf(margins.slice(1, 2), { rule: sequential[0]!, batchSize: 20 }));
    expect(drawn - used).toBeLessThanOrEqual(used / 4);
  });
});

describe('the rows of a fixed sample', () => {
  beforeAll(() => useBackend('cpu'));
  const rules = [fixedSample(), topTwo(), topK({ k: 1 })];

  it.each(rules.map((rule) => [rule.name, rule] as const))('%s: full batches, then the rest', async (_, rule) => {
    const { sizes, drawn, used } = await rowsOf([0.5], { rule, n: 1000 });
    expect(sizes).toEqual([100, 256, 256, 256, 232]);
    expect(drawn).toBe(used);
  });
});

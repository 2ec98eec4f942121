import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkClassifier } from '../../src/classifier/check-classifier.ts';
import type { LogitsFn } from '../../src/classifier/types.ts';
import { ClassifierError } from '../../src/errors.ts';
import { useBackend } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { typedTwin } from '../helpers/typed.ts';
import { batchDependent, honestClassifier } from './batch-dependent.ts';

describe('checkClassifier', () => {
  let sample: tf.Tensor;
  beforeAll(async () => {
    await useBackend('cpu');
    // Not in the order of their values.
    sample = tf.tensor2d(
      Array.from({ length: 16 }, (_, i) => (i * 0.618) % 1),
      [8, 2],
    );
  });
  afterAll(() => sample.dispose());

  it.each(batchDependent)('refuses a classifier whose rows depend on %s', async (_, make) => {
    await expectNoLeak(async () => {
      const error = await thrownBy(() => checkClassifier(make(), sample));
      expect(error).toBeInstanceOf(ClassifierError);
      expect((error as Error).message).toContain('must be one fixed function of each row, got logits that differ by');
    });
  });

  it.each(batchDependent)('refuses it as a classifier of typed arrays: %s', async (_, make) => {
    const f = make();
    const twin = typedTwin((x) => f(x, { training: false }));
    expect(await thrownBy(() => checkClassifier(twin, sample))).toBeInstanceOf(ClassifierError);
  });

  it('passes an honest one, whatever the number of rows', async () => {
    for (const rows of [1, 2, 3, 8]) {
      const part = tf.slice(sample, 0, rows);
      await expectNoLeak(async () => {
        await checkClassifier(honestClassifier, part);
        await checkClassifier(
          typedTwin((x) => honestClassifier(x, { training: false })),
          part,
        );
      });
      part.dispose();
    }
  });

  it('asks for as many rows as the run will, where it is told', async () => {
    const many: LogitsFn = (x) =>
      tf.tidy(() => tf.mul(honestClassifier(x, { training: false }), x.shape[0]! > 100 ? -1 : 1));
    await checkClassifier(many, sample);
    await expect(checkClassifier(many, sample, { batchSize: 256 })).rejects.toThrow('when asked for 256 rows');
  });

  it('sees a difference beside a class that is masked with a huge number', async () => {
    const masked: LogitsFn = (x) =>
      tf.tidy(() => {
        const z = honestClassifier(x, { training: false });
        return tf.concat([tf.mul(z, x.shape[0] === 1 ? 2 : 1), tf.fill([x.shape[0]!, 1], -1e9)], 1);
      });
    await expect(checkClassifier(masked, sample)).rejects.toThrow('when asked for one row alone');
  });

  it('compares probabilities as they are', async () => {
    const noisy: LogitsFn = (x) =>
      tf.tidy(() => {
        const p = tf.softmax(honestClassifier(x, { training: false }));
        return x.shape[0] === 1 ? tf.reverse(p, 1) : p;
      });
    await expect(checkClassifier(noisy, sample, { output: 'probabilities' })).rejects.toThrow(ClassifierError);
    const fixed: LogitsFn = (x) => tf.tidy(() => tf.softmax(honestClassifier(x, { training: false })));
    await checkClassifier(fixed, sample, { output: 'probabilities' });
  });
});

import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { lenet } from '../../src/models/lenet.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

beforeAll(() => useBackend('cpu'));
afterEach(() => vi.restoreAllMocks());

const readAll = (model: tf.LayersModel): Promise<Float32Array[]> =>
  Promise.all(model.getWeights().map((weight) => weight.data() as Promise<Float32Array>));

describe('lenet', () => {
  it('draws every weight from [-1/sqrt(fanIn), 1/sqrt(fanIn)), with the standard deviation of that distribution', async () => {
    const model = lenet({ key: createKey(1) });
    const fanIns = [25, 25, 500, 500, 800, 800, 500, 500];
    for (const [t, values] of (await readAll(model)).entries()) {
      const bound = 1 / Math.sqrt(fanIns[t]!);
      const count = values.length;
      expect(
        values.reduce((most, v) => Math.max(most, Math.abs(v)), 0),
        `tensor ${t}`,
      ).toBeLessThanOrEqual(bound * (1 + 1e-6));
      if (count < 100) continue;
      // Fixed key. With c values the mean of v²·3/bound² is 1 with standard error sqrt(0.8/c): 5 errors fail by chance with 6e-7.
      const power = values.reduce((sum, v) => sum + (3 * v * v) / bound ** 2, 0) / count;
      expect(Math.abs(power - 1), `tensor ${t}`).toBeLessThan(5 * Math.sqrt(0.8 / count));
      const mean = values.reduce((sum, v) => sum + v / bound, 0) / count;
      expect(Math.abs(mean), `tensor ${t}`).toBeLessThan(5 / Math.sqrt(3 * count));
    }
    model.dispose();
  });

  it('is driven by its key alone and never by Math.random', async () => {
    const random = vi.spyOn(Math, 'random');
    const models = [lenet({ key: createKey(1) }), lenet({ key: createKey(1) }), lenet({ key: createKey(2) })];
    const [first, again, other] = await Promise.all(models.map(readAll));
    expect(random).not.toHaveBeenCalled();
    expect(again).toEqual(first);
    first?.forEach((values, t) => expect(other?.[t], `tensor ${t}`).not.toEqual(values));
    models.forEach((model) => model.dispose());
  });

  it('takes other sizes of image and other numbers of classes', () => {
    const model = lenet({ key: createKey(0), inputShape: [33, 16, 3], numClasses: 7 });
    const logits = model.predict(tf.zeros([2, 33, 16, 3])) as tf.Tensor;
    expect(logits.shape).toEqual([2, 7]);
    model.dispose();
  });

  it('leaves no tensor behind once it is disposed', async () => {
    await expectNoLeak(() => lenet({ key: createKey(0) }).dispose());
  });
});

describe('lenet: errors', () => {
  it.each([
    [{}, '`key` must be a key (createKey(seed) makes one), got undefined'],
    [{ key: createKey(0), numClasses: 1 }, '`numClasses` must be an integer of at least 2, got 1'],
    [
      { key: createKey(0), inputShape: [28, 28] },
      '`inputShape` must be [height, width, channels] with height and width of at least 16, got [28, 28]',
    ],
    [
      { key: createKey(0), inputShape: [15, 28, 1] },
      '`inputShape` must be [height, width, channels] with height and width of at least 16, got [15, 28, 1]',
    ],
    [{ key: createKey(0), classes: 10 }, 'unknown option `classes`; known options: `key`, `inputShape`, `numClasses`'],
  ])('%o', (options, message) => {
    expect(() => lenet(options as never)).toThrow(`lenet: ${message}`);
  });
});

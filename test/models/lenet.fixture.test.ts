import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lenet } from '../../src/models/lenet.ts';
import { createKey } from '../../src/random/key.ts';
import { describeBackends } from '../helpers/backends.ts';
import {
  excess,
  type FixtureArray,
  readFixture,
  readWeights,
  toTensor,
  type WeightEntry,
} from '../helpers/fixtures.ts';

interface LenetFixture {
  readonly inputs: FixtureArray;
  readonly logits: FixtureArray;
  readonly weights: readonly WeightEntry[];
  readonly weights_file: string;
  readonly parameter_count: number;
}

describeBackends('lenet with the official weights', () => {
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('has the official layers and gives the official logits', async () => {
    const fixture = await readFixture<LenetFixture>('lenet.json');
    const weights = await readWeights(fixture.weights_file, fixture.weights);
    const model = lenet({ key: createKey(0) });
    try {
      expect(model.weights.map(({ originalName }) => originalName)).toEqual(fixture.weights.map(({ name }) => name));
      expect(model.countParams()).toBe(fixture.parameter_count);
      model.setWeights(Object.values(weights));
      const logits = model.predict(toTensor(fixture.inputs)) as tf.Tensor;
      expect(logits.shape).toEqual(fixture.logits.shape);
      expect(excess(await logits.data(), fixture.logits.data, { atol: 1e-5, rtol: 0 })).toBeLessThanOrEqual(0);
    } finally {
      model.dispose();
    }
  });
});

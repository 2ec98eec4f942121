import { afterAll, beforeAll, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs';
import { describeBackends } from '../helpers/backends.ts';
import { excess, type FixtureArray, readFixture, type Tolerance, toTensor } from '../helpers/fixtures.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import {
  tinyCnn,
  type TinyCnnFixture,
  tinyCnnModel,
  type TinyCnnWeights,
  tinyCnnWeights,
} from '../helpers/tiny-cnn.ts';

interface Fixture {
  readonly model: TinyCnnFixture;
  readonly inputs: FixtureArray;
  readonly logits: FixtureArray;
  readonly tolerance: { readonly logits: Tolerance };
}

// The ground that all other contract suites stand on: this backend computes the network of the golden numbers.
describeBackends('the small network of the fixtures', () => {
  let fixture: Fixture;
  let weights: TinyCnnWeights;
  let inputs: tf.Tensor;

  beforeAll(async () => {
    fixture = await readFixture<Fixture>('tinycnn.json');
    weights = tinyCnnWeights(fixture.model);
    inputs = toTensor(fixture.inputs);
  });
  afterAll(() => tf.dispose([inputs, Object.values(weights)]));

  it('has the golden logits', async () => {
    const logits = tinyCnn(weights)(inputs);
    expect(excess(await logits.data(), fixture.logits.data, fixture.tolerance.logits)).toBeLessThanOrEqual(0);
    logits.dispose();
  });

  it('has the same logits as a layers model', async () => {
    const model = tinyCnnModel(fixture.model);
    const logits = model.predict(inputs) as tf.Tensor;
    expect(excess(await logits.data(), fixture.logits.data, fixture.tolerance.logits)).toBeLessThanOrEqual(0);
    tf.dispose(logits);
    model.dispose();
  });

  it('leaks no tensor', () => expectNoLeak(() => tinyCnn(weights)(inputs).dispose()));
});

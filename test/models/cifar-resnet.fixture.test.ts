import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cifarResnet } from '../../src/models/cifar-resnet.ts';
import { createKey } from '../../src/random/key.ts';
import { describeBackends } from '../helpers/backends.ts';
import {
  excess,
  type FixtureArray,
  readFixture,
  readWeights,
  type Tolerance,
  toTensor,
  type WeightEntry,
} from '../helpers/fixtures.ts';
import { expectGolden } from '../helpers/golden.ts';

interface ResnetFixture {
  readonly inputs: FixtureArray;
  readonly normalize: { readonly mean: number[]; readonly std: number[] };
  readonly normalized_first_pixel: FixtureArray;
  readonly logits_eval: FixtureArray;
  readonly logits_train: FixtureArray;
  readonly running_after_train_forward: Readonly<Record<string, FixtureArray>>;
  readonly tolerance: Readonly<Record<'logits_eval' | 'logits_train' | 'running', Tolerance>>;
  readonly weights: readonly WeightEntry[];
  readonly weights_file: string;
  readonly parameter_count: number;
}

describeBackends('cifarResnet with the official weights', () => {
  let fixture: ResnetFixture;
  let model: tf.LayersModel;
  let before: number;

  beforeEach(async () => {
    fixture = await readFixture<ResnetFixture>('cifar_resnet20.json');
    const official = await readWeights(fixture.weights_file, fixture.weights);
    model = cifarResnet({ key: createKey(0), depth: 20, ...fixture.normalize });
    model.setWeights(model.weights.map(({ originalName }) => official[originalName]!));
    tf.dispose(official);
    before = tf.memory().numTensors;
  });
  afterEach(() => {
    const left = tf.memory().numTensors - before;
    model.dispose();
    expect(left, 'tensors left behind').toBe(0);
  });

  it('has the official weights by name', () => {
    expect(model.weights.map(({ originalName }) => originalName).sort()).toEqual(
      fixture.weights.map(({ name }) => name).sort(),
    );
    expect(model.countParams()).toBe(fixture.parameter_count);
  });

  it('normalises the image as the official first layer does', async () => {
    const inputs = toTensor(fixture.inputs);
    const normalized = model.getLayer('normalize').apply(inputs) as tf.Tensor;
    const pixels = tf.tidy(() => tf.reshape(tf.slice(normalized, [0, 0, 0, 0], [4, 1, 1, 3]), [4, 3]));
    await expectGolden(pixels, fixture.normalized_first_pixel, { atol: 1e-6, rtol: 1e-6 });
    tf.dispose([inputs, normalized, pixels]);
  });

  it('gives the official logits in inference mode, and leaves the running statistics as they are', async () => {
    const inputs = toTensor(fixture.inputs);
    const statistics = () => Promise.all(model.nonTrainableWeights.map((weight) => weight.read().data()));
    const earlier = await statistics();
    const logits = model.apply(inputs, { training: false }) as tf.Tensor;
    await expectGolden(logits, fixture.logits_eval, fixture.tolerance.logits_eval);
    expect(await statistics()).toEqual(earlier);
    tf.dispose([inputs, logits]);
  });

  it('gives the official logits in training mode, and the official running statistics after it', async () => {
    const inputs = toTensor(fixture.inputs);
    const logits = model.apply(inputs, { training: true }) as tf.Tensor;
    await expectGolden(logits, fixture.logits_train, fixture.tolerance.logits_train);
    expect(model.nonTrainableWeights.map(({ originalName }) => originalName).sort()).toEqual(
      Object.keys(fixture.running_after_train_forward).sort(),
    );
    for (const weight of model.nonTrainableWeights) {
      const golden = fixture.running_after_train_forward[weight.originalName]!;
      const values = await weight.read().data();
      expect(excess(values, golden.data, fixture.tolerance.running), weight.originalName).toBeLessThanOrEqual(0);
    }
    tf.dispose([inputs, logits]);
  });
});

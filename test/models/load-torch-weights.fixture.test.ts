import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { cifarResnet } from '../../src/models/cifar-resnet.ts';
import { lenet } from '../../src/models/lenet.ts';
import { loadTorchWeights } from '../../src/models/load-torch-weights.ts';
import { torchWeights } from '../../src/models/torch-weights.ts';
import { createKey } from '../../src/random/key.ts';
import { describeBackends } from '../helpers/backends.ts';
import { type FixtureArray, readFixture, readWeights, toTensor } from '../helpers/fixtures.ts';
import { expectGolden } from '../helpers/golden.ts';
import { expectSameTensors, type TorchWeightEntry, torchTensor } from './torch-tensors.ts';

interface NetworkFixture {
  readonly inputs: FixtureArray;
  readonly weights: readonly TorchWeightEntry[];
  readonly weights_file: string;
}
interface LenetFixture extends NetworkFixture {
  readonly logits: FixtureArray;
}
interface ResnetFixture extends NetworkFixture {
  readonly normalize: { readonly mean: number[]; readonly std: number[] };
  readonly logits_eval: FixtureArray;
}

/** The golden weights under the official names and in PyTorch's layouts. */
async function stateDict(
  { weights, weights_file }: NetworkFixture,
  images: Record<string, [number, number, number]> = {},
) {
  const tensors = await readWeights(weights_file, weights);
  const entries = await Promise.all(
    weights.map(async (entry) => {
      const values = await tensors[entry.name]!.data();
      return [entry.torch_name, torchTensor(entry, values, images[entry.name])] as const;
    }),
  );
  tf.dispose(tensors);
  return new Map(entries);
}

describeBackends('loadTorchWeights of the official networks', () => {
  it('gives the official logits of LeNet, whose first dense layer sees a flattened image', async () => {
    const fixture = await readFixture<LenetFixture>('lenet.json');
    const model = lenet({ key: createKey(0) });
    loadTorchWeights(model, await stateDict(fixture, { 'fc1/kernel': [4, 4, 50] }));
    const inputs = toTensor(fixture.inputs);
    const logits = model.predict(inputs) as tf.Tensor;
    await expectGolden(logits, fixture.logits, { atol: 1e-5, rtol: 0 });
    tf.dispose([inputs, logits]);
    model.dispose();
  });

  it('gives the official logits of ResNet-20, from names with and without the prefixes of the official code', async () => {
    const fixture = await readFixture<ResnetFixture>('cifar_resnet20.json');
    const tensors = await stateDict(fixture);
    expect([...tensors.keys()][0]).toBe('1.conv1.weight');
    tensors.set('1.bn1.num_batches_tracked', { shape: [], data: Float32Array.of(4) });
    const model = cifarResnet({ key: createKey(0), depth: 20, ...fixture.normalize });
    const before = tf.memory().numTensors;
    const inputs = toTensor(fixture.inputs);
    loadTorchWeights(model, tensors);
    const logits = model.predict(inputs) as tf.Tensor;
    await expectGolden(logits, fixture.logits_eval, { atol: 1e-4, rtol: 1e-4 });
    const loaded = await torchWeights(model);
    const unprefixed = [...tensors].map(([name, tensor]) => [name.slice(2), tensor] as const);
    const official = new Map(unprefixed.filter(([name]) => !name.endsWith('num_batches_tracked')));
    expectSameTensors(loaded, official);
    for (const prefix of ['module.1.', '']) {
      const other = cifarResnet({ key: createKey(1), depth: 20, ...fixture.normalize });
      loadTorchWeights(other, Object.fromEntries([...loaded].map(([name, tensor]) => [prefix + name, tensor])));
      expectSameTensors(await torchWeights(other), loaded);
      other.dispose();
    }
    tf.dispose([inputs, logits]);
    expect(tf.memory().numTensors - before, 'tensors left behind').toBe(0);
    model.dispose();
  });
});

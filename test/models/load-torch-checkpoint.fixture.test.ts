import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeTorchCheckpoint, type TorchCheckpoint } from '../../src/data/torch-checkpoint.ts';
import { cifarResnet } from '../../src/models/cifar-resnet.ts';
import { lenet } from '../../src/models/lenet.ts';
import { loadTorchWeights } from '../../src/models/load-torch-weights.ts';
import { createKey } from '../../src/random/key.ts';
import { type FixtureArray, readFixture, type Tolerance } from '../helpers/fixtures.ts';
import { expectGolden } from '../helpers/golden.ts';

interface NetworksFixture {
  readonly resnet20: FixtureArray;
  readonly lenet: FixtureArray;
  readonly tolerance: Tolerance;
}

/** A file of torch.save that make.py wrote. */
async function checkpoint(name: string): Promise<TorchCheckpoint> {
  const packed = await readFile(new URL(`../fixtures/torch/${name}.gz`, import.meta.url));
  return decodeTorchCheckpoint(new Uint8Array(gunzipSync(packed)));
}

const networks = {
  resnet20: { make: () => cifarResnet({ key: createKey(0), depth: 20 }), shape: [2, 32, 32, 3] },
  lenet: { make: () => lenet({ key: createKey(0) }), shape: [2, 28, 28, 1] },
} as const;

describe('checkpoints that PyTorch saved, of networks of catrs/models', () => {
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it.each([
    ['resnet20.pth.tar', 'resnet20', ['state_dict']],
    ['resnet20-legacy.pth', 'resnet20', ['']],
    ['lenet.pt', 'lenet', ['']],
    ['lenet-legacy.pth', 'lenet', ['net']],
  ] as const)('%s gives the logits of PyTorch', async (file, name, dicts) => {
    const golden = await readFixture<NetworksFixture>('torch/networks.json');
    const given = await checkpoint(file);
    expect([...given.stateDicts.keys()]).toEqual(dicts);
    const { make, shape } = networks[name];
    const model = make();
    try {
      loadTorchWeights(model, given);
      // Element i of the images is (37 i mod 251) / 256.
      const values = Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, (_, i) => ((37 * i) % 251) / 256);
      const logits = model.predict(tf.tensor(values, [...shape])) as tf.Tensor;
      await expectGolden(logits, golden[name], golden.tolerance);
    } finally {
      model.dispose();
    }
  });

  it('keeps what training scripts write beside the weights', async () => {
    const { content } = await checkpoint('resnet20.pth.tar');
    const values = content as ReadonlyMap<string, unknown>;
    expect([values.get('epoch'), values.get('arch')]).toEqual([90, 'cifar_resnet20']);
    const groups = (values.get('optimizer') as ReadonlyMap<string, unknown>).get('param_groups');
    expect((groups as readonly ReadonlyMap<string, unknown>[])[0]!.get('momentum')).toBe(0.9);
  });
});

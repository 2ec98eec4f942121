import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKey } from 'catrs';
import { imagenetResnet, torchWeights } from 'catrs/models';
import { useBackend } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { expectOfficial, filledResnet, officialImages, officialResnets } from './official-resnets.ts';

beforeAll(() => useBackend('wasm'));

describe.each(officialResnets)("torchvision's ResNet-$depth", ({ depth, official }) => {
  const { size } = official;

  it('has the same parameters by name and shape', async () => {
    const model = imagenetResnet({ key: createKey(0), depth, inputShape: [32, 32, 3] });
    const shapes = [...(await torchWeights(model))].map(([name, { shape }]) => [name, shape]);
    const wanted = official.names.map((name, t) => [name, official.shapes[t]]);
    expect(shapes.sort()).toEqual(wanted.sort());
    const trainable = model.trainableWeights.reduce(
      (sum, { shape }) => sum + tf.util.sizeFromShape(shape as number[]),
      0,
    );
    expect(trainable).toBe(official.parameters);
    model.dispose();
  });

  it('gives the same logits from its state dict, to 1e-4 of the largest', async () => {
    await expectNoLeak(async () => {
      const model = filledResnet(depth, official);
      const x = tf.tensor(officialImages(official), [2, size, size, 3]);
      const logits = model.predict(x) as tf.Tensor2D;
      expectOfficial(await logits.array(), official);
      tf.dispose([x, logits]);
      model.dispose();
    });
  });
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKey } from 'catrs';
import { imagenetResnet, type ImagenetResnetOptions, loadTorchWeights, torchWeights } from 'catrs/models';
import golden from '../fixtures/resnets.json' with { type: 'json' };
import { useBackend } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

beforeAll(() => useBackend('wasm'));

const networks = [
  { depth: 18, official: golden['18'] },
  { depth: 50, official: golden['50'] },
] as const;

/** The weights that the formula of the fixture gives: tensor t, element i. */
function filled(name: string, shape: readonly number[], t: number): Float32Array {
  const size = tf.util.sizeFromShape([...shape]);
  const scale = Math.sqrt(2 / (size / (shape[0] ?? 1)));
  return Float32Array.from({ length: size }, (_, i) => {
    const wave = Math.sin(1 + 0.37 * t + 0.61803398875 * i);
    if (name.endsWith('running_var')) return 1 + 0.2 * wave;
    if (shape.length > 1) return wave * scale;
    return name.endsWith('weight') ? 0.8 + 0.2 * wave : 0.1 * wave;
  });
}

describe.each(networks)("torchvision's ResNet-$depth", ({ depth, official }) => {
  const { size } = official;
  const options: ImagenetResnetOptions = { key: createKey(0), depth, inputShape: [size, size, 3] };

  it('has the same parameters by name and shape', async () => {
    const model = imagenetResnet({ ...options, inputShape: [32, 32, 3] });
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
      const model = imagenetResnet(options);
      loadTorchWeights(
        model,
        new Map(
          official.names.map((name, t) => {
            const shape = official.shapes[t] ?? [];
            return [name, { shape, data: filled(name, shape, t) }];
          }),
        ),
      );
      const pixels = Float32Array.from({ length: 2 * 3 * size * size }, (_, i) => Math.fround(Math.sin(0.01 * i)));
      const x = tf.tidy(() => {
        const nchw = tf.tensor4d(pixels, [2, 3, size, size]);
        return tf.add(tf.mul(tf.transpose(nchw, [0, 2, 3, 1]), 0.5), 0.5);
      });
      const logits = model.predict(x) as tf.Tensor2D;
      const rows = await logits.array();
      tf.dispose([x, logits]);
      model.dispose();
      rows.forEach((row, i) => {
        official.logits[i]?.forEach((logit, c) => {
          expect(Math.abs((row[c] ?? NaN) - logit)).toBeLessThan(1e-4 * official.scale);
        });
        const sum = row.reduce((a, b) => a + b, 0);
        expect(Math.abs(sum - (official.sums[i] ?? NaN))).toBeLessThan(1e-2 * official.scale);
      });
    });
  });
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { cifarResnet } from '../../src/models/cifar-resnet.ts';
import { imageStatistics } from '../../src/models/normalize.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { sample } from '../wasm/compare.ts';

const SHAPE = [8, 8, 3] as const;
const images = Float32Array.from(sample([3, ...SHAPE], 5).values, (v) => (v + 1) / 2);

type Mode = 'training' | 'inference';
interface Gradients {
  readonly loss: number;
  readonly byName: ReadonlyMap<string, Float32Array>;
}

function makeModel(): tf.LayersModel {
  return cifarResnet({ key: createKey(3), depth: 20, inputShape: SHAPE, ...imageStatistics.cifar10 });
}

/** Cross entropy of three images; leaves the running statistics moved. */
function loss(model: tf.LayersModel, x: tf.Tensor, mode: Mode): tf.Scalar {
  const logits = model.apply(x, { training: mode === 'training' }) as tf.Tensor;
  const targets = tf.tensor2d([0, 1, 2].map((label) => Array.from({ length: 10 }, (_, c) => (c === label ? 1 : 0))));
  return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), -1)));
}

/** Loss and gradients with respect to all weights and to the images, on the current backend. */
async function gradients(mode: Mode): Promise<Gradients> {
  const model = makeModel();
  const x = tf.variable(tf.tensor(images, [3, ...SHAPE]), true, 'images');
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const { value, grads } = tf.variableGrads(() => loss(model, x, mode), [...variables, x]);
  const names = new Map(model.trainableWeights.map((weight) => [weight.read().id, weight.originalName]));
  const byName = new Map<string, Float32Array>();
  for (const variable of [...variables, x]) {
    byName.set(names.get(variable.id) ?? 'images', (await grads[variable.name]!.data()) as Float32Array);
  }
  const [number = NaN] = await value.data();
  tf.dispose([x, value, grads]);
  model.dispose();
  return { loss: number, byName };
}

const norm = (values: ArrayLike<number>): number => Math.sqrt(Array.from(values).reduce((sum, v) => sum + v * v, 0));

describe.each<Mode>(['training', 'inference'])('gradients of ResNet-20 in %s mode', (mode) => {
  let onCpu: Gradients;
  beforeAll(async () => {
    await useBackend('cpu');
    onCpu = await gradients(mode);
  });

  it('on wasm are those on cpu, for every weight and for the images', async () => {
    await useBackend('wasm');
    const onWasm = await gradients(mode);
    expect(Math.abs(onWasm.loss - onCpu.loss)).toBeLessThan(1e-5);
    expect([...onWasm.byName.keys()]).toEqual([...onCpu.byName.keys()]);
    expect(onWasm.byName.size).toBe(66);
    for (const [name, expected] of onCpu.byName) {
      const actual = onWasm.byName.get(name)!;
      const difference = norm(expected.map((v, i) => v - actual[i]!));
      expect(norm(expected), name).toBeGreaterThan(0);
      expect(difference / norm(expected), name).toBeLessThan(1e-4);
    }
  });

  // Along the gradient itself the slope is its length. The loss is float32, so the step must not be small, and ReLUs bend it.
  it.each([
    'conv1/kernel',
    'layer1/0/bn1/gamma',
    'layer2/0/conv1/kernel',
    'layer2/0/downsample/0/kernel',
    'layer3/0/downsample/1/beta',
    'layer3/2/conv2/kernel',
    'fc/kernel',
    'fc/bias',
  ])('agree with central differences: %s', async (name) => {
    await useBackend('wasm');
    const gradient = onCpu.byName.get(name)!;
    const length = norm(gradient);
    const model = makeModel();
    const variable = model.weights.find(({ originalName }) => originalName === name)!.read() as tf.Variable;
    const start = (await variable.data()).slice();
    const x = tf.tensor(images, [3, ...SHAPE]);
    const at = async (h: number): Promise<number> => {
      const moved = tf.tensor(
        start.map((v, i) => v + (h * gradient[i]!) / length),
        variable.shape,
      );
      variable.assign(moved);
      const value = tf.tidy(() => loss(model, x, mode));
      const [number = NaN] = await value.data();
      tf.dispose([moved, value]);
      return number;
    };
    const step = 5e-4;
    const slope = ((await at(step)) - (await at(-step))) / (2 * step);
    expect(Math.abs(slope / length - 1)).toBeLessThan(0.02);
    x.dispose();
    model.dispose();
  });
});

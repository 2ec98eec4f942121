import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { OnnxSession, OnnxTensorConstructor } from '../../src/onnx/onnx-session.ts';
import { onnxClassifier } from '../../src/onnx/onnx-classifier.ts';
import { toOnnx } from '../../src/onnx/to-onnx.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { Draws } from '../fuzz/draws.ts';
import { drawWeights } from '../fuzz/networks/values.ts';
import { useBackend } from '../helpers/backends.ts';
import { requireGuest } from '../helpers/guests.ts';
import { danglingInputs } from './protobuf-reader.ts';

interface Runtime {
  readonly InferenceSession: { create(file: Uint8Array): Promise<OnnxSession> };
  readonly Tensor: OnnxTensorConstructor;
}

const runtime = requireGuest<Runtime>('onnxruntime-node');
const { layers } = tf;
type Tensor = tf.SymbolicTensor;

const apply = (layer: tf.layers.Layer, x: Tensor | Tensor[]): Tensor => layer.apply(x) as Tensor;
const through = (x: Tensor, ...list: tf.layers.Layer[]): Tensor => list.reduce((y, layer) => apply(layer, y), x);
const modelOf = (shape: (number | null)[], build: (x: Tensor) => Tensor): tf.LayersModel => {
  const input = tf.input({ shape });
  return tf.model({ inputs: input, outputs: build(input) });
};
const conv = (filters: number, config: object = {}): tf.layers.Layer =>
  layers.conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false, ...config });
const end = (): tf.layers.Layer[] => [layers.globalAveragePooling2d({}), layers.dense({ units: 4 })];

/** Networks in the shapes that people build. */
const networks: Readonly<Record<string, readonly [number[], () => tf.LayersModel]>> = {
  'a MobileNet: Rescaling, separable blocks with batch norm and ReLU6, padding and an odd stride': [
    [33, 29, 3],
    () =>
      modelOf([33, 29, 3], (x) => {
        const block = (filters: number, strides: number): tf.layers.Layer[] => [
          layers.depthwiseConv2d({ kernelSize: 3, strides, padding: 'same', useBias: false }),
          layers.batchNormalization(),
          layers.reLU({ maxValue: 6 }),
          conv(filters, { kernelSize: 1 }),
          layers.batchNormalization({ scale: false }),
          layers.activation({ activation: 'relu6' }),
        ];
        const stem = [layers.zeroPadding2d({ padding: [[0, 1], [0, 1]] }), conv(8, { strides: 2, padding: 'valid' })]; // prettier-ignore
        const rescaled = through(
          x,
          layers.rescaling({ scale: 2, offset: -1 }),
          ...stem,
          ...block(12, 1),
          ...block(16, 2),
        );
        return through(rescaled, layers.dropout({ rate: 0.2 }), ...end(), layers.softmax({ axis: -1 }));
      }),
  ],
  'inverted residuals, squeeze and excitation': [
    [12, 12, 6],
    () =>
      modelOf([12, 12, 6], (x) => {
        const wide = through(x, conv(18, { kernelSize: 1, activation: 'swish' }), layers.depthwiseConv2d({ kernelSize: 5, padding: 'same' })); // prettier-ignore
        const gate = through(wide, layers.globalAveragePooling2d({}), layers.reshape({ targetShape: [1, 1, 18] }), conv(4, { kernelSize: 1, activation: 'relu' }), conv(18, { kernelSize: 1, activation: 'sigmoid' })); // prettier-ignore
        const narrow = apply(conv(6, { kernelSize: 1 }), apply(layers.multiply(), [wide, gate]));
        return through(apply(layers.add(), [x, narrow]), layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }), layers.flatten(), layers.dense({ units: 4 })); // prettier-ignore
      }),
  ],
  'dense blocks joined along channels and along width, which Flatten reads in the order of TensorFlow.js': [
    [6, 5, 2],
    () =>
      modelOf([6, 5, 2], (x) => {
        const a = apply(conv(3, { activation: 'elu' }), x);
        const b = apply(layers.concatenate(), [x, a]);
        const c = apply(layers.concatenate({ axis: 2 }), [b, apply(conv(5, { dilationRate: 2 }), b)]);
        return through(c, layers.leakyReLU({ alpha: 0.1 }), layers.permute({ dims: [3, 1, 2] }), layers.flatten(), layers.dense({ units: 4 })); // prettier-ignore
      }),
  ],
  'one layer and one model inside, each used twice': [
    [8, 8, 2],
    () => {
      const shared = conv(2, { activation: 'tanh' });
      const inner = tf.sequential({ layers: [layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [8, 8, 2], activation: 'relu' }), layers.flatten(), layers.dense({ units: 5 })] }); // prettier-ignore
      return modelOf([8, 8, 2], (x) => {
        const first = apply(shared, x);
        const second = apply(shared, first);
        const joined = apply(layers.concatenate(), [apply(inner, first), apply(inner, second)]);
        return apply(layers.dense({ units: 4 }), joined);
      });
    },
  ],
  'models inside models, with layers of the same names': [
    [9, 3],
    () => {
      const named = (units: number, inputShape: number[]): tf.layers.Layer => layers.dense({ name: 'same', units, inputShape }); // prettier-ignore
      const inner = tf.sequential({ name: 'inner', layers: [named(4, [9, 3])] });
      const middle = modelOf([9, 3], (x) => apply(layers.dense({ name: 'same', units: 3 }), apply(inner, x)));
      return modelOf([9, 3], (x) => through(x, middle, layers.flatten(), named(4, [27])));
    },
  ],
  'a model inside with two outputs, and a model that begins with a model': [
    [6, 6, 2],
    () => {
      const input = tf.input({ shape: [4, 4, 3] });
      const outputs = [apply(conv(2), input), through(input, conv(3), layers.maxPooling2d({ poolSize: 1 }))];
      const two = tf.model({ inputs: input, outputs });
      const begin = tf.sequential({ layers: [layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [6, 6, 2] })] });
      const features = tf.sequential({ layers: [begin, layers.batchNormalization()] });
      const joined = apply(layers.concatenate(), two.apply(features.outputs[0]!) as Tensor[]);
      return tf.model({ inputs: features.inputs, outputs: through(joined, ...end()) });
    },
  ],
  '2500 layers': [
    [4],
    () => modelOf([4], (x) => through(x, ...Array.from({ length: 2500 }, () => layers.reLU()), layers.dense({ units: 4 }))), // prettier-ignore
  ],
  'ranks that differ in a sum': [
    [4, 3],
    () =>
      modelOf([4, 3], (x) => {
        const row = through(x, layers.globalMaxPooling1d({}), layers.dense({ units: 3, activation: 'gelu' }));
        return through(apply(layers.add(), [x, row]), layers.conv1d({ filters: 4, kernelSize: 2 }), layers.globalAveragePooling1d({})); // prettier-ignore
      }),
  ],
  'channels first, from the input to the end': [
    [3, 10, 8],
    () =>
      modelOf([3, 10, 8], (x) => {
        const dataFormat = 'channelsFirst';
        const pooled = through(x, conv(4, { dataFormat, strides: 2 }), layers.maxPooling2d({ poolSize: 2, dataFormat })); // prettier-ignore
        return through(pooled, layers.upSampling2d({ size: [2, 3], dataFormat }), layers.globalMaxPooling2d({ dataFormat }), layers.dense({ units: 4 })); // prettier-ignore
      }),
  ],
  'images of any size': [
    [13, 10, 3],
    () => modelOf([null, null, 3], (x) => through(x, conv(5, { dilationRate: 3 }), layers.batchNormalization(), conv(4, { padding: 'valid', strides: 2 }), ...end())), // prettier-ignore
  ],
  'a softmax over two axes': [
    [4, 3, 2],
    () => modelOf([4, 3, 2], (x) => through(x, conv(3), layers.softmax({ axis: [1, 2] as never }), layers.flatten(), layers.dense({ units: 4 }))), // prettier-ignore
  ],
  'numbers for each channel in Rescaling': [
    [5, 5, 3],
    () => modelOf([5, 5, 3], (x) => through(x, layers.rescaling({ scale: [1, 2, 3] as never, offset: -1 }), conv(2), layers.flatten(), layers.dense({ units: 4 }))), // prettier-ignore
  ],
};

describe('models that people build', () => {
  beforeAll(() => useBackend('cpu'));

  const withWeights = (model: tf.LayersModel): tf.LayersModel => {
    const draws = new Draws(createKey(8));
    tf.tidy(() =>
      model.setWeights(
        model.weights.map(({ originalName, shape }) =>
          tf.tensor(drawWeights(draws, originalName, shape as number[]), shape as number[]),
        ),
      ),
    );
    return model;
  };

  it.each(Object.entries(networks))('%s: every value is connected', async (_, [, make]) => {
    const model = withWeights(make());
    expect(danglingInputs(await toOnnx(model))).toEqual([]);
    model.dispose();
  });

  if ('reason' in runtime) {
    it('give the logits of cpu in onnxruntime', ({ skip }) => skip(runtime.reason));
    return;
  }
  const { InferenceSession, Tensor } = runtime.found;

  it.each(Object.entries(networks))('%s: the logits are those of cpu', async (_, [shape, make]) => {
    const model = withWeights(make());
    const draws = new Draws(foldIn(createKey(8), 1));
    const batch = 3;
    const inputs = Float32Array.from({ length: batch * tf.util.sizeFromShape(shape) }, () => draws.word() / 2 ** 32);
    const classifier = onnxClassifier(await InferenceSession.create(await toOnnx(model)), { Tensor });
    const got = await classifier.classify(inputs, { batch, shape });
    const expected = tf.tidy(() => model.predict(tf.tensor(inputs, [batch, ...shape])) as tf.Tensor);
    const values = (await expected.data()) as Float32Array;
    const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const spread = scale - values.reduce((least, value) => Math.min(least, Math.abs(value)), scale);
    expect(got).toHaveLength(values.length);
    got.forEach((value, i) => expect(Math.abs(value - values[i]!)).toBeLessThan(1e-5 * scale));
    expect(spread).toBeGreaterThan(1e-2 * scale); // else anything would pass
    expected.dispose();
    model.dispose();
  });
});

import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { torchBatchNormalization } from '../../src/models/index.ts';

/** One step of a random network on images. */
type Step =
  | {
      readonly kind: 'conv' | 'depthwise' | 'separable';
      readonly size: number;
      readonly stride: number;
      readonly same: boolean;
    }
  | { readonly kind: 'norm'; readonly torch: boolean; readonly scale: boolean; readonly center: boolean }
  | { readonly kind: 'clamp'; readonly how: 'relu' | 'relu6' | 'activation' | 'tanh' }
  | { readonly kind: 'pad'; readonly deep: boolean }
  | { readonly kind: 'residual' | 'shared' | 'nested' | 'drop' };

/** What a random network is made of. */
export interface Recipe {
  readonly steps: readonly Step[];
  readonly bias: boolean;
  readonly activation: 'linear' | 'relu' | 'relu6' | 'elu';
  readonly denseNorm: boolean;
  readonly seed: number;
}

const kindOf = fc.constantFrom('conv', 'depthwise', 'separable') as fc.Arbitrary<'conv'>;
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: kindOf,
      size: fc.constantFrom(1, 2, 3),
      stride: fc.constantFrom(1, 1, 2),
      same: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('norm' as const),
      torch: fc.boolean(),
      scale: fc.boolean(),
      center: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('clamp' as const),
      how: fc.constantFrom('relu', 'relu6', 'activation', 'tanh') as fc.Arbitrary<'relu'>,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('residual', 'shared', 'nested', 'drop') as fc.Arbitrary<'shared'>,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pad' as const), deep: fc.boolean() }) },
);

/** Random small networks of the layers that a form joins, and of some that it must leave alone. */
export const recipes: fc.Arbitrary<Recipe> = fc.record({
  steps: fc.array(step, { minLength: 2, maxLength: 9 }),
  bias: fc.boolean(),
  activation: fc.constantFrom('linear', 'linear', 'linear', 'relu', 'relu6', 'elu'),
  denseNorm: fc.boolean(),
  seed: fc.integer({ min: 0, max: 1e6 }),
});

const CHANNELS = 3;

/** Builds a network [7, 7, 3] → 4 logits, its weights and statistics drawn from the seed. */
export function buildModel({ steps, bias, activation, denseNorm, seed }: Recipe): tf.LayersModel {
  const input = tf.input({ shape: [7, 7, CHANNELS] });
  const linear = { useBias: bias, activation } as const;
  const shared = tf.layers.conv2d({ filters: CHANNELS, kernelSize: 3, padding: 'same', useBias: bias });
  const at = (layer: tf.layers.Layer, x: tf.SymbolicTensor): tf.SymbolicTensor => layer.apply(x) as tf.SymbolicTensor;
  let x = input;
  for (const step of steps) {
    if (step.kind === 'conv' || step.kind === 'depthwise' || step.kind === 'separable') {
      const kernelSize = Math.min(step.size, x.shape[1]!, x.shape[2]!);
      const common = { kernelSize, strides: step.stride, padding: step.same ? 'same' : 'valid', ...linear } as const;
      if (step.kind === 'conv') x = at(tf.layers.conv2d({ filters: CHANNELS, ...common }), x);
      else if (step.kind === 'depthwise') x = at(tf.layers.depthwiseConv2d(common), x);
      else x = at(tf.layers.separableConv2d({ filters: CHANNELS, ...common }), x);
    } else if (step.kind === 'norm') {
      const { torch, scale, center } = step;
      x = at(torch ? torchBatchNormalization() : tf.layers.batchNormalization({ scale, center, epsilon: 1e-3 }), x);
    } else if (step.kind === 'clamp') {
      const { how } = step;
      const layer =
        how === 'activation' || how === 'tanh'
          ? tf.layers.activation({ activation: how === 'tanh' ? 'tanh' : 'relu' })
          : tf.layers.reLU(how === 'relu6' ? { maxValue: 6 } : {});
      x = at(layer, x);
    } else if (step.kind === 'residual') {
      const other = at(tf.layers.conv2d({ filters: CHANNELS, kernelSize: 3, padding: 'same', useBias: bias }), x);
      const sum = tf.layers.add().apply([at(torchBatchNormalization(), other), x]) as tf.SymbolicTensor;
      x = at(tf.layers.reLU(), sum);
    } else if (step.kind === 'pad') {
      const padded = at(
        tf.layers.zeroPadding2d({
          padding: [
            [1, 2],
            [0, 1],
          ],
        }),
        x,
      );
      const places = { kernelSize: 2, strides: 2, useBias: bias } as const;
      const next = step.deep ? tf.layers.depthwiseConv2d(places) : tf.layers.conv2d({ filters: CHANNELS, ...places });
      x = at(torchBatchNormalization(), at(next, padded));
    } else if (step.kind === 'shared') {
      x = at(torchBatchNormalization(), at(shared, at(tf.layers.batchNormalization(), at(shared, x))));
    } else if (step.kind === 'nested') {
      const inside = tf.sequential({
        layers: [tf.layers.conv2d({ inputShape: x.shape.slice(1), filters: CHANNELS, kernelSize: 1, useBias: bias })],
      });
      x = at(torchBatchNormalization(), at(inside, x));
    } else x = at(tf.layers.dropout({ rate: 0.5 }), x);
  }
  const hidden = at(tf.layers.dense({ units: 5, useBias: bias }), at(tf.layers.flatten(), x));
  const normed = denseNorm ? at(tf.layers.reLU(), at(tf.layers.batchNormalization(), hidden)) : hidden;
  const model = tf.model({ inputs: input, outputs: at(tf.layers.dense({ units: 4 }), normed) });
  setWeights(model, seed);
  return model;
}

/** Weights in [−1, 1] / 2, variances in [0.1, 2.1]. */
function setWeights(model: tf.LayersModel, seed: number): void {
  tf.tidy(() => {
    model.weights.forEach((weight, i) => {
      const { shape } = weight.read();
      const isVariance = weight.originalName.includes('variance');
      weight.write(tf.randomUniform(shape, isVariance ? 0.1 : -0.5, isVariance ? 2.1 : 0.5, 'float32', seed + i + 1));
    });
  });
}

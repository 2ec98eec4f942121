import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { modelForms } from '../../src/classifier/model-forms.ts';

const norm = (): tf.layers.Layer => tf.layers.batchNormalization();
const conv = (options = {}): tf.layers.Layer =>
  tf.layers.conv2d({ inputShape: [4, 4, 1], filters: 2, kernelSize: 3, ...options });
const foldsOf = (...layers: tf.layers.Layer[]): boolean => modelForms(tf.sequential({ layers })).folds;

describe('a normalisation is folded', () => {
  it.each([
    ['behind a convolution', () => [conv(), norm()]],
    [
      'behind a separable one',
      () => [tf.layers.separableConv2d({ inputShape: [4, 4, 1], filters: 2, kernelSize: 3 }), norm()],
    ],
    ['behind a depthwise one', () => [tf.layers.depthwiseConv2d({ inputShape: [4, 4, 1], kernelSize: 3 }), norm()]],
    ['behind a dense layer', () => [tf.layers.dense({ inputShape: [3], units: 2 }), norm()]],
    ['at the end of a model inside', () => [tf.sequential({ layers: [conv()] }), norm()]],
  ] as const)('%s', (_, layers) => expect(foldsOf(...layers())).toBe(true));

  it('in a model that was saved and loaded, whatever its class', async () => {
    const input = tf.input({ shape: [4, 4, 1] });
    const outputs = norm().apply(conv().apply(input) as tf.SymbolicTensor) as tf.SymbolicTensor;
    for (const made of [tf.sequential({ layers: [conv(), norm()] }), tf.model({ inputs: input, outputs })]) {
      const modelTopology = made.toJSON(undefined, false) as { class_name: string };
      const names = made instanceof tf.Sequential ? ['Sequential'] : ['Model', 'Functional'];
      for (const name of names) {
        const loaded = await tf.models.modelFromJSON({
          modelTopology: { ...modelTopology, class_name: name },
        } as never);
        expect(modelForms(loaded).folds).toBe(true);
      }
    }
  });
});

describe('a normalisation is left as it is', () => {
  /** A convolution of the host that computes something else under the name of its parent. */
  const derived = (): tf.layers.Layer => {
    const layer = conv();
    const Parent = layer.constructor as new (config: object) => tf.layers.Layer;
    return new (class Doubled extends Parent {
      override call(inputs: tf.Tensor | tf.Tensor[], kwargs: object): tf.Tensor {
        return tf.mul(2, super.call(inputs, kwargs as never) as tf.Tensor);
      }
    })({ inputShape: [4, 4, 1], filters: 2, kernelSize: 3 });
  };
  const patched = (): tf.layers.Layer =>
    Object.assign(conv(), { call: (x: tf.Tensor[]) => tf.zeros([x[0]!.shape[0]!, 2, 2, 2]) });
  const hooked = (): tf.layers.Layer => {
    const layer = conv();
    layer.setCallHook(() => undefined);
    return layer;
  };

  it.each([
    ['behind an activation', () => [conv({ activation: 'relu' }), norm()]],
    ['before a convolution', () => [tf.layers.batchNormalization({ inputShape: [4, 4, 1] }), conv()]],
    ['along another axis', () => [conv(), tf.layers.batchNormalization({ axis: 1 })]],
    ['behind a class that was derived from a known one', () => [derived(), norm()]],
    ['behind a layer with a call of its own', () => [patched(), norm()]],
    ['behind a layer that somebody listens to', () => [hooked(), norm()]],
    ['behind dilated filters', () => [conv({ dilationRate: 2, kernelSize: 2 }), norm()]],
    [
      'behind channels first',
      () => [conv({ inputShape: [1, 4, 4], dataFormat: 'channelsFirst' }), tf.layers.batchNormalization({ axis: 1 })],
    ],
  ] as const)('%s', (_, layers) => expect(foldsOf(...layers())).toBe(false));

  it('where another layer takes the sums as well, or the model returns them', () => {
    const input = tf.input({ shape: [3] });
    const sums = tf.layers.dense({ units: 2 }).apply(input) as tf.SymbolicTensor;
    const normed = norm().apply(sums) as tf.SymbolicTensor;
    const both = tf.layers.add().apply([sums, normed]) as tf.SymbolicTensor;
    expect(modelForms(tf.model({ inputs: input, outputs: both })).folds).toBe(false);
    expect(modelForms(tf.model({ inputs: input, outputs: [sums, normed] })).folds).toBe(false);
  });

  it('where a mask may reach it', () => {
    const layers = [tf.layers.masking({ inputShape: [3] }), tf.layers.dense({ units: 2 }), norm()];
    expect(foldsOf(...layers)).toBe(false);
  });
});

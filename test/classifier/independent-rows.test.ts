import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { denoised, ensemble, normalizeInput, OptionError, toLogitsFn } from '../../src/index.ts';
import { hasIndependentRows } from '../../src/classifier/independent-rows.ts';
import { cifarResnet, lenet, normalize, torchBatchNormalization } from '../../src/models/index.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';

type Layer = tf.layers.Layer;
const { layers } = tf;
const key = createKey(0);
const known = (classifier: unknown, told?: boolean): boolean => hasIndependentRows('test', classifier, told);

/** A model of one layer between others, for inputs of a shape. */
function around(layer: Layer, inputShape: number[]): tf.LayersModel {
  return tf.sequential({
    layers: [layers.inputLayer({ inputShape }), layer, layers.dense({ units: 3 })],
  });
}
const image = [6, 6, 2];
const sequence = [5, 4];
const row = [4];

const independent: Readonly<Record<string, () => tf.LayersModel>> = {
  lenet: () => lenet({ key }),
  normalize: () => around(normalize({ mean: [0.5, 0.5], std: [1, 2] }), image),
  dense: () => around(layers.dense({ units: 2, activation: 'relu' }), row),
  'activation by name': () => around(layers.activation({ activation: 'mish' }), row),
  conv2d: () => around(layers.conv2d({ filters: 2, kernelSize: 3, activation: 'hardSigmoid' }), image),
  depthwiseConv2d: () => around(layers.depthwiseConv2d({ kernelSize: 3 }), image),
  maxPooling2d: () => around(layers.maxPooling2d({}), image),
  layerNormalization: () => around(layers.layerNormalization(), row),
  softmax: () => around(layers.softmax(), row),
  lstm: () => around(layers.lstm({ units: 2 }), sequence),
  bidirectional: () =>
    around(layers.bidirectional({ layer: layers.gru({ units: 2 }) as tf.RNN, mergeMode: 'concat' }), sequence),
  timeDistributed: () => around(layers.timeDistributed({ layer: layers.dense({ units: 2 }) }), sequence),
  'a model inside': () =>
    around(tf.sequential({ layers: [layers.dense({ inputShape: row, units: 2 })] }) as never, row),
  'two branches': () => {
    const input = tf.input({ shape: row });
    const both = [1, 2].map(() => layers.dense({ units: 2 }).apply(input) as tf.SymbolicTensor);
    return tf.model({ inputs: input, outputs: layers.concatenate().apply(both) as tf.SymbolicTensor });
  },
};

class Plain extends layers.Layer {
  static readonly className = 'Plain';
}

/** A class of the host's with the name of the one that it extends. */
class NoisyDense extends (layers.dense({ units: 1 }).constructor as new (config: { units: number }) => Layer) {
  override call(inputs: tf.Tensor | tf.Tensor[], options: never): tf.Tensor | tf.Tensor[] {
    return tf.add(super.call(inputs, options) as tf.Tensor, tf.randomNormal([1]));
  }
}

const dependent: Readonly<Record<string, () => tf.LayersModel>> = {
  cifarResnet: () => cifarResnet({ key, depth: 8, mean: [0, 0, 0], std: [1, 1, 1] }),
  batchNormalization: () => around(layers.batchNormalization(), row),
  torchBatchNormalization: () => around(torchBatchNormalization({}), row),
  dropout: () => around(layers.dropout({ rate: 0.5 }), row),
  spatialDropout1d: () => around(layers.spatialDropout1d({ rate: 0.5 }), sequence),
  alphaDropout: () => around(layers.alphaDropout({ rate: 0.5 }), row),
  gaussianDropout: () => around(layers.gaussianDropout({ rate: 0.5 }), row),
  gaussianNoise: () => around(layers.gaussianNoise({ stddev: 0.5 }), row),
  'lstm with dropout': () => around(layers.lstm({ units: 2, dropout: 0.1 }), sequence),
  'gru with recurrent dropout': () => around(layers.gru({ units: 2, recurrentDropout: 0.1 }), sequence),
  'a recurrent cell with dropout': () =>
    around(layers.rnn({ cell: layers.simpleRNNCell({ units: 2, dropout: 0.1 }) }), sequence),
  'bidirectional with dropout': () =>
    around(
      layers.bidirectional({ layer: layers.lstm({ units: 2, dropout: 0.1 }) as tf.RNN, mergeMode: 'sum' }),
      sequence,
    ),
  'timeDistributed dropout': () => around(layers.timeDistributed({ layer: layers.dropout({ rate: 0.5 }) }), sequence),
  'stateful lstm': () =>
    tf.sequential({ layers: [layers.lstm({ units: 2, stateful: true, batchInputShape: [2, ...sequence] })] }),
  'dropout in a model inside': () =>
    around(tf.sequential({ layers: [layers.dropout({ inputShape: row, rate: 0.5 })] }) as never, row),
};

const unknown: Readonly<Record<string, () => unknown>> = {
  'a function': () => (x: tf.Tensor) => x,
  'a layer of one’s own': () => around(new Plain({}), row),
  'a layer of one’s own that names others': () =>
    around(Object.assign(new Plain({}), { layer: 'conv', layers: 3, cell: null }), row),
  'an object like a model': () => ({ apply: (x: tf.Tensor) => x, trainableWeights: [], inputs: [] }),
  'a layer with the name of another': () => around(new NoisyDense({ units: 2 }), row),
  'a layer whose method was replaced': () => {
    const layer = layers.dense({ units: 2 });
    layer.call = (x) => x;
    return around(layer, row);
  },
  'layers that join the batch': () => {
    const input = tf.input({ shape: row });
    return tf.model({
      inputs: input,
      outputs: layers.concatenate({ axis: 0 }).apply([input, input]) as tf.SymbolicTensor,
    });
  },
};

describe('whether rows are independent in training mode', () => {
  beforeAll(() => useBackend('cpu'));

  it.each(Object.keys(independent))('is known of the layers: %s', (name) => {
    const model = independent[name]!();
    expect(known(model)).toBe(true);
    expect(known(model, true)).toBe(true);
    expect(known(model, false)).toBe(false);
    model.dispose();
  });

  it.each(Object.keys(dependent))('is denied: %s', (name) => {
    const model = dependent[name]!();
    expect(known(model)).toBe(false);
    expect(known(model, false)).toBe(false);
    expect(() => known(model, true)).toThrow(OptionError);
    model.dispose();
  });

  it.each(Object.keys(unknown))('is believed, where it is not known: %s', (name) => {
    const classifier = unknown[name]!();
    expect(known(classifier)).toBe(false);
    expect(known(classifier, true)).toBe(true);
  });

  it('is known of functions that the library makes of such models', () => {
    const model = lenet({ key });
    const other = around(layers.dropout({ rate: 0.5 }), [28, 28, 1]);
    expect(known(toLogitsFn(model, { output: 'probabilities' }))).toBe(true);
    expect(known(normalizeInput(ensemble([model, model]), { mean: 0.5 }))).toBe(true);
    expect(known(ensemble([model, other]))).toBe(false);
    expect(() => known(normalizeInput(ensemble([model, other]), { mean: 0.5 }), true)).toThrow(
      /layer "dropout_Dropout\d+" \(Dropout\)/,
    );
    expect(known(denoised(model, (x) => x))).toBe(false);
    model.dispose();
    other.dispose();
  });

  it('says what to do', () => {
    const model = around(layers.batchNormalization({ name: 'norm' }), row);
    expect(() => known(model, true)).toThrow(
      'test: `independentRows` must be false for a model whose training mode draws at random or looks at the batch, got layer "norm" (BatchNormalization) (leave the option out)',
    );
    model.dispose();
  });

  it('holds: an independent model has the same rows in both modes and in other batches', async () => {
    const names = ['dense', 'conv2d', 'layerNormalization', 'lstm', 'bidirectional', 'timeDistributed', 'two branches'];
    for (const name of names) {
      const model = independent[name]!();
      const shape = model.inputs[0]!.shape.slice(1) as number[];
      const x = tf.randomUniform([4, ...shape], -1, 1, 'float32', 1);
      const part = tf.slice(x, 1, 2);
      const [whole, other, some] = [
        model.apply(x, { training: true }) as tf.Tensor,
        model.apply(x, { training: false }) as tf.Tensor,
        model.apply(part, { training: true }) as tf.Tensor,
      ];
      const values = await Promise.all([whole, other, some].map((tensor) => tensor.data()));
      const size = whole.size / 4;
      expect([...values[0]!], name).toEqual([...values[1]!]);
      expect([...values[0]!.slice(size, 3 * size)], name).toEqual([...values[2]!]);
      tf.dispose([x, part, whole, other, some]);
      model.dispose();
    }
  });
});

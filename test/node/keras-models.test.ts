import { mkdir, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { DataError } from '../../src/errors.ts';
import { loadModel } from '../../src/node/load-model.ts';
import { saveModel } from '../../src/node/save-model.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { readFixture } from '../helpers/fixtures.ts';
import { useFolder } from './run.ts';

interface KerasModel {
  readonly json: tf.io.ModelJSON;
  readonly weights: string;
  readonly shape: number[];
  readonly x: number[];
  readonly y: number[];
}

const { models } = await readFixture<{ models: Record<string, KerasModel> }>('keras.json');
const { path } = useFolder();
beforeAll(() => useBackend('cpu'));

let count = 0;
/** Writes a model, and gives its folder. */
async function folderOf(json: object, weights: Uint8Array): Promise<string> {
  const folder = path(`model${count++}`);
  await mkdir(folder);
  await writeFile(`${folder}/model.json`, JSON.stringify(json));
  const { weightsManifest } = json as tf.io.ModelJSON;
  await writeFile(`${folder}/${weightsManifest[0]!.paths[0]}`, weights);
  return folder;
}

async function predict(model: tf.LayersModel, { x, shape }: Pick<KerasModel, 'x' | 'shape'>): Promise<Float32Array> {
  const output = tf.tidy(() => model.predict(tf.tensor(x, shape)) as tf.Tensor);
  const values = (await output.data()) as Float32Array;
  output.dispose();
  return values;
}

function expectClose(values: Float32Array, expected: readonly number[]): void {
  const scale = Math.max(...expected.map(Math.abs));
  expect(values).toHaveLength(expected.length);
  values.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5 * scale));
}

describe('models of Keras', () => {
  it.each(Object.entries(models))(
    '%s: computes what Keras computes, and so does what saveModel writes',
    async (name, data) => {
      const before = tf.memory().numTensors;
      const model = await loadModel(await folderOf(data.json, Buffer.from(data.weights, 'base64')), {
        format: 'layers-model',
      });
      const values = await predict(model, data);
      expectClose(values, data.y);
      const saved = path(`saved${count++}`);
      await saveModel(model, saved);
      const again = await loadModel(saved, { format: 'layers-model' });
      expect(await predict(again, data)).toEqual(values);
      // Not model.dispose(), which TensorFlow.js leaves undone for layers that are used twice.
      [...model.weights, ...again.weights].forEach((weight) => weight.dispose());
      // Recurrences of TensorFlow.js keep tensors of their own.
      if (!name.includes('lstm')) expect(tf.memory().numTensors).toBe(before);
    },
  );

  it('have more than one answer, so that weights in another order would be seen', () => {
    for (const { y } of Object.values(models)) expect(Math.max(...y) - Math.min(...y)).toBeGreaterThan(0.05);
  });
});

const dense = (name: string, config: object = {}): object => ({
  class_name: 'Dense',
  config: { name, units: 3, activation: 'linear', ...config },
});
const flatten = (config: object): object => ({ class_name: 'Flatten', config: { name: 'f', ...config } });
const sequential = (layers: object[], config: object = {}): object => ({
  class_name: 'Sequential',
  config: { name: 'm', layers, ...config },
});
/** A model of one dense layer from 4 numbers to 3, as it may be written, with its weights under these names. */
const modelOf = (config: object, names: readonly string[], shapes = [[4, 3], [3]]): object => ({
  format: 'layers-model',
  modelTopology: { model_config: config },
  weightsManifest: [
    {
      paths: ['weights.bin'],
      weights: names.map((name, i) => ({ name, shape: shapes[i % shapes.length], dtype: 'float32' })),
    },
  ],
});
const numbers = Float32Array.from({ length: 15 }, (_, i) => Math.sin(3 * i));
const bytes = (copies = 1): Uint8Array => {
  const all = new Float32Array(15 * copies);
  for (let i = 0; i < copies; i++) all.set(numbers, 15 * i);
  return new Uint8Array(all.buffer);
};
const plain = sequential([flatten({ batch_input_shape: [null, 2, 2, 1] }), dense('d')]);
const input = {
  class_name: 'InputLayer',
  config: { batch_shape: [null, 2, 2, 1], dtype: 'float32', sparse: false, name: 'i' },
};

describe('one dense layer, as Keras 3 and the converter write it', () => {
  it.each([
    ['batch_shape', modelOf(sequential([input, flatten({}), dense('d')]), ['d/kernel', 'd/bias'])],
    ['the name of the model in front', modelOf(plain, ['sequential/d/kernel', 'sequential/d/bias'])],
    ['both, and `:0`', modelOf(sequential([input, flatten({}), dense('d')]), ['m/d/kernel:0', 'm/d/bias:0'])],
    ['another name of the layer', modelOf(plain, ['dense_1/kernel', 'dense_1/bias'])],
    ['the bias first', modelOf(plain, ['m/d/bias', 'm/d/kernel'], [[3], [4, 3]])],
    ['numbers of layers', modelOf(plain, ['layers/dense/vars/0', 'layers/dense/vars/1'])],
    [
      'build_input_shape',
      modelOf(sequential([flatten({}), dense('d')], { build_input_shape: [null, 2, 2, 1] }), ['d/kernel', 'd/bias']),
    ],
    [
      'an activation as an object, and an optional input',
      modelOf(
        sequential([
          { ...input, config: { ...input.config, optional: true, ragged: false }, module: 'keras.layers' },
          flatten({ dtype: { module: 'keras', class_name: 'DTypePolicy', config: { name: 'float32' } } }),
          dense('d', {
            activation: { module: 'builtins', class_name: 'function', config: 'linear', registered_name: 'function' },
          }),
        ]),
        ['d/kernel', 'd/bias'],
      ),
    ],
  ])('%s', async (what, json) => {
    const model = await loadModel(await folderOf(json, bytes()), { format: 'layers-model' });
    const x = [1, 2, -1, 0.5];
    const isSwapped = what === 'the bias first';
    const [kernel, bias] = isSwapped ? [numbers.subarray(3), numbers] : [numbers, numbers.subarray(12)];
    const expected = [0, 1, 2].map((c) => x.reduce((sum, value, i) => sum + value * kernel[3 * i + c]!, bias[c]!));
    expectClose(await predict(model, { x, shape: [1, 2, 2, 1] }), expected);
    model.dispose();
  });
});

const call = (...from: string[]): object[] => [
  {
    args: [from.length > 1 ? from.map((name) => tensorOf(name)) : tensorOf(from[0]!)],
    kwargs: {},
  },
];
const tensorOf = (name: string): object => ({
  class_name: '__keras_tensor__',
  config: { shape: [null, 4], dtype: 'float32', keras_history: [name, 0, 0] },
});
const flatInput = {
  class_name: 'InputLayer',
  name: 'i',
  config: { name: 'i', batch_shape: [null, 4] },
  inbound_nodes: [],
};
const functional = (layers: object[], output: string, name = 'm', first = 'i'): object => ({
  class_name: 'Functional',
  config: { name, layers, input_layers: [first, 0, 0], output_layers: [output, 0, 0] },
});
const inner = (name: string): object => ({
  ...functional(
    [
      { ...flatInput, name: `${name}_i`, config: { ...flatInput.config, name: `${name}_i` } },
      { ...dense('d', { units: 4 }), name: 'd', inbound_nodes: call(`${name}_i`) },
    ],
    'd',
    name,
    `${name}_i`,
  ),
  name,
});
const twins = functional(
  [
    flatInput,
    { ...inner('a'), inbound_nodes: call('i') },
    { ...inner('b'), inbound_nodes: [{ args: [{ config: { keras_history: ['a', 1, 0] } }], kwargs: {} }] },
  ],
  'b',
);
const square = [[4, 4], [4]];
const withOutput = (config: object, node: number): object => {
  const { config: inside } = config as { config: object };
  return { ...config, config: { ...inside, output_layers: [['b', node, 0]] } };
};

it('a model of TensorFlow.js with the weights of an optimizer', async () => {
  const { modelTopology, weightsManifest } = modelOf(plain, ['d/kernel', 'd/bias', 'iter']) as tf.io.ModelJSON;
  const [{ paths, weights } = { paths: [], weights: [] }] = weightsManifest;
  const [kernel, bias, iter] = weights;
  const optimizer = { ...iter!, shape: [], group: 'optimizer' as const };
  for (const keras_version of ['tfjs-layers 4.22.0', '2.15.0']) {
    const json = {
      modelTopology: { ...modelTopology, keras_version },
      weightsManifest: [{ paths, weights: [kernel!, bias!, optimizer] }],
    };
    const model = await loadModel(await folderOf(json, bytes(2).slice(0, 64)), { format: 'layers-model' });
    const values = await predict(model, { x: [0, 0, 0, 0], shape: [1, 2, 2, 1] });
    expect(values).toEqual(numbers.subarray(12));
    model.dispose();
  }
});

describe('refuses a model of Keras', () => {
  const refuses = async (json: object, got: string, must: 'layer' | 'weight', copies = 1): Promise<void> => {
    const before = tf.memory().numTensors;
    const folder = await folderOf(json, bytes(copies).slice(0, sizeOf(json)));
    const graph =
      'export a SavedModel and convert it: tensorflowjs_converter --input_format=tf_saved_model --output_format=tfjs_graph_model';
    const text = {
      layer: ['must be a model of Keras that TensorFlow.js computes as Keras does', graph],
      weight: [
        'must have weights whose names say which variable they are',
        `save it with tf_keras (TF_USE_LEGACY_KERAS=1) and convert that, or ${graph}`,
      ],
    }[must];
    await expectError(
      () => loadModel(folder),
      DataError,
      `loadModel: \`file\` ${text[0]}, got ${got} in ${folder}/model.json (${text[1]})`,
    );
    expect(tf.memory().numTensors).toBe(before);
  };
  const sizeOf = (json: object): number =>
    4 *
    (json as tf.io.ModelJSON).weightsManifest[0]!.weights.reduce(
      (sum, { shape }) => sum + tf.util.sizeFromShape(shape),
      0,
    );
  const names = ['d/kernel', 'd/bias'];
  const around = (layer: object): object => modelOf(sequential([input, layer]), names);
  const layer = (class_name: string, config: object): object =>
    around({ class_name, config: { name: 'l', ...config } });

  it.each([
    ['DepthwiseConv2D', { kernel_size: 1, dilation_rate: [2, 2] }, 'dilation_rate [2,2]'],
    ['Conv2D', { filters: 2, kernel_size: 1, groups: 2 }, 'groups 2'],
    ['Conv2DTranspose', { filters: 2, kernel_size: 1, output_padding: [1, 1] }, 'output_padding [1,1]'],
    ['Conv1D', { filters: 2, kernel_size: 1, padding: 'causal' }, 'padding "causal"'],
    ['ReLU', { threshold: 0.5 }, 'threshold 0.5'],
    ['ReLU', { negative_slope: 0.5, max_value: 6 }, 'negative_slope 0.5 and max_value 6'],
    ['ELU', { alpha: 0.5 }, 'alpha 0.5'],
    ['BatchNormalization', { renorm: true }, 'renorm true'],
    ['LayerNormalization', { rms_scaling: true }, 'rms_scaling true'],
    ['UpSampling2D', { interpolation: 'bilinear' }, 'interpolation "bilinear"'],
    ['GlobalMaxPooling2D', { keepdims: true }, 'keepdims true'],
    ['GlobalMaxPooling1D', { data_format: 'channels_first' }, 'data_format "channels_first"'],
    ['SeparableConv2D', { filters: 2, kernel_size: 1, data_format: 'channels_first' }, 'data_format "channels_first"'],
    [
      'MaxPooling3D',
      { pool_size: [1, 2, 2], strides: [2, 2, 2], padding: 'same' },
      'padding "same" and strides [2,2,2]',
    ],
    ['Resizing', { height: 3, width: 3 }, 'pixels that TensorFlow.js places elsewhere'],
    ['BatchNormalization', { axis: 1 }, 'axis 1'],
    ['Dense', { activation: 'hard_sigmoid' }, 'activation "hard_sigmoid"'],
    ['Activation', { activation: 'leaky_relu' }, 'activation "leaky_relu"'],
    ['SpatialDropout2D', { rate: 0.1, data_format: 'channels_first' }, 'data_format "channels_first"'],
    [
      'Dense',
      { units: 2, dtype: { class_name: 'QuantizedDTypePolicy', config: {} } },
      'dtype {"class_name":"QuantizedDTypePolicy","config":{}}',
    ],
  ])('with a setting that TensorFlow.js passes over: %s %o', (kind, config, got) =>
    refuses(layer(kind, config), `layer "l" (${kind}) with ${got}`, 'layer'),
  );

  const functionalOf = (node: object): object =>
    modelOf(functional([flatInput, { ...dense('d'), name: 'd', inbound_nodes: [node] }], 'd'), names);
  it.each([
    [
      'operations on numbers',
      { args: [tensorOf('i'), 2], kwargs: {} },
      'layer "d" called with several arguments in model "m"',
    ],
    [
      'constants',
      { args: [[tensorOf('i'), 2]], kwargs: {} },
      'layer "d" called with a value that is no tensor of the model in model "m"',
    ],
    [
      'training mode',
      { args: [tensorOf('i')], kwargs: { training: true } },
      'layer "d" called with training in model "m"',
    ],
    ['a layer that is not there', { args: [tensorOf('x')], kwargs: {} }, 'a reference to "x" in model "m"'],
    [
      'a circle',
      { args: [tensorOf('d')], kwargs: {} },
      'layer "d", which waits for a tensor that no layer makes in model "m"',
    ],
  ])('with %s', (_, node, got) => refuses(functionalOf(node), got, 'layer'));

  it('that joins along an inner axis counted from the end', () => {
    const joined = {
      class_name: 'Concatenate',
      name: 'l',
      config: { name: 'l', axis: -2 },
      inbound_nodes: call('r', 'r'),
    };
    const rows = {
      class_name: 'Reshape',
      name: 'r',
      config: { name: 'r', target_shape: [2, 2] },
      inbound_nodes: call('i'),
    };
    return refuses(
      modelOf(functional([flatInput, rows, joined], 'l'), names),
      'layer "l" (Concatenate) with axis -2',
      'layer',
    );
  });

  it('of endless depth', () => {
    const deep = Array.from({ length: 70 }).reduce<object>((layer) => ({ l: layer }), {});
    return refuses(
      around({ class_name: 'Dense', config: { name: 'l', deep } }),
      'objects more than 64 levels deep',
      'layer',
    );
  });

  it.each([
    ['two of one name', ['m/d/kernel', 'm/d/kernel'], 'two weights of the name "m/d/kernel"'],
    ['another name', ['m/d/kernel', 'm/d/offset'], 'weight "m/d/offset", which fits no variable'],
    ['one too few', ['m/d/kernel'], '1 weights for 2 variables'],
    [
      'the number of another layer',
      ['layers/dense_1/vars/0', 'layers/dense_1/vars/1'],
      'weight "layers/dense_1/vars/0", which fits no layer',
    ],
    [
      'numbers in another order',
      ['layers/dense/vars/1', 'layers/dense/vars/0'],
      '"layers/dense/vars/1" of shape [4,3] for d/bias of shape [3]',
    ],
  ])('with weights of %s', (_, given, got) => {
    const wrong = got.startsWith('"layers') ? '"layers/dense/vars/0" of shape [3] for d/kernel of shape [4,3]' : got;
    return refuses(modelOf(plain, given), wrong, 'weight');
  });

  it('whose names are shifted by one, where two layers have one shape', () => {
    const square = (name: string): object => dense(name, { units: 4 });
    const two = sequential([flatten({ batch_input_shape: [null, 2, 2, 1] }), square('dense_1'), square('dense_2')]);
    const shifted = ['dense/kernel', 'dense/bias', 'dense_1/kernel', 'dense_1/bias'];
    return refuses(modelOf(two, shifted, [[4, 4], [4]]), 'weight "dense/kernel", which fits no variable', 'weight', 3);
  });

  it('whose names fit the layers of two models inside', () =>
    refuses(
      modelOf(withOutput(twins, 1), ['x/d/kernel', 'x/d/bias', 'y/d/kernel', 'y/d/bias'], square),
      'weight "x/d/kernel", which fits 2 variables',
      'weight',
      3,
    ));

  it('but not where they name the models', async () => {
    const json = modelOf(withOutput(twins, 1), ['m/b/d/kernel', 'm/b/d/bias', 'm/a/d/kernel', 'm/a/d/bias'], square);
    const values = Float32Array.from({ length: 40 }, (_, i) => Math.cos(i));
    const model = await loadModel(await folderOf(json, new Uint8Array(values.buffer)), { format: 'layers-model' });
    const step = (x: number[], at: number): number[] =>
      [0, 1, 2, 3].map((c) => x.reduce((sum, value, i) => sum + value * values[at + 4 * i + c]!, values[at + 16 + c]!));
    const x = [1, 2, -1, 0.5];
    expectClose(await predict(model, { x, shape: [1, 4] }), step(step(x, 20), 0));
    model.dispose();
  });
});

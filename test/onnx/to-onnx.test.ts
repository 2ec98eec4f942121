import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ClassifierError, OptionError } from '../../src/errors.ts';
import { cifarResnet } from '../../src/models/cifar-resnet.ts';
import { lenet } from '../../src/models/lenet.ts';
import { writtenActivations, writtenLayers } from '../../src/onnx/layer-nodes.ts';
import { toOnnx } from '../../src/onnx/to-onnx.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { bytesOf, constantsOf, danglingInputs, nodesOf, numbersOf, textsOf } from './protobuf-reader.ts';

const operations = (file: Uint8Array): string[] => nodesOf(file).flatMap((node) => textsOf(node, 4));

describe('toOnnx', () => {
  beforeAll(() => useBackend('cpu'));

  it('writes these bytes for a dense layer', async () => {
    const model = tf.sequential({ name: 'tiny', layers: [tf.layers.dense({ name: 'd', units: 2, inputShape: [1] })] });
    const weights = [tf.tensor2d([1, -2], [1, 2]), tf.tensor1d([0.5, 0])];
    model.setWeights(weights);
    await expectNoLeak(async () =>
      expect(Buffer.from(await toOnnx(model)).toString('hex')).toMatchInlineSnapshot(
        `"0807120563617472733ac3010a290a05696e7075740a08642f6b65726e656c0a06642f626961731203643a301a03643a30220447656d6d0a1f0a03643a3012066f75747075741a066f757470757422084964656e74697479120474696e792a1a0801080210014208642f6b65726e656c4a080000803f000000c02a16080210014206642f626961734a080000003f000000005a1c0a05696e70757412130a110801120d0a07120562617463680a020801621d0a066f757470757412130a110801120d0a07120562617463680a02080242040a00100d"`,
      ),
    );
    tf.dispose([model.getWeights(), weights]);
  });

  it('writes the LeNet of key 0 in these bytes, which an independent reader takes apart', async () => {
    const model = lenet({ key: createKey(0) });
    const file = await toOnnx(model);
    expect(createHash('sha256').update(file).digest('hex')).toMatchInlineSnapshot(
      `"8ca9edc75b2b1875cef6f2c04714bea8533c1b764d51457d427ecf9e889a7da6"`,
    );
    expect(numbersOf(file, 1)).toEqual([7]);
    expect(numbersOf(bytesOf(file, 8)[0]!, 2)).toEqual([13]);
    expect(operations(file)).toEqual([
      ...['Transpose', 'Conv', 'Relu', 'MaxPool', 'Conv', 'Relu', 'MaxPool'],
      ...['Transpose', 'Flatten', 'Gemm', 'Relu', 'Gemm', 'Identity'],
    ]);
    const tensors = constantsOf(file);
    expect(tensors.map((tensor) => [...textsOf(tensor, 8), ...numbersOf(tensor, 1)])).toEqual([
      ['conv1/kernel', 20, 1, 5, 5],
      ['conv1/bias', 20],
      ['conv2/kernel', 50, 20, 5, 5],
      ['conv2/bias', 50],
      ['fc1/kernel', 800, 500],
      ['fc1/bias', 500],
      ['fc2/kernel', 500, 10],
      ['fc2/bias', 10],
    ]);
    const kernel = new Float32Array(bytesOf(tensors[2]!, 9)[0]!.slice().buffer);
    const expected = tf.tidy(() => tf.transpose(model.getLayer('conv2').getWeights()[0]!, [3, 2, 0, 1]));
    expect(kernel).toEqual(await expected.data());
    expected.dispose();
    model.dispose();
  });

  it('connects every value of a ResNet, its input and its output', async () => {
    const model = cifarResnet({ key: createKey(0), depth: 8, mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] });
    const file = await toOnnx(model);
    expect(danglingInputs(file)).toEqual([]);
    const count = (name: string): number => operations(file).filter((operation) => operation === name).length;
    expect(['Conv', 'BatchNormalization', 'Add', 'Pad', 'Gemm'].map(count)).toEqual([9, 9, 3, 2, 1]);
    model.dispose();
  });
});

describe('toOnnx refuses', () => {
  beforeAll(() => useBackend('cpu'));

  const list = `layers: ${writtenLayers.join(', ')}, and models of them; activations: ${writtenActivations.join(', ')}`;

  it('what is no layers model', () =>
    expectError(
      () => toOnnx((() => 1) as never),
      OptionError,
      'toOnnx: `model` must be a tf.LayersModel, got a function',
    ));

  class Doubled extends tf.layers.Layer {
    static readonly className = 'Doubled';
  }
  class Sine extends (tf.serialization.SerializationMap.getMap().classNameMap['relu']![0] as new () => object) {
    static readonly className = 'sine';
    getClassName(): string {
      return 'sine';
    }
  }

  it.each([
    ['layer "lstm" (LSTM)', () => tf.layers.lstm({ name: 'lstm', units: 2, inputShape: [3, 2] })],
    ['layer "rows" (Masking)', () => tf.layers.masking({ name: 'rows', inputShape: [3, 2] })],
    ['layer "mine" (Doubled)', () => new Doubled({ name: 'mine', inputShape: [2] })],
    [
      'layer "bent" (Dense) with activation "sine"',
      () => tf.layers.dense({ name: 'bent', units: 2, activation: new Sine() as never, inputShape: [2] }),
    ],
    [
      'layer "first" (SeparableConv2D) with dataFormat "channelsFirst"',
      () => tf.layers.separableConv2d({ name: 'first', filters: 2, kernelSize: 1, dataFormat: 'channelsFirst', inputShape: [1, 4, 4] }), // prettier-ignore
    ],
    [
      'layer "free" (MaxPooling2D) with padding "same" with strides, for an input of free size',
      () =>
        tf.layers.maxPooling2d({ name: 'free', poolSize: 2, padding: 'same', inputShape: [null, null, 1] as never }),
    ],
    [
      'layer "volume" (MaxPooling3D) with padding "same" with strides beyond the kernel, in three dimensions',
      () => tf.layers.maxPooling3d({ name: 'volume', poolSize: [1, 1, 1], strides: 3, padding: 'same', inputShape: [5, 4, 4, 1] }), // prettier-ignore
    ],
    [
      'layer "grown" (Conv3DTranspose) with padding "same" with strides beyond the kernel, in three dimensions',
      () => tf.layers.conv3dTranspose({ name: 'grown', filters: 1, kernelSize: 1, strides: 2, padding: 'same', inputShape: [4, 4, 4, 1] }), // prettier-ignore
    ],
    [
      'layer "later" (Conv1D) with padding "causal"',
      () => tf.layers.conv1d({ name: 'later', filters: 1, kernelSize: 2, padding: 'causal', inputShape: [4, 1] }),
    ],
    [
      'layer "turned" (Conv1D) with dataFormat "channelsFirst"',
      () => tf.layers.conv1d({ name: 'turned', filters: 1, kernelSize: 1, dataFormat: 'channelsFirst', inputShape: [1, 4] }), // prettier-ignore
    ],
    [
      'layer "norm" (BatchNormalization) with an axis that is not the last, for an input of free size',
      () => tf.layers.batchNormalization({ name: 'norm', axis: 1, inputShape: [2, null] as never }),
    ],
    [
      'layer "up" (UpSampling2D) with an input of free height or width',
      () => tf.layers.upSampling2d({ name: 'up', inputShape: [null, 4, 1] as never }),
    ],
  ])('%s, and lists what it can write', async (got, layer) => {
    const model = tf.sequential({ layers: [layer()] });
    await expectError(
      () => toOnnx(model),
      ClassifierError,
      `toOnnx: \`model\` must have layers and settings that toOnnx can write, got ${got} (${list})`,
    );
    model.dispose();
  });

  it('the axis of the batch, and products of different ranks', async () => {
    const input = tf.input({ shape: [2] });
    const rows = tf.layers.repeatVector({ n: 3 }).apply(input) as tf.SymbolicTensor;
    const product = tf.layers.dot({ name: 'dot', axes: [2, 1] }).apply([rows, input]) as tf.SymbolicTensor;
    await expectError(
      () => toOnnx(tf.model({ inputs: input, outputs: product })),
      ClassifierError,
      `toOnnx: \`model\` must have layers and settings that toOnnx can write, got layer "dot" (Dot) with inputs of different ranks (${list})`,
    );
    const joined = tf.layers.concatenate({ name: 'rows', axis: 0 }).apply([input, input]) as tf.SymbolicTensor;
    await expectError(
      () => toOnnx(tf.model({ inputs: input, outputs: joined })),
      ClassifierError,
      `toOnnx: \`model\` must have layers and settings that toOnnx can write, got layer "rows" (Concatenate) with axis 0 (${list})`,
    );
  });

  it('several inputs, and integers', async () => {
    const inputs = [tf.input({ shape: [2] }), tf.input({ shape: [2] })];
    const model = tf.model({ inputs, outputs: tf.layers.add().apply(inputs) as tf.SymbolicTensor });
    await expectError(
      () => toOnnx(model),
      ClassifierError,
      'toOnnx: `model` must have one input and one output, got 2 and 1',
    );
    const words = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [2, 2], dtype: 'int32' })] });
    await expectError(
      () => toOnnx(words),
      ClassifierError,
      'toOnnx: `model` must have an input of type float32, got int32',
    );
  });
});

describe('the guide', () => {
  const page = readFileSync(new URL('../../docs/guide/onnx.md', import.meta.url), 'utf8');
  const listed = (title: string): string[] | undefined =>
    new RegExp(`${title}: ([\\w,\\s]+)\\.`).exec(page)?.[1]?.split(/,\s+/);

  it('lists the layers and activations that toOnnx writes', () => {
    expect(listed('Layers')).toEqual(writtenLayers);
    expect(listed('Activations')).toEqual(writtenActivations);
  });
});

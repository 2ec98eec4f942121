import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ClassifierError, OptionError } from '../../src/errors.ts';
import { cifarResnet } from '../../src/models/cifar-resnet.ts';
import { lenet } from '../../src/models/lenet.ts';
import { toOnnx } from '../../src/onnx/to-onnx.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { bytesOf, numbersOf, textsOf } from './protobuf-reader.ts';

/** Field numbers of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
const GRAPH = 7;
const [NODE, INITIALIZER, INPUT, OUTPUT] = [1, 5, 11, 12];

const graphOf = (file: Uint8Array): Uint8Array => bytesOf(file, GRAPH)[0]!;
const operations = (file: Uint8Array): string[] => bytesOf(graphOf(file), NODE).flatMap((node) => textsOf(node, 4));

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
      `"568e70b9a14ca7a5eef0eeff8cab5c81836731b9fa74c67aab47096687d9475b"`,
    );
    expect(numbersOf(file, 1)).toEqual([7]);
    expect(numbersOf(bytesOf(file, 8)[0]!, 2)).toEqual([13]);
    expect(operations(file)).toEqual([
      ...['Transpose', 'Conv', 'Relu', 'MaxPool', 'Conv', 'Relu', 'MaxPool'],
      ...['Transpose', 'Flatten', 'Gemm', 'Relu', 'Gemm', 'Identity'],
    ]);
    const tensors = bytesOf(graphOf(file), INITIALIZER);
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
    const graph = graphOf(file);
    const known = new Set([...bytesOf(graph, INPUT).flatMap((port) => textsOf(port, 1))]);
    bytesOf(graph, INITIALIZER).forEach((tensor) => textsOf(tensor, 8).forEach((name) => known.add(name)));
    for (const node of bytesOf(graph, NODE)) {
      expect(textsOf(node, 1).filter((name) => !known.has(name))).toEqual([]);
      const [output] = textsOf(node, 2);
      expect(known.has(output!)).toBe(false);
      known.add(output!);
    }
    expect(bytesOf(graph, OUTPUT).flatMap((port) => textsOf(port, 1))).toEqual(['output']);
    expect(known).toContain('output');
    const count = (name: string): number => operations(file).filter((operation) => operation === name).length;
    expect(['Conv', 'BatchNormalization', 'Add', 'Pad', 'Gemm'].map(count)).toEqual([9, 9, 3, 2, 1]);
    model.dispose();
  });
});

describe('toOnnx refuses', () => {
  beforeAll(() => useBackend('cpu'));

  it('what is no layers model', () =>
    expectError(
      () => toOnnx((() => 1) as never),
      OptionError,
      'toOnnx: `model` must be a tf.LayersModel, got a function',
    ));

  it.each([
    ['lstm', 'LSTM', () => tf.layers.lstm({ name: 'lstm', units: 2, inputShape: [3, 2] })],
    ['rows', 'Dense', () => tf.layers.dense({ name: 'rows', units: 2, inputShape: [3, 2] })],
    ['elu', 'Dense', () => tf.layers.dense({ name: 'elu', units: 2, activation: 'elu', inputShape: [2] })],
    ['capped', 'ReLU', () => tf.layers.reLU({ name: 'capped', maxValue: 6, inputShape: [2] })],
    [
      'first',
      'MaxPooling2D',
      () => tf.layers.maxPooling2d({ name: 'first', poolSize: 2, dataFormat: 'channelsFirst', inputShape: [1, 4, 4] }),
    ],
  ])('a layer without translation: %s (%s)', async (name, kind, layer) => {
    const model = tf.sequential({ layers: [layer()] });
    await expectError(
      () => toOnnx(model),
      ClassifierError,
      `toOnnx: \`model\` must have layers and settings that ONNX files of catrs have, got layer "${name}" (${kind})` +
        ' (the documentation of toOnnx names them)',
    );
    model.dispose();
  });

  it('several inputs', async () => {
    const inputs = [tf.input({ shape: [2] }), tf.input({ shape: [2] })];
    const model = tf.model({ inputs, outputs: tf.layers.add().apply(inputs) as tf.SymbolicTensor });
    await expectError(
      () => toOnnx(model),
      ClassifierError,
      'toOnnx: `model` must have one input and one output, got 2 and 1',
    );
  });
});

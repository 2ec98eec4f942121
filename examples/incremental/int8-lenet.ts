/**
 * LeNet in int8: an ONNX file whose sums are sums of integers, from the weights of a network in float32.
 *
 * Weights are int8 with one scale for each output, what goes from layer to layer is uint8 with one scale for each layer, sums and biases are int32.
 * The scales are fixed once, from noisy images of the training set. Scales that each batch finds for itself (DynamicQuantizeLinear) would make the answer
 * to one noisy copy depend on those beside it: no fixed function of its input, and nothing that can be certified.
 */
import * as tf from '@tensorflow/tfjs';
import { ELEMENT, type OnnxConstant, type OnnxNode, onnxFile } from './onnx-file.ts';

/** The least and the largest number that goes into each layer with weights, and out of the last ReLU but one. */
export interface Ranges {
  readonly input: readonly [low: number, high: number];
  /** The largest outputs of `conv1`, `conv2` and `fc1`, after their ReLU. */
  readonly largest: readonly [conv1: number, conv2: number, fc1: number];
}

/** Weights of int8, with a scale for each output. */
interface Rounded {
  readonly values: Int8Array;
  readonly scales: Float32Array;
}

const NOTHING = 0;

/** Measures the ranges on some noisy images [batch, 28, 28, 1]. */
export async function measureRanges(model: tf.LayersModel, noisy: tf.Tensor): Promise<Ranges> {
  const outputs = ['conv1', 'conv2', 'fc1'].map((name) => model.getLayer(name).output as tf.SymbolicTensor);
  const inner = tf.model({ inputs: model.inputs, outputs });
  const ends = tf.tidy(() => {
    const all = inner.predict(noisy) as tf.Tensor[];
    return tf.stack([tf.min(noisy), tf.max(noisy), ...all.map((one) => tf.max(one))]);
  });
  const [low = 0, high = 0, conv1 = 0, conv2 = 0, fc1 = 0] = await ends.data();
  ends.dispose();
  return { input: [low, high], largest: [conv1, conv2, fc1] };
}

/** The file: `input` [batch, 28, 28, 1] → `output` [batch, 10], both float32. */
export async function int8Lenet(model: tf.LayersModel, ranges: Ranges): Promise<Uint8Array<ArrayBuffer>> {
  const [low, high] = ranges.input;
  const nodes: OnnxNode[] = [];
  const constants: OnnxConstant[] = [];
  const constant = (name: string, shape: readonly number[], values: OnnxConstant['values']): string => {
    constants.push({ name, shape, values });
    return name;
  };
  const node = (op: string, inputs: readonly string[], output: string, attributes?: OnnxNode['attributes']): string => {
    nodes.push({ op, inputs, output, ...(attributes && { attributes }) });
    return output;
  };
  const scalar = (name: string, value: number): string => constant(name, [], Float32Array.of(value));

  // 0 must be a whole step, since it is what a pixel without ink is.
  const inputStep = Math.fround((high - low) / 255);
  const zero = Math.round(-low / inputStep);
  const steps = [inputStep, ...ranges.largest.map((most) => Math.fround(most / 255))];
  const names = steps.map((step, i) => scalar(`step${i}`, step));
  const zeros = steps.map((_, i) => constant(`zero${i}`, [], Uint8Array.of(i === 0 ? zero : NOTHING)));
  const noZero = constant('weight zero', [], Int8Array.of(0));
  const at = (i: number): readonly [step: string, zero: string] => [names[i] ?? '', zeros[i] ?? ''];

  const shape = constant('image', [4], BigInt64Array.of(-1n, 1n, 28n, 28n));
  let x = node('Reshape', ['input', shape], 'planes');
  x = node('QuantizeLinear', [x, ...at(0)], 'bytes');
  for (const [i, name] of ['conv1', 'conv2'].entries()) {
    const [kernel, bias] = await weightsOf(model, name);
    const [height = 0, width = 0, channels = 0, filters = 0] = kernel.shape;
    const { values, scales } = rounded(kernel.values, filters);
    const inOrder = await firstOutputs(values, kernel.shape);
    const scale = constant(`${name} scales`, [filters], scales);
    const weights = [constant(`${name} kernel`, [filters, channels, height, width], inOrder), scale, noZero];
    const offset = constant(`${name} bias`, [filters], biases(bias.values, scales, steps[i] ?? 0));
    // What is below 0 ends at 0, the least uint8: that is the ReLU.
    x = node('QLinearConv', [x, ...at(i), ...weights, ...at(i + 1), offset], name);
    x = node('MaxPool', [x], `${name} halved`, { kernel_shape: [2, 2], strides: [2, 2] });
  }
  x = node('Transpose', [x], 'channels last', { perm: [0, 2, 3, 1] });
  x = node('Reshape', [x, constant('row', [2], BigInt64Array.of(-1n, 800n))], 'features');
  for (const [i, name] of ['fc1', 'fc2'].entries()) {
    const [kernel, bias] = await weightsOf(model, name);
    const [, units = 0] = kernel.shape;
    const { values, scales } = rounded(kernel.values, units);
    const step = steps[i + 2] ?? 0;
    const [, zeroOfInput] = at(i + 2);
    x = node(
      'MatMulInteger',
      [x, constant(`${name} kernel`, kernel.shape, values), zeroOfInput, noZero],
      `${name} sums`,
    );
    x = node('Add', [x, constant(`${name} bias`, [units], biases(bias.values, scales, step))], `${name} int32`);
    x = node('Cast', [x], `${name} float`, { to: ELEMENT.float });
    const scale = constant(`${name} scales`, [units], scales.map((one) => one * step)); // prettier-ignore
    x = node('Mul', [x, scale], name === 'fc2' ? 'output' : name);
    if (name === 'fc1') x = node('QuantizeLinear', [x, ...at(3)], 'hidden');
  }
  return onnxFile({ name: 'lenet-int8', inputShape: [28, 28, 1], outputShape: [10], nodes, constants });
}

interface Weights {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

async function weightsOf(model: tf.LayersModel, layer: string): Promise<readonly [kernel: Weights, bias: Weights]> {
  const [kernel, bias] = model.getLayer(layer).getWeights();
  if (!kernel || !bias) throw new Error(`layer ${layer} has no kernel and bias`);
  const read = async (one: tf.Tensor): Promise<Weights> => ({
    shape: one.shape,
    values: (await one.data()) as Float32Array,
  });
  return [await read(kernel), await read(bias)];
}

/** To the nearest of −127 ... 127 steps of the largest weight of each output; outputs are the last axis. */
function rounded(values: Float32Array, outputs: number): Rounded {
  const scales = new Float32Array(outputs);
  values.forEach((value, i) => (scales[i % outputs] = Math.max(scales[i % outputs] ?? 0, Math.abs(value) / 127)));
  return { values: Int8Array.from(values, (value, i) => Math.round(value / (scales[i % outputs] || 1))), scales };
}

/** Biases in steps of the sums that they are added to. */
function biases(values: Float32Array, scales: Float32Array, step: number): Int32Array {
  return Int32Array.from(values, (value, i) => Math.round(value / ((scales[i] || 1) * step)));
}

/** A kernel [height, width, channels, filters] as ONNX wants it: [filters, channels, height, width]. */
async function firstOutputs(values: Int8Array, shape: readonly number[]): Promise<Int8Array> {
  const moved = tf.tidy(() => tf.transpose(tf.tensor([...values], [...shape]), [3, 2, 0, 1]));
  const data = await moved.data();
  moved.dispose();
  return Int8Array.from(data);
}

import * as tf from '@tensorflow/tfjs';
import type { Sample } from './compare.ts';
import { sample } from './compare.ts';

/** An operation that catrs, its models or its losses use: what is computed, and from what. */
export interface Operation {
  readonly f: (...inputs: tf.Tensor[]) => tf.Tensor;
  readonly inputs: readonly Sample[];
  /** False for operations that catrs uses only on constants. */
  readonly gradient?: boolean;
}

const logits = sample([6, 5], 1);
const image = sample([2, 8, 8, 4], 2);
const positive = { shape: [4, 3], values: Float32Array.from({ length: 12 }, (_, i) => 0.1 + i / 7) };
const indices = (): tf.Tensor1D => tf.tensor1d([2, 0, 2, 1], 'int32');

const values = (f: (x: tf.Tensor) => tf.Tensor, input: Sample = logits): Operation => ({
  f: (x) => f(x!),
  inputs: [input],
});
const pairs = (f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, other: Sample = sample([6, 5], 3)): Operation => ({
  f: (a, b) => f(a!, b!),
  inputs: [logits, other],
});
const constants = (operation: Operation): Operation => ({ ...operation, gradient: false });

/** Comparisons have no gradient; a mask is a constant. */
const mask = (): tf.Tensor => tf.greater(tf.tensor(sample([6, 5], 14).values, [6, 5]), 0);

/** Batch normalisation as in training: with the batch's own moments, through which the gradient goes too. */
function batchNormOfBatch(x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  return tf.batchNorm(
    x,
    mean as tf.Tensor1D,
    variance as tf.Tensor1D,
    offset as tf.Tensor1D,
    scale as tf.Tensor1D,
    1e-5,
  );
}

const convolution = (strides: number, pad: 'same' | 'valid' | number, filter: readonly number[]): Operation => ({
  f: (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad),
  inputs: [image, sample(filter, 4)],
});

/** The operations, by name. A new one belongs here, with its gradient if a loss or an attack differentiates it. */
export const operations: Readonly<Record<string, Operation>> = {
  // models: LeNet, ResNet
  'conv2d, valid': convolution(1, 'valid', [5, 5, 4, 6]),
  'conv2d, padded': convolution(1, 1, [3, 3, 4, 4]),
  'conv2d, same, stride 2': convolution(2, 'same', [3, 3, 4, 7]),
  'conv2d 1x1, stride 2': convolution(2, 'valid', [1, 1, 4, 8]),
  'conv2d, explicitly padded, stride 2': {
    f: (x, w) => {
      const padded = tf.pad(x as tf.Tensor4D, [
        [0, 0],
        [1, 0],
        [1, 0],
        [0, 0],
      ]);
      return tf.conv2d(padded, w as tf.Tensor4D, 2, 'valid');
    },
    inputs: [image, sample([3, 3, 4, 5], 5)],
  },
  'max pooling': values((x) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid'), image),
  'average pooling': values((x) => tf.avgPool(x as tf.Tensor4D, 8, 1, 'valid'), image),
  'global average': values((x) => tf.mean(x, [1, 2]), image),
  'batch norm, training': {
    f: (x, scale, offset) => batchNormOfBatch(x!, scale!, offset!),
    inputs: [image, sample([4], 6), sample([4], 7)],
  },
  'batch norm, inference': {
    f: (x, mean, variance, offset, scale) =>
      tf.batchNorm(
        x!,
        mean as tf.Tensor1D,
        tf.add(2, variance!) as tf.Tensor1D,
        offset as tf.Tensor1D,
        scale as tf.Tensor1D,
      ),
    inputs: [image, sample([4], 6), sample([4], 7), sample([4], 8), sample([4], 9)],
  },
  'dense, relu': {
    f: (x, w, b) => tf.relu(tf.add(tf.matMul(x!, w!), b!)),
    inputs: [logits, sample([5, 9], 10), sample([9], 11)],
  },
  'fused dense': constants({
    f: (a, b, bias) => tf.fused.matMul({ a: a!, b: b!, bias: bias!, activation: 'relu' }),
    inputs: [logits, sample([5, 9], 10), sample([9], 11)],
  }),
  'fused convolution': constants({
    f: (x, filter, bias) =>
      tf.fused.conv2d({
        ...{ x: x as tf.Tensor4D, filter: filter as tf.Tensor4D, bias: bias! },
        ...{ strides: 2, pad: 'same', activation: 'relu' },
      }),
    inputs: [image, sample([1, 1, 4, 8], 12), sample([8], 13)],
  }),

  // losses: cross entropy, KL, margins
  softmax: values((x) => tf.softmax(x)),
  'log softmax': values((x) => tf.logSoftmax(x)),
  'cross entropy': pairs((x, t) => tf.neg(tf.sum(tf.mul(tf.softmax(t), tf.logSoftmax(x)), -1))),
  'log sum exp': values((x) => tf.logSumExp(x, 1)),
  exp: values((x) => tf.exp(x)),
  log: values((x) => tf.log(x), positive),
  sqrt: values((x) => tf.sqrt(x), positive),
  rsqrt: values((x) => tf.rsqrt(x), positive),
  pow: values((x) => tf.pow(x, 3), positive),
  erf: values((x) => tf.erf(x)),
  abs: values((x) => tf.abs(x)),
  square: values((x) => tf.square(x)),
  sign: constants(values((x) => tf.sign(x))),
  norm: values((x) => tf.norm(x, 'euclidean', 1)),
  'clip by value': values((x) => tf.clipByValue(x, -0.5, 0.5)),
  add: pairs((a, b) => tf.add(a, b)),
  'add, broadcast': pairs((a, b) => tf.add(a, b), sample([1, 5], 3)),
  sub: pairs((a, b) => tf.sub(a, b)),
  mul: pairs((a, b) => tf.mul(a, b)),
  'mul, broadcast': pairs((a, b) => tf.mul(a, b), sample([6, 1], 3)),
  div: pairs((a, b) => tf.div(a, tf.add(3, b))),
  maximum: pairs((a, b) => tf.maximum(a, b)),
  minimum: pairs((a, b) => tf.minimum(a, b)),
  'squared difference': pairs((a, b) => tf.squaredDifference(a, b)),
  where: pairs((a, b) => tf.where(mask(), a, b)),

  // reductions and shapes
  'sum of all': values((x) => tf.sum(x)),
  'sum, first axis': values((x) => tf.sum(x, 0)),
  'sum, last axis': values((x) => tf.sum(x, -1)),
  mean: values((x) => tf.mean(x, 0)),
  max: values((x) => tf.max(x, 1)),
  min: values((x) => tf.min(x, 1)),
  reshape: values((x) => tf.reshape(x, [5, 6])),
  'expand dims': values((x) => tf.expandDims(x, 1)),
  squeeze: values((x) => tf.squeeze(tf.expandDims(x, 1))),
  transpose: values((x) => tf.transpose(x)),
  concat: pairs((a, b) => tf.concat([a, b], 1)),
  stack: pairs((a, b) => tf.stack([a, b], 1)),
  unstack: values((x) => tf.unstack(x, 1)[2]!),
  split: values((x) => tf.split(x, 3, 0)[1]!),
  slice: values((x) => tf.slice(x, [1, 2], [3, 2])),
  pad: values((x) => tf.pad(x, [[1, 2], [0, 1]])), // prettier-ignore
  tile: values((x) => tf.tile(x, [2, 3])),
  gather: values((x) => tf.gather(x, indices())),
  'gather, last axis': values((x) => tf.gather(x, indices(), 1)),
  reverse: values((x) => tf.reverse(x, 1)),
  'cast of a mask': values((x) => tf.mul(x, tf.cast(mask(), 'float32'))),

  // votes, ranks, masks: constants
  'arg max': constants(values((x) => tf.argMax(x, 1))),
  'top k': constants(values((x) => tf.topk(x, 3).values)),
  'top k, indices': constants(values((x) => tf.topk(x, 3).indices)),
  'one hot': constants(values((x) => tf.oneHot(tf.cast(tf.argMax(x, 1), 'int32'), 5))),
  equal: constants(pairs((a, b) => tf.equal(a, tf.maximum(a, b)))),
  less: constants(pairs((a, b) => tf.less(a, b))),
  'less equal': constants(pairs((a, b) => tf.lessEqual(a, b))),
  greater: constants(pairs((a, b) => tf.greater(a, b))),
  'greater equal': constants(pairs((a, b) => tf.greaterEqual(a, b))),
  'logical and': constants(pairs((a, b) => tf.logicalAnd(tf.greater(a, 0), tf.greater(b, 0)))),
  'logical or': constants(pairs((a, b) => tf.logicalOr(tf.greater(a, 0), tf.greater(b, 0)))),
  'logical not': constants(values((x) => tf.logicalNot(tf.greater(x, 0)))),
  any: constants(values((x) => tf.any(tf.greater(x, 0.9), 1))),
  all: constants(values((x) => tf.all(tf.greater(x, -0.9), 1))),
  'is NaN': constants(values((x) => tf.isNaN(tf.sqrt(x)))),
  'is finite': constants(values((x) => tf.isFinite(tf.div(x, tf.relu(x))))),
  floor: constants(values((x) => tf.floor(tf.mul(x, 9)))),
  round: constants(values((x) => tf.round(tf.mul(x, 9)))),
  ceil: constants(values((x) => tf.ceil(tf.mul(x, 9)))),
  step: constants(values((x) => tf.step(x))),
  range: constants({ f: () => tf.range(0, 7), inputs: [] }),
  fill: constants({ f: () => tf.fill([2, 3], 4), inputs: [] }),
  cumsum: constants(values((x) => tf.cumsum(x, 1))),
  'scatter by segments': constants(
    values((x) => tf.unsortedSegmentSum(x, tf.tensor1d([0, 1, 0, 2, 2, 1], 'int32'), 3)),
  ),
};

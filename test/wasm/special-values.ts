import * as tf from '@tensorflow/tfjs';
import type { Sample } from './compare.ts';
import { sample, sampleWithSpecials } from './compare.ts';

type Unary = (x: tf.Tensor) => tf.Tensor;
type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
type T4 = tf.Tensor4D;
type T5 = tf.Tensor5D;

const fixed = (shape: number[], seed: number): tf.Tensor => tf.tensor(sample(shape, seed).values, shape);
const of = (values: readonly number[], shape: readonly number[]): Sample => ({
  shape,
  values: Float32Array.from(values),
});
const asBool: Unary = (x) => tf.cast(x, 'bool');

/** NaN, infinities, zeros with signs, subnormal, tiny and huge numbers, and some ordinary ones. */
const specials = [
  NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  1e-40,
  -1e-40,
  1.5,
  -1.5,
  3e38,
  -3e38,
  0.25,
  7,
  -7,
  1e-7,
  2,
  100,
].concat([...[-100, -2, 2.5, 0.5, -0.5, 3.5, 88.5, -90]]);
export const numbers = of(specials, [specials.length]);
const count = specials.length;
/** Every pair of them: by repetition of both, and written out. */
export const pairs: readonly (readonly [Sample, Sample])[] = [
  [of(specials, [1, count]), of(specials, [count, 1])],
  [
    of(
      specials.flatMap(() => specials),
      [count, count],
    ),
    of(
      specials.flatMap((value) => Array<number>(count).fill(value)),
      [count, count],
    ),
  ],
];

const rowsOfFive = [
  [NaN, NaN, NaN, NaN, NaN],
  [NaN, 1, 2, 3, 4],
  [1, 2, NaN, 3, 4],
  [1, 2, 3, 4, NaN],
  [-1, -2, NaN, -5, -3],
  [Infinity, 1, 2, 3, 4],
  [1, -Infinity, 2, 3, 4],
  [-Infinity, -Infinity, -Infinity, -Infinity, -Infinity],
  [Infinity, -Infinity, 1, 2, 3],
  [Infinity, Infinity, 1, 2, 3],
  [NaN, Infinity, 1, 2, 3],
  [Infinity, NaN, -Infinity, 1, 2],
  [0, -0, 0, -0, 0],
  [-0, -0, -0, -0, -0],
  [1e-40, -1e-40, 0, -0, 2e-40],
  [-Infinity, NaN, -Infinity, -Infinity, -Infinity],
];
export const rows = of(rowsOfFive.flat(), [rowsOfFive.length, 5]);

/** Images with some of them, with many, and of nothing else than NaN. */
export const images: readonly Sample[] = [
  sampleWithSpecials([6, 6, 6, 5], 3),
  sampleWithSpecials([6, 6, 6, 5], 4, 3),
  of(Array<number>(1080).fill(NaN), [6, 6, 6, 5]),
];

export const ofNumbers: Readonly<Record<string, Unary>> = {
  abs: tf.abs,
  acos: tf.acos,
  acosh: tf.acosh,
  asin: tf.asin,
  asinh: tf.asinh,
  atan: tf.atan,
  atanh: tf.atanh,
  ceil: tf.ceil,
  cos: tf.cos,
  cosh: tf.cosh,
  elu: tf.elu,
  erf: tf.erf,
  exp: tf.exp,
  expm1: tf.expm1,
  floor: tf.floor,
  isFinite: tf.isFinite,
  isInf: tf.isInf,
  isNaN: tf.isNaN,
  log: tf.log,
  log1p: tf.log1p,
  logSigmoid: tf.logSigmoid,
  neg: tf.neg,
  reciprocal: tf.reciprocal,
  relu: tf.relu,
  relu6: tf.relu6,
  round: tf.round,
  rsqrt: tf.rsqrt,
  selu: tf.selu,
  sigmoid: tf.sigmoid,
  sign: tf.sign,
  sin: tf.sin,
  sinh: tf.sinh,
  softplus: tf.softplus,
  sqrt: tf.sqrt,
  square: tf.square,
  tan: tf.tan,
  tanh: tf.tanh,
  onesLike: tf.onesLike,
  zerosLike: tf.zerosLike,
  clone: tf.clone, // prettier-ignore
  step: (x) => tf.step(x, 0.3),
  'leaky relu': (x) => tf.leakyRelu(x, 0.4),
  'leaky relu, above 1': (x) => tf.leakyRelu(x, 1.5),
  'prelu, one slope': (x) => tf.prelu(x, tf.scalar(0.3)),
  'logical not': (x) => tf.logicalNot(asBool(x)),
  'cast to int32': (x) => tf.cast(x, 'int32'),
  'cast to bool': (x) => tf.cast(asBool(x), 'float32'),
  'clip around 0': (x) => tf.clipByValue(x, -0.5, 0.5),
  'clip from 0': (x) => tf.clipByValue(x, 0, 1),
  'clip above only': (x) => tf.clipByValue(x, -Infinity, 2),
  'clip to one number': (x) => tf.clipByValue(x, 1, 1),
  pow: (x) => tf.concat([tf.pow(x, 2), tf.pow(x, 0.5), tf.pow(x, 0), tf.pow(x, -1), tf.pow(x, NaN)]),
  'gradient of relu': tf.grad((x) => tf.sum(tf.relu(x))),
  'gradient of relu6': tf.grad((x) => tf.sum(tf.relu6(x))),
  'gradient of elu': tf.grad((x) => tf.sum(tf.elu(x))),
  'gradient of clip': tf.grad((x) => tf.sum(tf.clipByValue(x, -1, 1))),
};

export const ofPairs: Readonly<Record<string, Binary>> = {
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  div: tf.div,
  maximum: tf.maximum,
  minimum: tf.minimum,
  equal: tf.equal,
  notEqual: tf.notEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
  pow: tf.pow,
  mod: tf.mod,
  squaredDifference: tf.squaredDifference,
  floorDiv: tf.floorDiv,
  atan2: tf.atan2,
  prelu: tf.prelu, // prettier-ignore
  and: (a, b) => tf.logicalAnd(asBool(a), asBool(b)),
  or: (a, b) => tf.logicalOr(asBool(a), asBool(b)),
  xor: (a, b) => tf.logicalXor(asBool(a), asBool(b)),
  where: (a, b) => tf.where(tf.greater(a, b), tf.add(a, tf.zerosLike(b)), tf.add(b, tf.zerosLike(a))),
};

const axes = (name: string, f: (x: tf.Tensor, axis?: number) => tf.Tensor): Record<string, Unary> => ({
  [`${name}, rows`]: (x) => f(x, 1),
  [`${name}, columns`]: (x) => f(x, 0),
});

export const ofRows: Readonly<Record<string, Unary>> = {
  ...axes('max', tf.max),
  ...axes('min', tf.min),
  ...axes('sum', tf.sum),
  ...axes('mean', tf.mean),
  ...axes('prod', tf.prod),
  ...axes('arg max', (x, axis) => tf.argMax(x, axis)),
  ...axes('arg min', (x, axis) => tf.argMin(x, axis)),
  ...axes('log sum exp', tf.logSumExp),
  ...axes('cumsum', (x, axis) => tf.cumsum(x, axis)),
  ...axes('cumprod', (x, axis) => tf.cumprod(x, axis)),
  ...axes('any', (x, axis) => tf.any(asBool(x), axis)),
  ...axes('all', (x, axis) => tf.all(asBool(x), axis)),
  'of all': (x) => tf.stack([tf.max(x), tf.min(x), tf.sum(x), tf.mean(x)]),
  softmax: tf.softmax,
  'log softmax': (x) => tf.logSoftmax(x),
  'softmax of columns': (x) => tf.softmax(tf.transpose(x)),
  'largest three': (x) => tf.topk(tf.where(tf.isNaN(x), tf.zerosLike(x), x), 3).values,
  norm: (x) => tf.norm(x, 'euclidean', 1),
  moments: (x) => tf.moments(x, 1).variance,
  'batch norm': (x) => tf.batchNorm(x, tf.tensor1d([0, 1, NaN, 0, 1]), tf.tensor1d([1, 0, 1, Infinity, 2])),
  'matrix product': (x) => tf.matMul(x, fixed([5, 7], 1)),
  'transposed product': (x) => tf.matMul(x, fixed([7, 5], 1), false, true),
  'product with zeros': (x) => tf.matMul(x, tf.zeros([5, 8])),
  einsum: (x) => tf.einsum('ij,ij->i', x, x),
  pad: (x) => tf.pad(x, [[1, 1], [2, 0]], NaN), // prettier-ignore
  'mirror pad': (x) => tf.mirrorPad(x, [[1, 1], [2, 0]], 'reflect'), // prettier-ignore
  'shape operations': (x) =>
    tf.concat([
      tf.reverse(x, 1),
      tf.tile(x, [2, 1]),
      tf.slice(x, [3, 0], [4, 5]),
      tf.gather(x, tf.tensor1d([3, 0], 'int32')),
    ]),
  'one hot': (x) => tf.oneHot(tf.cast(tf.argMax(x, 1), 'int32'), 5, 7, NaN, 'float32'),
};

const activations = ['linear', 'relu', 'relu6', 'elu', 'leakyrelu', 'sigmoid', 'prelu'] as const;

function convolutions(): Record<string, Unary> {
  const table: Record<string, Unary> = {};
  for (const strides of [1, 2]) {
    for (const pad of ['same', 'valid'] as const) {
      for (const [height, width] of [
        [3, 3],
        [1, 1],
        [1, 3],
        [5, 5],
      ] as const) {
        // prettier-ignore
        const name = `${height}x${width}, stride ${strides}, ${pad}`;
        table[`conv ${name}`] = (x) => tf.conv2d(x as T4, fixed([height, width, 5, 6], 4) as T4, strides, pad);
        table[`depthwise ${name}`] = (x) =>
          tf.depthwiseConv2d(x as T4, fixed([height, width, 5, 2], 4) as T4, strides, pad);
        for (const activation of activations) {
          const common = { strides, pad, activation, leakyreluAlpha: 0.3 };
          const slopes = (n: number): object =>
            activation === 'prelu' ? { preluActivationWeights: fixed([n], 6) } : {};
          table[`fused conv ${name}, ${activation}`] = (x) =>
            tf.fused.conv2d({
              ...{ x: x as T4, filter: fixed([height, width, 5, 6], 4) as T4, bias: fixed([6], 5) },
              ...{ ...common, ...slopes(6) },
            });
          table[`fused depthwise ${name}, ${activation}`] = (x) =>
            tf.fused.depthwiseConv2d({
              ...{ x: x as T4, filter: fixed([height, width, 5, 1], 4) as T4, bias: fixed([5], 5) },
              ...{ ...common, ...slopes(5) },
            });
        }
      }
    }
  }
  return table;
}

function pools(): Record<string, Unary> {
  const table: Record<string, Unary> = {};
  const sizes = [[2, 2, 'valid'], [3, 1, 'same'], [3, 2, 'same'], [1, 1, 'valid'], [1, 2, 'same'], [2, 1, 1], [6, 1, 'valid']] as const; // prettier-ignore
  for (const [filter, strides, pad] of sizes) {
    const name = `${filter}, stride ${strides}, ${pad}`;
    const max: Unary = (x) => tf.maxPool(x as T4, filter, strides, pad);
    table[`max pool ${name}`] = max;
    table[`gradient of max pool ${name}`] = tf.grad((x) => tf.sum(max(x)));
    table[`average pool ${name}`] = (x) => tf.avgPool(x as T4, filter, strides, pad);
    if (typeof pad === 'number') continue;
    const volume: Unary = (x) => tf.maxPool3d(tf.reshape(x, [1, 6, 6, 6, 5]) as T5, filter, strides, pad);
    table[`max pool 3D ${name}`] = volume;
    table[`average pool 3D ${name}`] = (x) => tf.avgPool3d(tf.reshape(x, [1, 6, 6, 6, 5]) as T5, filter, strides, pad);
    table[`max pool with places ${name}`] = (x) => tf.maxPoolWithArgmax(x as T4, filter, strides, pad)['result']!;
  }
  return table;
}

export const ofImages: Readonly<Record<string, Unary>> = {
  ...convolutions(),
  ...pools(),
  'conv 3D': (x) => tf.conv3d(tf.reshape(x, [1, 6, 6, 6, 5]) as T5, fixed([2, 2, 2, 5, 3], 9) as T5, 1, 'same'),
  'transposed conv': (x) => tf.conv2dTranspose(x as T4, fixed([3, 3, 4, 5], 4) as T4, [6, 12, 12, 4], 2, 'same'),
  'depthwise, dilated': (x) => tf.depthwiseConv2d(x as T4, fixed([3, 3, 5, 1], 4) as T4, 1, 'same', 'NHWC', [2, 3]),
  dilation: (x) => tf.dilation2d(x as T4, fixed([2, 2, 5], 4) as tf.Tensor3D, 1, 'same'),
  'resize, bilinear': (x) => tf.image.resizeBilinear(x as T4, [9, 4]),
  'resize, bilinear, half pixels': (x) => tf.image.resizeBilinear(x as T4, [9, 4], false, true),
  'resize, nearest': (x) => tf.image.resizeNearestNeighbor(x as T4, [9, 4]),
  'gradient of resize': (x) => tf.grad((y: tf.Tensor) => tf.sum(tf.image.resizeBilinear(y as T4, [9, 6])))(x),
  crop: (x) => tf.image.cropAndResize(x as T4, tf.tensor2d([[0, 0, 0.7, 1.8]]), tf.tensor1d([2], 'int32'), [4, 4], 'nearest', 7), // prettier-ignore
  rotate: (x) => tf.image.rotateWithOffset(x as T4, 0.3, 0.25),
  'batch norm': (x) => tf.batchNorm4d(x as T4, fixed([5], 1) as tf.Tensor1D, tf.abs(fixed([5], 2)) as tf.Tensor1D),
  'local response': (x) => tf.localResponseNormalization(x as T4),
  'global mean': (x) => tf.mean(x, [1, 2]),
  'global max': (x) => tf.max(x, [1, 2]),
};

import * as tf from '@tensorflow/tfjs';
import type { Draws } from '../draws.ts';
import type { OperationKind, Operations } from './operation.ts';
import { between, drawShape, floats, integers } from './operation.ts';

const size = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

function shuffled(draws: Draws, count: number): number[] {
  const rest = Array.from({ length: count }, (_, i) => i);
  return rest.slice().map(() => rest.splice(draws.below(rest.length), 1)[0]!);
}

/** Some of the axes, at least one. */
const someAxes = (draws: Draws, rank: number): number[] =>
  shuffled(draws, rank).slice(0, between(draws, 1, rank)).sort((a, b) => a - b); // prettier-ignore

type Reduce = (x: tf.Tensor, axes: number[], keepDims: boolean) => tf.Tensor;

const reduction =
  (call: Reduce, coarse = false): OperationKind =>
  (draws) => {
    const shape = drawShape(draws, between(draws, 1, 4));
    const [axes, keepDims] = [someAxes(draws, shape.length), draws.oneIn(2)];
    return { inputs: [floats(shape, coarse)], settings: { axes, keepDims }, run: (x) => call(x!, axes, keepDims) };
  };

const truthReduction =
  (call: Reduce): OperationKind =>
  (draws) => {
    const { inputs, ...rest } = reduction(call)(draws);
    return { ...rest, inputs: [{ shape: inputs[0]!.shape, dtype: 'bool' }] };
  };

type AlongAxis = (x: tf.Tensor, axis: number, draws: Draws) => tf.Tensor | tf.Tensor[];

/** Along one axis; `coarse` gives ties. */
const alongAxis =
  (call: AlongAxis, { coarse = false, least = 1, last = false } = {}): OperationKind =>
  (draws) => {
    const shape = drawShape(draws, between(draws, least, 4), 7);
    const axis = last ? shape.length - 1 : draws.below(shape.length);
    const variant = draws.below(16);
    const settings = { axis, variant };
    const bits = { below: (end: number) => variant % end, oneIn: (n: number) => variant % n === 0 } as unknown as Draws;
    return { inputs: [floats(shape, coarse)], settings, run: (x) => call(x!, axis, bits) };
  };

/** Begins and sizes inside a shape. */
function drawSlice(draws: Draws, shape: readonly number[]): { begin: number[]; extents: number[] } {
  const begin = shape.map((extent) => draws.below(extent));
  return { begin, extents: shape.map((extent, i) => between(draws, 1, extent - begin[i]!)) };
}

const sides = (draws: Draws, most: number): [number, number] => [draws.below(most + 1), draws.below(most + 1)];

/** Reductions, and operations that move, cut, repeat, join or look up numbers. */
export const arrays: Operations = {
  sum: reduction((x, axes, keep) => tf.sum(x, axes, keep)),
  mean: reduction((x, axes, keep) => tf.mean(x, axes, keep)),
  max: reduction((x, axes, keep) => tf.max(x, axes, keep)),
  min: reduction((x, axes, keep) => tf.min(x, axes, keep)),
  prod: reduction((x, axes, keep) => tf.prod(x, axes, keep), true),
  logSumExp: reduction((x, axes, keep) => tf.logSumExp(x, axes, keep)),
  norm: reduction((x, axes, keep) => tf.norm(x, 'euclidean', axes.slice(0, 2), keep)),
  all: truthReduction((x, axes, keep) => tf.all(x, axes, keep)),
  any: truthReduction((x, axes, keep) => tf.any(x, axes, keep)),
  argMax: alongAxis((x, axis) => tf.argMax(x, axis), { coarse: true }),
  argMin: alongAxis((x, axis) => tf.argMin(x, axis), { coarse: true }),
  cumsum: alongAxis((x, axis, draws) => tf.cumsum(x, axis, draws.oneIn(2), draws.oneIn(3))),
  cumprod: alongAxis((x, axis, draws) => tf.cumprod(x, axis, draws.oneIn(2), draws.oneIn(3)), { coarse: true }),
  softmax: alongAxis((x, axis) => tf.softmax(x, axis), { last: true }),
  logSoftmax: alongAxis((x, axis) => tf.logSoftmax(x, axis), { last: true }),
  topk: alongAxis(
    (x, axis, draws) => {
      const { values, indices } = tf.topk(x, 1 + draws.below(x.shape[axis]!));
      return [values, indices];
    },
    { last: true },
  ),
  reverse: alongAxis((x, axis) => tf.reverse(x, axis)),
  unstack: alongAxis((x, axis) => tf.unstack(x, axis)),
  stack: alongAxis((x, axis) => tf.stack([x, tf.neg(x), x], axis)),
  concat: alongAxis((x, axis) => tf.concat([x, tf.neg(x), tf.square(x)], axis)),
  split: alongAxis((x, axis) => tf.split(x, [1, ...(x.shape[axis]! > 1 ? [x.shape[axis]! - 1] : [])], axis)),
  gather: (draws) => {
    const shape = drawShape(draws, between(draws, 1, 4));
    const axis = draws.below(shape.length);
    const indices = integers(drawShape(draws, between(draws, 1, 2)), shape[axis]!);
    return { inputs: [floats(shape), indices], settings: { axis }, run: (x, i) => tf.gather(x!, i!, axis) };
  },
  gatherND: (draws) => {
    const shape = drawShape(draws, between(draws, 2, 4));
    const least = Math.min(...shape);
    const indices = integers([between(draws, 1, 4), between(draws, 1, shape.length)], least);
    return { inputs: [floats(shape), indices], settings: {}, run: (x, i) => tf.gatherND(x!, i!) };
  },
  oneHot: (draws) => {
    const depth = between(draws, 2, 6);
    const indices = integers(drawShape(draws, between(draws, 1, 2)), depth);
    return { inputs: [indices], settings: { depth }, run: (i) => tf.oneHot(i!, depth) };
  },
  transpose: (draws) => {
    const shape = drawShape(draws, between(draws, 1, 6), 4);
    const perm = shuffled(draws, shape.length);
    return { inputs: [floats(shape)], settings: { perm }, run: (x) => tf.transpose(x!, perm) };
  },
  slice: (draws) => {
    const shape = drawShape(draws, between(draws, 1, 6), 4);
    const { begin, extents } = drawSlice(draws, shape);
    return { inputs: [floats(shape)], settings: { begin, extents }, run: (x) => tf.slice(x!, begin, extents) };
  },
  stridedSlice: (draws) => {
    const shape = drawShape(draws, between(draws, 1, 4), 6);
    const { begin, extents } = drawSlice(draws, shape);
    const end = begin.map((b, i) => b + extents[i]!);
    const strides = shape.map(() => between(draws, 1, 3));
    return {
      inputs: [floats(shape)],
      settings: { begin, end, strides },
      run: (x) => tf.stridedSlice(x!, begin, end, strides),
    };
  },
  tile: (draws) => {
    const shape = drawShape(draws, between(draws, 1, 4), 4);
    const reps = shape.map(() => between(draws, 1, 3));
    return { inputs: [floats(shape)], settings: { reps }, run: (x) => tf.tile(x!, reps) };
  },
  broadcastTo: (draws) => {
    const shape = drawShape(draws, between(draws, 1, 4), 4);
    const thin = shape.map((extent) => (draws.oneIn(2) ? 1 : extent)).slice(draws.below(shape.length));
    return { inputs: [floats(thin)], settings: { shape }, run: (x) => tf.broadcastTo(x!, shape) };
  },
  pad: (draws) => {
    const shape = drawShape(draws, between(draws, 1, 5), 4);
    const paddings = shape.map(() => sides(draws, 2));
    return { inputs: [floats(shape)], settings: { paddings }, run: (x) => tf.pad(x!, paddings, 0.5) };
  },
  mirrorPad: (draws) => {
    const shape = drawShape(draws, between(draws, 1, 4), 4).map((extent) => extent + 2);
    const paddings = shape.map(() => sides(draws, 2));
    const mode = draws.pick(['reflect', 'symmetric'] as const);
    return { inputs: [floats(shape)], settings: { paddings, mode }, run: (x) => tf.mirrorPad(x!, paddings, mode) };
  },
  spaceToBatchND: (draws) => {
    const block = [between(draws, 1, 3), between(draws, 1, 3)];
    const x = [
      between(draws, 1, 2),
      block[0]! * between(draws, 1, 3),
      block[1]! * between(draws, 1, 3),
      between(draws, 1, 3),
    ];
    return { inputs: [floats(x)], settings: { block }, run: (t) => tf.spaceToBatchND(t!, block, [[0, 0], [0, 0]]) }; // prettier-ignore
  },
  batchToSpaceND: (draws) => {
    const block = [between(draws, 1, 3), between(draws, 1, 3)];
    const x = [size(block) * between(draws, 1, 2), between(draws, 1, 3), between(draws, 1, 3), between(draws, 1, 3)];
    return { inputs: [floats(x)], settings: { block }, run: (t) => tf.batchToSpaceND(t!, block, [[0, 0], [0, 0]]) }; // prettier-ignore
  },
  depthToSpace: (draws) => {
    const block = between(draws, 2, 3);
    const x = [between(draws, 1, 2), between(draws, 1, 3), between(draws, 1, 3), block * block * between(draws, 1, 2)];
    return { inputs: [floats(x)], settings: { block }, run: (t) => tf.depthToSpace(t as tf.Tensor4D, block) };
  },
  cumulativeMoments: reduction((x, axes, keep) => {
    const { mean, variance } = tf.moments(x, axes, keep);
    return tf.add(mean, variance);
  }),
};

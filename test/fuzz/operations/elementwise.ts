import * as tf from '@tensorflow/tfjs';
import type { Draws } from '../draws.ts';
import type { OperationKind, Operations } from './operation.ts';
import { between, drawShape, floats } from './operation.ts';

const unary: OperationKindOf<(x: tf.Tensor) => tf.Tensor> = (call) => (draws) => ({
  inputs: [floats(drawShape(draws, between(draws, 0, 5)), draws.oneIn(2))],
  settings: {},
  run: (x) => call(x!),
});

/** Two shapes that broadcast: axes of 1 and missing leading axes on either side. */
function broadcasting(draws: Draws): [number[], number[]] {
  const shape = drawShape(draws, between(draws, 1, 4));
  const thin = (): number[] =>
    shape.map((extent) => (draws.oneIn(3) ? 1 : extent)).slice(draws.oneIn(3) ? between(draws, 0, shape.length) : 0);
  return draws.oneIn(2) ? [shape, thin()] : [thin(), shape];
}

const binary: OperationKindOf<(a: tf.Tensor, b: tf.Tensor) => tf.Tensor> = (call) => (draws) => {
  const [a, b] = broadcasting(draws);
  return { inputs: [floats(a, true), floats(b, true)], settings: {}, run: (x, y) => call(x!, y!) };
};

const logical: OperationKindOf<(a: tf.Tensor, b: tf.Tensor) => tf.Tensor> = (call) => (draws) => {
  const [a, b] = broadcasting(draws);
  const truths = (shape: number[]) => ({ shape, dtype: 'bool' }) as const;
  return { inputs: [truths(a), truths(b)], settings: {}, run: (x, y) => call(x!, y!) };
};

type OperationKindOf<T> = (call: T) => OperationKind;

const table = <T>(kind: OperationKindOf<T>, calls: Readonly<Record<string, T>>): Operations =>
  Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, kind(call)]));

const u = tf;
const unaries = {
  ...{ abs: u.abs, acos: u.acos, acosh: u.acosh, asin: u.asin, asinh: u.asinh, atan: u.atan, atanh: u.atanh },
  ...{ ceil: u.ceil, cos: u.cos, cosh: u.cosh, elu: u.elu, erf: u.erf, exp: u.exp, expm1: u.expm1, floor: u.floor },
  ...{ isFinite: u.isFinite, isInf: u.isInf, isNaN: u.isNaN, log: u.log, log1p: u.log1p, logSigmoid: u.logSigmoid },
  ...{ neg: u.neg, reciprocal: u.reciprocal, relu: u.relu, relu6: u.relu6, round: u.round, rsqrt: u.rsqrt },
  ...{ selu: u.selu, sigmoid: u.sigmoid, sign: u.sign, sin: u.sin, sinh: u.sinh, softplus: u.softplus },
  ...{ sqrt: u.sqrt, square: u.square, tan: u.tan, tanh: u.tanh },
};

/** Operations on each number, or on each pair of numbers with broadcasting. */
export const elementwise: Operations = {
  ...table<(x: tf.Tensor) => tf.Tensor>(unary, unaries),
  ...table<(x: tf.Tensor) => tf.Tensor>(unary, {
    step: (x) => tf.step(x, 0.5),
    leakyRelu: (x) => tf.leakyRelu(x, 0.3),
    clipByValue: (x) => tf.clipByValue(x, -0.5, 1),
    'cast to int32': (x) => tf.cast(x, 'int32'),
    'cast to bool': (x) => tf.cast(x, 'bool'),
    logicalNot: (x) => tf.logicalNot(tf.cast(tf.greater(x, 0), 'bool')),
  }),
  ...table<(a: tf.Tensor, b: tf.Tensor) => tf.Tensor>(binary, {
    ...{ add: tf.add, sub: tf.sub, mul: tf.mul, div: tf.div, maximum: tf.maximum, minimum: tf.minimum },
    ...{ pow: tf.pow, squaredDifference: tf.squaredDifference, atan2: tf.atan2, mod: tf.mod, floorDiv: tf.floorDiv },
    ...{ equal: tf.equal, notEqual: tf.notEqual, less: tf.less, lessEqual: tf.lessEqual },
    ...{ greater: tf.greater, greaterEqual: tf.greaterEqual, divNoNan: tf.divNoNan },
  }),
  ...table<(a: tf.Tensor, b: tf.Tensor) => tf.Tensor>(logical, {
    ...{ logicalAnd: tf.logicalAnd, logicalOr: tf.logicalOr, logicalXor: tf.logicalXor },
  }),
  prelu: (draws) => {
    const shape = drawShape(draws, between(draws, 1, 4));
    const alpha = shape.map((extent) => (draws.oneIn(2) ? 1 : extent)).slice(draws.below(shape.length));
    return { inputs: [floats(shape), floats(alpha)], settings: {}, run: (x, a) => tf.prelu(x!, a!) };
  },
  where: (draws) => {
    const [a, b] = broadcasting(draws);
    const shape = draws.oneIn(2) ? a : b;
    return {
      inputs: [{ shape, dtype: 'bool' }, floats(a), floats(b)],
      settings: {},
      run: (condition, x, y) => tf.where(condition!, x!, y!),
    };
  },
  addN: (draws) => {
    const shape = drawShape(draws, between(draws, 1, 4));
    return { inputs: [floats(shape), floats(shape), floats(shape)], settings: {}, run: (...all) => tf.addN(all) };
  },
};

import * as tf from '@tensorflow/tfjs';
import type { Draws } from '../draws.ts';
import type { Network } from './network.ts';

/** A number in [-1, 1). */
const unit = (draws: Draws): number => draws.word() / 2 ** 31 - 1;

/** Inputs in [-2, 2); of one network in four, multiples of 1/4, so that there are zeros and ties. */
export function drawInputs(draws: Draws, { batch, inputShape, below }: Network): Float32Array {
  const coarse = draws.oneIn(4);
  const number = (): number => {
    if (below !== undefined) return draws.below(below);
    const value = 2 * unit(draws);
    return coarse ? Math.round(4 * value) / 4 : value;
  };
  return Float32Array.from({ length: batch * tf.util.sizeFromShape([...inputShape]) }, number);
}

const specialNumbers = [NaN, Infinity, -Infinity, -0, 1e-40];

/** The inputs with one number in six replaced by one that arithmetic treats in its own way. */
export function withSpecialNumbers(draws: Draws, x: Float32Array): Float32Array {
  return x.map((value) => (draws.oneIn(6) ? draws.pick(specialNumbers) : value));
}

/** Weights that keep outputs of the size of their inputs: at most 1, and smaller where many are summed; a variance is positive. */
export function drawWeights(draws: Draws, name: string, shape: readonly number[]): Float32Array {
  const scale = Math.min(1, 2 / Math.sqrt(tf.util.sizeFromShape(shape.slice(0, -1))));
  const number = (): number => (name.includes('variance') ? 0.5 + Math.abs(unit(draws)) : scale * unit(draws));
  return Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, number);
}

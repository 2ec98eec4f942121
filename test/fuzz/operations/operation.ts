import type * as tf from '@tensorflow/tfjs';
import type { Draws } from '../draws.ts';

/** Data of an operation: floats in [-2, 2) that are multiples of 1/4 if `coarse`, integers from 0 to `below - 1`, or truth values. */
export interface InputData {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool';
  readonly below?: number;
  readonly coarse?: boolean;
}

/** One call of an operation, as data and as a function of its tensors. */
export interface OperationCase {
  readonly inputs: readonly InputData[];
  readonly settings: object;
  readonly run: (...inputs: tf.Tensor[]) => tf.Tensor | readonly tf.Tensor[];
}

/** Draws calls of one operation. */
export type OperationKind = (draws: Draws) => OperationCase;

/** A table of operations. */
export type Operations = Readonly<Record<string, OperationKind>>;

/** Floats of a shape. */
export const floats = (shape: readonly number[], coarse = false): InputData => ({ shape, dtype: 'float32', coarse });

/** Integers of a shape. */
export const integers = (shape: readonly number[], below: number): InputData => ({ shape, dtype: 'int32', below });

/** Integers from `least` to `most`. */
export const between = (draws: Draws, least: number, most: number): number => least + draws.below(most - least + 1);

/** A shape of `rank` axes. */
export const drawShape = (draws: Draws, rank: number, most = 5): number[] =>
  Array.from({ length: rank }, () => between(draws, 1, most));

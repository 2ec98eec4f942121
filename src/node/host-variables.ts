import * as tf from '@tensorflow/tfjs';
import { refusal, TensorError } from '../errors.ts';
import { copyValues, tensorOver } from '../tensors/own-tensor.ts';
import type { ShareMeans } from './batch-shares.ts';
import type { BatchGradients, TrainerRecord } from './train-step.ts';

/**
 * Gradients as tensors by the names of the variables.
 *
 * @param arrayOf - `arraysForTensors`
 * @internal
 */
export function gradientsOf(
  variables: readonly tf.Variable[],
  means: ShareMeans,
  arrayOf: (length: number) => Float32Array,
): BatchGradients {
  const gradients: tf.NamedTensorMap = {};
  const dispose = (): void => tf.dispose(gradients);
  variables.forEach(({ name, shape, size }, i) => {
    const values = means.hasGradient(i) ? means.gradient(i, arrayOf(size)) : undefined;
    if (values !== undefined) gradients[name] = tensorOver(values, shape, 'float32');
  });
  return { value: means.value, gradients, dispose, [Symbol.dispose]: dispose };
}

/** Gives a variable other values. @internal */
export function assignValues(variable: tf.Variable, values: Float32Array): void {
  tf.tidy(() => variable.assign(tensorOver(values, variable.shape, 'float32')));
}

/** Throws unless the variables of the host are like those of a trainer. @internal */
export function assertSameShapes(
  call: string,
  field: string,
  list: readonly tf.Variable[],
  shapes: TrainerRecord['variables'],
): void {
  const way = 'makeTrainer must list them in the same order';
  const unlike = (must: string, got: string): TensorError =>
    refusal(TensorError, { call, field, value: got, got, way }, `must be ${must}`);
  if (list.length !== shapes.length)
    throw unlike(`the ${shapes.length} of the trainers in the threads`, `${list.length}`);
  list.forEach(({ shape, name }, i) => {
    const own = shapes[i] as readonly number[];
    if (String(shape) === String(own)) return;
    throw unlike(`like those of the trainers, with shape [${own}] at place ${i}`, `${name} of shape [${shape}]`);
  });
}

/** Numbers of 4 bytes in memory that threads read and write, one array after the other. The memory grows and is used again. @internal */
export class SharedNumbers {
  #memory = new SharedArrayBuffer(0);
  #used = 0;

  /** The memory to send, with all that was added since `clear`. Adding more may replace it. */
  get memory(): SharedArrayBuffer {
    return this.#memory;
  }

  /** Forgets what was added. No thread may be reading or writing. */
  clear(): void {
    this.#used = 0;
  }

  /** Makes room for numbers, and tells the place of the first. */
  room(length: number): number {
    const begin = this.#used;
    this.#used += length;
    this.#grow(4 * this.#used);
    return begin;
  }

  /** Arrays of floats that begin at a place, one after the other; of no use once more is added. */
  arrays(begin: number, lengths: readonly number[]): Float32Array[] {
    let next = begin;
    return lengths.map((length) => {
      next += length;
      return new Float32Array(this.#memory, 4 * (next - length), length);
    });
  }

  /** Adds the values of variables, as they are at the call. */
  async addValues(variables: readonly tf.Variable[]): Promise<void> {
    const lengths = variables.map(({ size }) => size);
    const places = this.arrays(this.room(sumOf(lengths)), lengths);
    await Promise.all(variables.map((variable, i) => copyValues(variable, places[i]!)));
  }

  /** Adds numbers, and tells the place of the first. */
  add(values: Float32Array | Int32Array): number {
    const begin = this.room(values.length);
    const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
    new Int32Array(this.#memory, 4 * begin, values.length).set(bits);
    return begin;
  }

  #grow(bytes: number): void {
    if (bytes <= this.#memory.byteLength) return;
    const larger = new SharedArrayBuffer(Math.max(bytes, 2 * this.#memory.byteLength));
    new Uint8Array(larger).set(new Uint8Array(this.#memory));
    this.#memory = larger;
  }
}

/** @internal */
export const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);

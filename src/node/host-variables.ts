import * as tf from '@tensorflow/tfjs';
import { refusal, TensorError } from '../errors.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { ShareMeans } from './batch-shares.ts';
import type { BatchGradients, TrainerRecord } from './train-step.ts';

/** Gradients as tensors by the names of the variables. @internal */
export function gradientsOf(variables: readonly tf.Variable[], { value, gradients }: ShareMeans): BatchGradients {
  const named: tf.NamedTensorMap = {};
  variables.forEach(({ name, shape }, i) => {
    const values = gradients[i];
    if (values !== undefined) named[name] = tensorOver(values, shape, 'float32');
  });
  const dispose = (): void => tf.dispose(named);
  return { value, gradients: named, dispose, [Symbol.dispose]: dispose };
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

/** Numbers of 4 bytes in memory that is shared with threads, one array after the other. The memory grows and is used again. @internal */
export class SharedNumbers {
  #memory = new SharedArrayBuffer(0);
  #used = 0;

  /** The memory to send, with all that was added since `clear`. Adding more may replace it. */
  get memory(): SharedArrayBuffer {
    return this.#memory;
  }

  /** Forgets what was added. No thread may be reading. */
  clear(): void {
    this.#used = 0;
  }

  /** Adds numbers, and tells the place of the first. */
  add(values: Float32Array | Int32Array): number {
    const begin = this.#used;
    this.#used += values.length;
    this.#grow(4 * this.#used);
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

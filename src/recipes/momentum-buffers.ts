import type * as tf from '@tensorflow/tfjs';
import { TensorError } from '../errors.ts';

type NamedTensors = Awaited<ReturnType<tf.Optimizer['getWeights']>>;

/** The state of an `Sgd`, by position in its list of variables. @internal */
export interface MomentumBuffers {
  readonly iterations: number;
  readonly buffers: ReadonlyMap<number, tf.Tensor>;
}

/** Reads what `Sgd.getWeights` gives: `iter` first, then `momentum/<position>`. @internal */
export async function parseMomentumBuffers(call: string, weights: NamedTensors): Promise<MomentumBuffers> {
  const [first, ...others] = weights;
  if (first?.name !== 'iter' || first.tensor.size !== 1) throw wrong(call, first?.name);
  const buffers = new Map<number, tf.Tensor>();
  for (const { name, tensor } of others) {
    const position = Number(/^momentum\/(\d+)$/.exec(name)?.[1] ?? NaN);
    if (!Number.isSafeInteger(position) || buffers.has(position) || tensor.dtype !== 'float32') throw wrong(call, name);
    buffers.set(position, tensor);
  }
  const [iterations = 0] = await first.tensor.data();
  return { iterations, buffers };
}

function wrong(call: string, name: unknown): TensorError {
  const text = `\`weights\` must be those that getWeights of an Sgd gives (iter, momentum/0, momentum/1, ...), got ${JSON.stringify(name)}`;
  return new TensorError(text, { call, field: 'weights', value: name });
}

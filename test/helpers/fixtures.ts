import * as tf from '@tensorflow/tfjs';

/** An array of a fixture file, flat and row major. */
export interface FixtureArray {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'float64' | 'int32';
  readonly data: readonly number[];
}

/** Where one tensor lies in a `.bin` file of little-endian float32. */
export interface WeightEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly byte_offset: number;
  readonly length: number;
}

/** Tolerance as the fixture files state it: |a - b| <= atol + rtol |b|. */
export interface Tolerance {
  readonly atol: number;
  readonly rtol: number;
}

/** Reads a JSON file of test/fixtures, in Node and in the browser; `T` names the fields that the test uses. */
export async function readFixture<T>(name: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await readBytes(name))) as T;
}

/** The array as a tensor on the current backend (float64 arrays become float32). */
export function toTensor<R extends tf.Rank = tf.Rank>({ shape, dtype, data }: FixtureArray): tf.Tensor<R> {
  return tf.tensor([...data], [...shape] as tf.ShapeMap[R], dtype === 'int32' ? 'int32' : 'float32');
}

/** Reads a `.bin` weight file as tensors by name, in the order of its entries. */
export async function readWeights(name: string, entries: readonly WeightEntry[]): Promise<Record<string, tf.Tensor>> {
  const { buffer } = await readBytes(name);
  const tensors = entries.map(({ name, shape, byte_offset, length }) => {
    return [name, tf.tensor(new Float32Array(buffer, byte_offset, length), [...shape])] as const;
  });
  return Object.fromEntries(tensors);
}

/** Largest amount by which |a - b| exceeds atol + rtol |b| over all entries; at most 0 when the arrays agree. */
export function excess(actual: ArrayLike<number>, expected: ArrayLike<number>, { atol, rtol }: Tolerance): number {
  if (actual.length !== expected.length) return Infinity;
  let worst = -Infinity;
  for (let i = 0; i < actual.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!) - (atol + rtol * Math.abs(expected[i]!));
    worst = Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
  }
  return worst;
}

async function readBytes(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const url = new URL(`../fixtures/${name}`, import.meta.url);
  if (url.protocol === 'file:') {
    const { readFile } = await import('node:fs/promises');
    return new Uint8Array(await readFile(url));
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`fixture ${name}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

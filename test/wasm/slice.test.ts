import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { useWasm } from '../../src/wasm/use-wasm.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

beforeAll(() => useWasm({ threads: 1 }));
afterAll(() => tf.setBackend('cpu'));

const range = (length: number): number[] => Array.from({ length }, (_, i) => (i === 7 ? NaN : i - 3));
const SHAPE = [5, 4, 3, 2];

it.each([
  ['rows', [1, 0, 0, 0], [3, 4, 3, 2]],
  ['one row', [4, 0, 0, 0], [1, 4, 3, 2]],
  ['rows to the end', [2, 0, 0, 0], [-1, -1, -1, -1]],
  ['a part of a row', [3, 1, 0, 0], [1, 2, 3, 2]],
  ['one entry', [0, 0, 1, 1], [1, 1, 1, 1]],
  ['everything', [0, 0, 0, 0], [5, 4, 3, 2]],
  ['nothing', [5, 0, 0, 0], [0, 4, 3, 2]],
  ['columns', [0, 0, 0, 1], [5, 4, 3, 1]],
  ['a block', [1, 1, 1, 0], [2, 2, 2, 2]],
])('a slice holds what the cpu backend takes: %s', async (_, begin, size) => {
  for (const dtype of ['float32', 'int32', 'bool'] as const) {
    const values =
      dtype === 'float32'
        ? range(120)
        : range(120).map((value) => (dtype === 'bool' ? Math.abs(value % 2) : value) | 0);
    const answer = async (): Promise<[number[], number[]]> => {
      const part = tf.tidy(() => tf.slice(tf.tensor(values.map(Number), SHAPE, dtype), begin, size));
      const answered: [number[], number[]] = [part.shape, [...(await part.data())]];
      part.dispose();
      return answered;
    };
    await tf.setBackend('cpu');
    const expected = await answer();
    await tf.setBackend('wasm');
    await expectNoLeak(async () => expect(await answer()).toEqual(expected));
  }
});

it('a slice of rows leaves the tensor where it is', () => {
  const x = tf.tensor(range(120), SHAPE);
  const backend = tf.backend() as unknown as { readSync: (dataId: object) => unknown };
  const read = vi.spyOn(backend, 'readSync');
  const part = tf.slice(x, 2, 2);
  expect(read).not.toHaveBeenCalled();
  read.mockRestore();
  // It is a copy: what becomes of the tensor does not reach it.
  x.dispose();
  tf.fill([120], 9).dispose();
  expect([...part.dataSync()]).toEqual(range(120).slice(48, 96));
  part.dispose();
});

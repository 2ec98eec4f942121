import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../../src/wasm/index.ts';

beforeAll(() => useWasm());

const dataIds = (): number => tf.backend().numDataIds();

describe('Identity and Cast on wasm', () => {
  it('share the data, which lives as long as one of its tensors, in any order', async () => {
    const before = [dataIds(), tf.memory().numTensors];
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
    ]) {
      const x = tf.tensor1d([1, 2.5, -3]);
      const tensors = [x, tf.clone(x), tf.cast(x, 'float32')];
      expect(dataIds()).toBe(before[0]! + 1);
      for (const [i, at] of order.entries()) {
        tensors[at]!.dispose();
        for (const left of order.slice(i + 1)) expect([...(await tensors[left]!.data())]).toEqual([1, 2.5, -3]);
      }
      expect([dataIds(), tf.memory().numTensors]).toEqual(before);
    }
  });

  it('keeps what a variable held before a new value is assigned', async () => {
    const x = tf.tensor1d([1, 2]);
    const variable = tf.variable(x);
    const seen = tf.clone(variable);
    const next = tf.tensor1d([3, 4]);
    variable.assign(next);
    next.dispose();
    expect([await x.array(), await seen.array(), await variable.array()]).toEqual([
      [1, 2],
      [1, 2],
      [3, 4],
    ]);
    tf.dispose([x, seen, variable]);
  });

  it.each([
    ['float32', 'int32', [1, 0, -2]],
    ['int32', 'float32', [1, 0, -2]],
    ['float32', 'bool', [1, 0, 1]],
  ] as const)('casts %s to %s with data of its own', async (from, to, expected) => {
    const x = tf.tensor1d([1, 0, -2], from);
    const before = dataIds();
    const y = tf.cast(x, to);
    expect(dataIds()).toBe(before + 1);
    x.dispose();
    expect(y.dtype).toBe(to);
    expect([...(await y.data())].map((value) => (to === 'bool' ? Math.abs(Math.sign(value)) : value))).toEqual(
      expected,
    );
    y.dispose();
  });

  it('clones strings and moves shared data to another backend', async () => {
    const words = tf.tensor1d(['a', 'b']);
    const copy = tf.clone(words);
    words.dispose();
    expect(await copy.data()).toEqual(['a', 'b']);
    const x = tf.tensor1d([5, 6]);
    const y = tf.clone(x);
    await tf.setBackend('cpu');
    expect(await tf.add(x, 1).array()).toEqual([6, 7]);
    x.dispose();
    expect(await tf.add(y, 1).array()).toEqual([6, 7]);
    await tf.setBackend('wasm');
    tf.dispose([copy, y]);
  });
});

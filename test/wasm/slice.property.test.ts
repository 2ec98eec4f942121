import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../../src/wasm/index.ts';
import { expectSameEntries, sampleWithSpecials } from './compare.ts';
import { seeds, settings } from './geometries.ts';

beforeAll(() => useWasm());

/** For each axis its length, where the part begins, and how long it is. */
const axes = fc.array(
  fc.record({ length: fc.integer({ min: 1, max: 20 }), whole: fc.boolean() }).chain(({ length, whole }) =>
    fc.integer({ min: 0, max: whole ? 0 : length - 1 }).chain((begin) =>
      fc.record({
        length: fc.constant(length),
        begin: fc.constant(begin),
        size: whole ? fc.constant(length) : fc.integer({ min: 0, max: length - begin }),
      }),
    ),
  ),
  { minLength: 1, maxLength: 4 },
);

describe('a slice on wasm', () => {
  it('of any part is that of the cpu backend, NaN and infinities included', async () => {
    await fc.assert(
      fc.asyncProperty(axes, seeds, async (axes, seed) => {
        const [begin, size] = [axes.map(({ begin }) => begin), axes.map(({ size }) => size)];
        const x = sampleWithSpecials(
          axes.map(({ length }) => length),
          seed,
        );
        await expectSameEntries((x) => [tf.slice(x!, begin, size)], [x]);
      }),
      { ...settings, numRuns: 60 },
    );
  });

  it('keeps integers, masks and the rest of an axis', async () => {
    await tf.setBackend('wasm');
    const integers = tf.range(0, 60, 1, 'int32').reshape([3, 20]);
    const masks = tf.greater(integers, 41);
    expect(tf.slice(integers, [1, 18]).arraySync()).toEqual([
      [38, 39],
      [58, 59],
    ]);
    const part = tf.slice(masks, [2, 0], [1, -1]);
    expect([part.dtype, part.shape]).toEqual(['bool', [1, 20]]);
    expect([...part.dataSync()]).toEqual([0, 0, ...new Array<number>(18).fill(1)]);
  });
});

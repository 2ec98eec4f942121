import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AblationEncoding } from '../../src/noise/ablated-copies.ts';
import { BandAblation } from '../../src/noise/band-ablation.ts';
import { describeBackends } from '../helpers/backends.ts';

describeBackends('BandAblation.fillCopies', () => {
  it('is perturb, bit by bit, whatever hidden values are', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          shape: fc.tuple(
            fc.integer({ min: 1, max: 4 }),
            fc.integer({ min: 1, max: 4 }),
            fc.integer({ min: 1, max: 3 }),
          ),
          keep: fc.constantFrom('columns', 'rows', 'rows+columns', 'blocks' as const),
          encoding: fc.constantFrom<AblationEncoding>('double', 'mask', { fill: -0.5 }),
          wrap: fc.boolean(),
          odd: fc.constantFrom(-0, Infinity, NaN, -0.25, 0.75),
        }),
        async ({ shape, keep, encoding, wrap, odd }) => {
          const bands = new BandAblation({ inputShape: shape, keep: keep as 'rows', size: 1, wrap, encoding });
          const values = Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, i) =>
            i % 3 === 0 ? odd : Math.fround(0.1 * i),
          );
          const x = tf.tensor(values, shape);
          const copies = bands.perturb(x, { start: 0, count: bands.copies });
          const expected = await copies.data<'float32'>();
          const start = Math.floor(bands.copies / 2);
          const size = expected.length / bands.copies;
          const filled = new Float32Array(expected.length - start * size);
          bands.fillCopies(filled, values, { start });
          filled.forEach((value, at) => expect(Object.is(value, expected[start * size + at])).toBe(true));
          tf.dispose([x, copies]);
        },
      ),
      { numRuns: 60, seed: 4 },
    ));
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { certifyShifts, type ShiftBorder } from 'catrs';
import { shiftedImage, shiftsWithin } from '../../src/smoothed/certify-shifts.ts';
import golden from '../fixtures/families/extended-transformations.json' with { type: 'json' };
import { useBackend } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

beforeAll(() => useBackend('cpu'));

/** Class 1 where the pixel in the middle of a row of 7 is bright. */
const middle = (x: tf.Tensor): tf.Tensor => {
  const pixel = tf.reshape(tf.slice(x, [0, 0, 3, 0], [-1, 1, 1, 1]), [-1, 1]);
  return tf.concat([tf.sub(0.5, pixel), tf.sub(pixel, 0.5)], 1);
};
const row = (values: readonly number[]): tf.Tensor3D => tf.tensor3d([values.map((value) => [value])]);

describe('certifyShifts', () => {
  it.each(golden.shifts)('tries $count shifts up to $r pixels', ({ r, count }) => {
    expect(shiftsWithin(r)).toHaveLength(count);
  });

  it.each(golden.reflection)('mirrors as the golden row: $a', async ({ x, a, once, b }) => {
    const shifted = tf.tidy(() => shiftedImage(tf.tensor2d([x]), [0, -(a + b)], 'mirror'));
    expect([...(await shifted.data())]).toEqual(once);
    shifted.dispose();
  });

  it('finds the shortest shift that changes the class', async () => {
    await expectNoLeak(async () => {
      const x = row([0, 0, 1, 1, 1, 1, 0]);
      const found = await certifyShifts(middle, x, { radius: 3, border: 'edge', numClasses: 2 });
      const broken = { shift: [0, 2], label: 0 };
      expect(found).toMatchObject({ label: 1, radius: Math.SQRT2, certified: false, broken });
      expect(await certifyShifts(middle, x, { radius: 0.9, numClasses: 2 })).toEqual({
        ...{ label: 1, radius: 0.9, certified: true, shifts: 1 },
      });
      x.dispose();
    });
  });

  it.each<[ShiftBorder, number]>([
    ['zero', 0],
    ['edge', 0],
    ['mirror', 0],
    ['wrap', 0],
  ])('of border %s agrees with the classifier on every shifted image, whatever the batch', async (border, least) => {
    const x = row([0.2, 0.6, 0.9, 0.7, 0.6, 0.4, 0.8]);
    for (const radius of [1, 2, 3, 6]) {
      const labels = await Promise.all(
        shiftsWithin(radius).map(async (shift) => {
          const logits = tf.tidy(() => middle(tf.expandDims(shiftedImage(x, shift, border), 0)));
          const [first = NaN, second = NaN] = await logits.data();
          logits.dispose();
          return { length: Math.hypot(...shift), label: second > first ? 1 : 0 };
        }),
      );
      const broken = labels.filter(({ label }) => label !== 1).map(({ length }) => length);
      for (const batchSize of [1, 4, 256]) {
        const found = await certifyShifts(middle, x, { radius, border, numClasses: 2, batchSize });
        expect(found.certified).toBe(broken.length === 0);
        expect(found.radius).toBeGreaterThanOrEqual(least);
        if (broken.length > 0) expect(found.radius).toBeLessThan(Math.min(...broken));
      }
    }
    x.dispose();
  });

  it('refuses what it cannot shift, and stops at a signal', async () => {
    const flat = tf.zeros([4]);
    const options = { radius: 1, numClasses: 2 };
    await expect(certifyShifts((x) => x, flat, options)).rejects.toThrow(
      'certifyShifts: `x` must be an image [height, width] or [height, width, channels], got [4]',
    );
    flat.dispose();
    const x = row([0, 0, 0, 1, 0, 0, 0]);
    await expect(certifyShifts(middle, x, { ...options, radius: -1 })).rejects.toThrow(
      'certifyShifts: `radius` must be a number from 0 to 1000, got -1',
    );
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(certifyShifts(middle, x, { ...options, signal })).rejects.toThrow('enough');
    x.dispose();
  });
});

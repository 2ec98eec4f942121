import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { fillLatticeNormals, latticeNormalTable } from '../../src/noise/lattice-normals.ts';
import { latticeCopies, SoundGaussianNoise } from '../../src/noise/sound-gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const key = createKey(7);
const noise = new SoundGaussianNoise({ sigma: 0.25 });

/** The model input of a lattice number, written out. */
const input = (z: number, headroom: number): number =>
  Math.fround(Math.min(255 * (1 + headroom), Math.max(-255 * headroom, z)) / 255);

/** An 8-bit image of the shape; its levels go through 0, 1, ..., 255. */
const image = (shape: number[]): tf.Tensor => {
  const levels = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, j) => Math.fround((j % 256) / 255));
  return tf.tensor(levels, shape);
};

/** Noisy copies start, ..., start + count - 1 of the image. */
async function copies(shape: number[], start: number, count: number): Promise<number[]> {
  const x = image(shape);
  const noisy = noise.perturb(x, { key, start, count });
  expect(noisy.shape).toEqual([count, ...shape]);
  expect(noisy.dtype).toBe('float32');
  const values = Array.from(await noisy.data());
  tf.dispose([x, noisy]);
  return values;
}

describeBackends('sound gaussian noise', () => {
  it.each([0, 1, 3])(
    'makes of every level and every noise the one input of their sum (headroom %d)',
    async (headroom) => {
      const reach = 255 * (headroom + 1);
      const x = image([256]);
      const numbers = Float32Array.from({ length: (2 * reach + 1) * 256 }, (_, at) => Math.floor(at / 256) - reach);
      const noisy = latticeCopies(x, numbers, 2 * reach + 1, headroom);
      const values = await noisy.data();
      tf.dispose([x, noisy]);
      const wrong = Array.from(values.keys()).filter((at) => values[at] !== input((at % 256) + numbers[at]!, headroom));
      expect(values).toHaveLength(numbers.length);
      expect(wrong).toEqual([]);
    },
  );

  it('divides every whole number that can be left by 255, rounded once', async () => {
    const x = tf.zeros([1]);
    const numbers = Float32Array.from({ length: 65025 + 65280 + 1 }, (_, at) => at - 65025);
    const noisy = latticeCopies(x, numbers, numbers.length, 255);
    const values = await noisy.data();
    tf.dispose([x, noisy]);
    expect(values.findIndex((value, at) => value !== Math.fround(numbers[at]! / 255))).toBe(-1);
  });

  it.each([[[300]], [[4, 5]], [[3, 4, 3]], [[2, 3, 2, 2]]])('adds what its sampler draws (shape %o)', async (shape) => {
    const dimension = tf.util.sizeFromShape(shape);
    const numbers = new Float32Array(4 * dimension);
    const failed = (sample: number): void => expect.fail(`sample ${sample} failed`);
    fillLatticeNormals('test', numbers, latticeNormalTable(0.25, 510), { key, start: 5, dimension }, failed);
    const expected = Array.from(numbers, (i, at) => input(((at % dimension) % 256) + i, 1));
    expect(await copies(shape, 5, 4)).toEqual(expected);
  });

  it('makes copy i from the key and i alone, however the copies are batched', async () => {
    const whole = await copies([2, 3, 1], 3, 5);
    const pieces = [await copies([2, 3, 1], 3, 2), await copies([2, 3, 1], 5, 3)];
    expect(pieces.flat()).toEqual(whole);
  });

  it('draws each coordinate by the table of its own deviation, and none where that is 0', async () => {
    const scales = [0.25, 0, 1, 0.05];
    const x = image([4]);
    const request = { key, start: 3, count: 20 };
    const noisy = new SoundGaussianNoise({ sigma: scales, headroom: 1 }).perturb(x, request);
    const values = await noisy.data();
    for (const [j, sigma] of scales.entries()) {
      const alone = sigma === 0 ? undefined : new SoundGaussianNoise({ sigma, headroom: 1 }).perturb(x, request);
      const expected = await alone?.data();
      for (let i = j; i < values.length; i += 4) expect(values[i]).toBe(expected?.[i] ?? input(j, 1));
      alone?.dispose();
    }
    tf.dispose([x, noisy]);
  });

  it('takes other values to the nearest level', async () => {
    const x = tf.tensor1d([-3, -0.001, 0.4 / 255, 0.6 / 255, 100.3 / 255, 1.2, 77]);
    const level = [0, 0, 0, 1, 100, 255, 255];
    const noisy = noise.perturb(x, { key, start: 0, count: 1 });
    const exact = tf.tensor1d(level.map((k) => Math.fround(k / 255)));
    const same = noise.perturb(exact, { key, start: 0, count: 1 });
    expect(Array.from(await noisy.data())).toEqual(Array.from(await same.data()));
    tf.dispose([x, noisy, exact, same]);
  });

  it('leaves the image alone, owns its result and leaks no tensor', () =>
    expectNoLeak(async () => {
      const x = image([2, 3, 1]);
      const before = await x.data();
      const noisy = noise.perturb(x, { key, start: 0, count: 2 });
      expect(x.isDisposed).toBe(false);
      expect(await x.data()).toEqual(before);
      x.dispose();
      expect((await noisy.data()).length).toBe(12); // alive after the image is gone
      noisy.dispose();
    }));
});

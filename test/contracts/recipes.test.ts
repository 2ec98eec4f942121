import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { fillUniforms } from '../../src/random/fill-bits.ts';
import { microBatches } from '../../src/recipes/micro-batches.ts';
import { randomCropAndFlip } from '../../src/recipes/random-crop-and-flip.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(5);

/** Zero padding, crop and mirror written as three loops over one image [height][width][channels]. */
function cropTwin(image: number[][][], b: number, padding: number, flip: boolean): number[][][] {
  const [height, width, channels] = [image.length, image[0]!.length, image[0]![0]!.length];
  const black = Array<number>(channels).fill(0);
  const padded = Array.from({ length: height + 2 * padding }, (_, i) =>
    Array.from({ length: width + 2 * padding }, (_, j) => image[i - padding]?.[j - padding] ?? black),
  );
  const [u, v, w] = fillAndList(b);
  const top = Math.floor(u! * (2 * padding + 1));
  const left = Math.floor(v! * (2 * padding + 1));
  const cropped = padded.slice(top, top + height).map((row) => row.slice(left, left + width));
  return flip && w! < 0.5 ? cropped.map((row) => [...row].reverse()) : cropped;
}

function fillAndList(b: number): number[] {
  const draws = new Float32Array(3);
  fillUniforms(draws, { key: foldIn(key, b), start: 0, dimension: 3 });
  return [...draws];
}

describeBackends('randomCropAndFlip', () => {
  const images = (shape: [number, number, number, number]): tf.Tensor4D =>
    tf.tidy(() => tf.reshape(tf.div(tf.range(1, shape.reduce((a, b) => a * b) + 1), 1000), shape));

  it.each([
    [[40, 5, 4, 3], undefined, undefined],
    [[12, 4, 6, 1], 2, true],
    [[12, 4, 6, 1], 2, false],
    [[6, 3, 3, 2], 0, true],
    [[6, 2, 2, 1], 7, true],
  ] as const)('copies pixels as three loops do: %o, padding %s, flip %s', async (shape, padding, flip) => {
    const x = images([...shape]);
    const options = { key, ...(padding !== undefined && { padding }), ...(flip !== undefined && { flip }) };
    const augmented = randomCropAndFlip(x, options);
    const plain = (await x.array()) as number[][][][];
    expect(await augmented.array()).toEqual(plain.map((image, b) => cropTwin(image, b, padding ?? 4, flip ?? true)));
    expect(augmented.dtype).toBe('float32');
    tf.dispose([x, augmented]);
  });

  it('gives an image the same draws whatever is beside it, and leaves nothing behind', () =>
    expectNoLeak(async () => {
      const x = images([8, 4, 4, 1]);
      const whole = randomCropAndFlip(x, { key });
      const part = tf.slice(x, 0, 3);
      const three = randomCropAndFlip(part, { key });
      const first = await whole.data();
      expect([...(await three.data())]).toEqual([...first].slice(0, 3 * 16));
      const other = randomCropAndFlip(x, { key: createKey(6) });
      expect(await other.data()).not.toEqual(first);
      tf.dispose([x, whole, part, three, other]);
    }));
});

describeBackends('microBatches', () => {
  const x = (): tf.Tensor4D => tf.tidy(() => tf.reshape(tf.range(0, 28), [7, 2, 2, 1]));

  it('cuts images, labels, soft targets and noise into consecutive parts and drops the rest', () =>
    expectNoLeak(async () => {
      const batch = {
        x: x(),
        labels: [0, 1, 2, 0, 1, 2, 0],
        key,
        noise: tf.tidy(() => tf.reshape(tf.range(0, 56), [2, 7, 2, 2, 1])),
        softTargets: tf.tidy(() => tf.reshape(tf.range(0, 21), [7, 3])),
        epoch: 4,
      };
      const pixels = await batch.x.data();
      let count = 0;
      for (const part of microBatches(batch, 3)) {
        const begin = 2 * count;
        expect(part.x.shape).toEqual([2, 2, 2, 1]);
        expect(await part.x.data()).toEqual(pixels.slice(4 * begin, 4 * begin + 8));
        expect(part.labels).toEqual(batch.labels.slice(begin, begin + 2));
        expect(part.key).toEqual(foldIn(key, count));
        expect(part.epoch).toBe(4);
        expect([...(await part.softTargets!.data())]).toEqual([0, 1, 2, 3, 4, 5].map((v) => 3 * begin + v));
        const noise = [0, 1, 2, 3, 4, 5, 6, 7].map((v) => 4 * begin + v);
        expect(part.noise!.shape).toEqual([2, 2, 2, 2, 1]);
        expect([...(await part.noise!.data())]).toEqual([...noise, ...noise.map((v) => 28 + v)]);
        part.dispose();
        part.dispose();
        count++;
      }
      expect(count).toBe(3);
      expect(batch.x.isDisposed || batch.noise.isDisposed || batch.softTargets.isDisposed).toBe(false);
      tf.dispose([batch.x, batch.noise, batch.softTargets]);
    }));

  it('keeps the kind of the labels', () =>
    expectNoLeak(async () => {
      const given = x();
      const tensor = tf.tensor1d([3, 2, 1, 0, 3, 2, 1], 'int32');
      for (const labels of [tensor, Int32Array.of(3, 2, 1, 0, 3, 2, 1), Uint8Array.of(3, 2, 1, 0, 3, 2, 1)]) {
        const found: number[] = [];
        for (const part of microBatches({ x: given, labels, key }, 2)) {
          expect(part.labels.constructor).toBe(labels instanceof tf.Tensor ? tf.Tensor : labels.constructor);
          found.push(...(part.labels instanceof tf.Tensor ? await part.labels.data() : part.labels));
          part.dispose();
        }
        expect(found).toEqual([3, 2, 1, 0, 3, 2]);
      }
      tf.dispose([given, tensor]);
    }));

  it('makes parts that losses take, spread or not, one at a time', () =>
    expectNoLeak(async () => {
      const given = x();
      const { logits } = linearClassifier([1, -1, 2, 0.5], 0);
      const loss = new GaussianLoss(logits, { noise: new GaussianNoise({ sigma: 0.5 }) });
      const before = tf.memory().numTensors;
      for (const part of microBatches({ x: given, labels: [0, 1, 0, 1, 0, 1, 0], key }, 3)) {
        expect(tf.memory().numTensors).toBe(before + 2); // the copy of the batch, and the part
        using prepared = loss.prepare(part);
        using again = loss.prepare({ ...part, key });
        expect(prepared.x.shape).toEqual(again.x.shape);
        part[Symbol.dispose]();
      }
      for (const part of microBatches({ x: given, labels: [0, 1, 0, 1, 0, 1, 0], key }, 7)) {
        part.dispose();
        break;
      }
      given.dispose();
    }));
});
describe('the twin', () => {
  it('meets crops in all corners and both mirrors', () => {
    const draws = Array.from({ length: 40 }, (_, b) => fillAndList(b));
    expect(new Set(draws.map(([u]) => Math.floor(9 * u!))).size).toBe(9);
    expect(new Set(draws.map(([, v]) => Math.floor(9 * v!))).size).toBe(9);
    expect(new Set(draws.map(([, , w]) => w! < 0.5)).size).toBe(2);
  });
});

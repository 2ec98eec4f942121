import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { type AblationEncoding, fillAblated } from '../../src/noise/ablated-copies.ts';
import { BandAblation } from '../../src/noise/band-ablation.ts';
import type { BandKind } from '../../src/noise/band-geometry.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const kinds: readonly BandKind[] = ['columns', 'rows', 'rows+columns', 'blocks'];
const shape = [4, 5, 2] as const;
const image = Float32Array.from({ length: 40 }, (_, i) => Math.fround(((i * 13) % 40) / 40));

/** The copies of an image, one array for each. */
async function copiesOf(noise: BandAblation, values: Float32Array): Promise<Float32Array[]> {
  const x = tf.tensor(values, [...shape]);
  const made = noise.perturb(x, { start: 0, count: noise.copies });
  expect(made.shape).toEqual([noise.copies, ...noise.copyShape([...shape])]);
  expect(made.dtype).toBe('float32');
  const flat = await made.data<'float32'>();
  tf.dispose([x, made]);
  const size = flat.length / noise.copies;
  return Array.from({ length: noise.copies }, (_, copy) => flat.slice(copy * size, (copy + 1) * size));
}

describeBackends('band ablation', () => {
  const encodings: readonly AblationEncoding[] = ['double', 'mask', { fill: [0.25, -1] }];
  it.each(encodings.flatMap((encoding) => kinds.map((keep) => ({ encoding, keep }))))(
    'makes the same bits as plain loops over the kept positions: $keep, $encoding',
    ({ encoding, keep }) =>
      expectNoLeak(async () => {
        const noise = new BandAblation({ inputShape: shape, keep, size: 2, encoding });
        const copies = await copiesOf(noise, image);
        copies.forEach((copy, number) => {
          const slow = new Float32Array(copy.length);
          const masks = noise.keptPositions({ start: number, count: 1 });
          const kept = Uint32Array.from([...masks.keys()].filter((position) => masks[position] === 1));
          fillAblated(slow, image, kept, kept.length, { encoding, channels: 2, masks: 1 });
          expect(copy).toEqual(slow);
        });
      }),
  );

  it.each(kinds)('hides all of what is ablated: NaN, infinities and signs of zero, %s', async (keep) => {
    for (const encoding of ['double', 'mask', { fill: 0 }, { fill: [0.25, -1] }] satisfies AblationEncoding[]) {
      const noise = new BandAblation({ inputShape: shape, keep, size: 2, stride: [1, 2], encoding });
      const clean = await copiesOf(noise, image);
      const kept = noise.keptPositions({ start: 0, count: noise.copies });
      for (const odd of [NaN, Infinity, -Infinity, -0, -0.5, 3e38]) {
        const changed = image.slice().fill(odd, 12, 16); // pixels 6 and 7
        const copies = await copiesOf(noise, changed);
        let hidden = 0;
        copies.forEach((copy, number) => {
          if (kept[number * 20 + 6] === 1 || kept[number * 20 + 7] === 1) return;
          hidden++;
          const same = copy.every((value, i) => Object.is(value, clean[number]![i]));
          expect(same, `copy ${number} shows ${odd} with ${JSON.stringify(encoding)}`).toBe(true);
        });
        expect(hidden).toBeGreaterThan(0);
      }
    }
  });

  it('makes copy t from t alone, however the copies are batched', async () => {
    for (const keep of kinds) {
      const noise = new BandAblation({ inputShape: shape, keep, size: 3 });
      const whole = await copiesOf(noise, image);
      const x = tf.tensor(image, [...shape]);
      for (let start = 0; start < noise.copies; start += 4) {
        const count = Math.min(4, noise.copies - start);
        const part = noise.perturb(x, { start, count });
        expect([...(await part.data())]).toEqual(whole.slice(start, start + count).flatMap((copy) => [...copy]));
        part.dispose();
      }
      x.dispose();
    }
  });

  it('has a gradient: the sum over the copies that keep a value', async () => {
    const noise = new BandAblation({ inputShape: shape, keep: 'blocks', size: [2, 3], encoding: 'double' });
    const x = tf.tensor(image, [...shape]);
    const weights = tf.tidy(() => tf.reshape(tf.range(0, noise.copies * 80), [noise.copies, 4, 5, 4]));
    const gradient = tf.tidy(() =>
      tf.grad((z: tf.Tensor) => tf.sum(tf.mul(weights, noise.perturb(z, { start: 0, count: noise.copies }))))(x),
    );
    const kept = noise.keptPositions({ start: 0, count: noise.copies });
    const expected = Array.from(image, (_, i) => {
      let sum = 0; // of the weights of v, less those of 1 − v
      for (let copy = 0; copy < noise.copies; copy++) sum += kept[copy * 20 + Math.floor(i / 2)] === 1 ? -2 : 0;
      return sum;
    });
    expect([...(await gradient.data())]).toEqual(expected);
    tf.dispose([x, weights, gradient]);
  });
});

import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { TypedBatch, TypedClassifier } from '../../src/classifier/types.ts';
import { OptionError, TensorError } from '../../src/errors.ts';
import { DoubleMasking, type DoubleMaskingOptions } from '../../src/smoothed/double-masking.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectError, thrownBy } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { goldenFamily } from '../noise/golden-family.ts';

const { doubleMaskingTables, doubleMaskingAxes } = goldenFamily<{
  readonly doubleMaskingTables: readonly { table: number[][]; label: number; certified: boolean }[];
  readonly doubleMaskingAxes: readonly { axis: number; patch: number; masks: number; maskSize: number; starts: number[] }[]; // prettier-ignore
}>('discrete-patch');

/** An image of one row whose masks are found again by what they hide: cell i is 1, hidden ones −1. */
function byTable(
  axis: number,
  patch: number,
  table: readonly (readonly number[])[],
  fixture: Masks,
): TypedClassifier & { readonly asked: string[] } {
  const hiddenBy = (mask: number): string =>
    Array.from({ length: axis }, (_, cell) => (cell >= fixture.starts[mask]! && cell < fixture.starts[mask]! + fixture.maskSize ? 'x' : '.')).join(''); // prettier-ignore
  const union = (a: string, b: string): string =>
    [...a].map((each, i) => (each === 'x' || b[i] === 'x' ? 'x' : '.')).join('');
  const pairs = new Map<string, number>();
  table.forEach((row, i) => row.forEach((label, j) => pairs.set(union(hiddenBy(i), hiddenBy(j)), label)));
  expect(patch).toBeLessThanOrEqual(fixture.maskSize);
  const asked: string[] = [];
  return {
    asked,
    classify: (inputs, { batch }) => {
      const out = new Float32Array(batch * 5);
      for (let row = 0; row < batch; row++) {
        const shown = Array.from(inputs.subarray(row * axis, (row + 1) * axis), (v) => (v === -1 ? 'x' : '.')).join('');
        asked.push(shown);
        out[row * 5 + pairs.get(shown)!] = 3;
      }
      return out;
    },
  };
}

interface Masks {
  readonly starts: readonly number[];
  readonly maskSize: number;
}

/** Masks of a row whose unions of two all differ: 3 cells each, apart from each other. */
const apart = (masks: number): Masks & { readonly axis: number } => ({
  axis: 3 * masks,
  maskSize: 3,
  starts: Array.from({ length: masks }, (_, i) => 3 * i),
});

describeBackends('DoubleMasking', () => {
  it.each(doubleMaskingTables)('golden table: class $label, certified $certified', ({ table, label, certified }) =>
    expectNoLeak(async () => {
      const masks = table.length;
      const layout = apart(masks);
      const options = { inputShape: [1, layout.axis, 1], patch: [1, 1], masks: [1, masks], fill: -1, numClasses: 5 } as const; // prettier-ignore
      const x = tf.ones([1, layout.axis, 1]);
      const found = [];
      for (const batchSize of [1, 3, 100]) {
        const guard = new DoubleMasking(byTable(layout.axis, 1, table, layout), { ...options, batchSize });
        expect(guard.masks).toBe(masks);
        const certificate = await guard.certify(x);
        expect(certificate).toMatchObject({ label, certified });
        expect(certificate.passes).toBeLessThanOrEqual((masks * (masks + 1)) / 2);
        if (certified) expect(certificate.passes).toBe((masks * (masks + 1)) / 2);
        expect(await guard.predict(x)).toBe(label);
        found.push(certificate.passes);
      }
      expect([...found].sort((a, b) => a - b)).toEqual(found); // small batches ask no more
      x.dispose();
    }),
  );

  it('asks K images where the single masks agree, and no pair twice', () =>
    expectNoLeak(async () => {
      const layout = apart(4);
      const options = { inputShape: [1, 12, 1], patch: [1, 1], masks: [1, 4], fill: -1, numClasses: 5, batchSize: 1 } as const; // prettier-ignore
      const x = tf.ones([1, 12, 1]);
      const agree = byTable(12, 1, [[2, 2, 2, 2], [2, 2, 2, 2], [2, 2, 2, 0], [2, 2, 0, 2]], layout); // prettier-ignore
      expect(await new DoubleMasking(agree, options).predict(x)).toBe(2);
      expect(new Set(agree.asked).size).toBe(4);
      expect(await new DoubleMasking(agree, options).certify(x)).toEqual({ certified: false, label: 2, passes: 10 });
      const dissent = byTable(12, 1, [[1, 1, 1, 1], [1, 2, 3, 2], [1, 3, 2, 2], [1, 2, 2, 2]], layout); // prettier-ignore
      expect(await new DoubleMasking(dissent, options).certify(x)).toEqual({ certified: false, label: 1, passes: 7 });
      x.dispose();
    }));

  it('masks tensors and typed arrays the same, and tells what a row shows', () =>
    expectNoLeak(async () => {
      const weights = Float32Array.from({ length: 8 * 6 * 2 * 3 }, (_, i) => (((i * 31) % 23) - 11) / 7);
      const model = (z: tf.Tensor): tf.Tensor =>
        tf.tidy(() => tf.matMul(tf.reshape(z, [-1, 96]) as tf.Tensor2D, tf.tensor2d(weights, [96, 3])));
      const asked: TypedBatch[] = [];
      const typed: TypedClassifier = {
        classify: async (inputs, batch) => {
          asked.push(batch);
          const kept = batch.kept!;
          for (let p = 0; p < kept.length; p++)
            if (kept[p] === 0) expect([inputs[2 * p], inputs[2 * p + 1]]).toEqual([0.5, 0.25]);
          const logits = tf.tidy(() => model(tf.tensor(inputs, [batch.batch, ...batch.shape])));
          const values = await logits.data<'float32'>();
          logits.dispose();
          return values;
        },
      };
      const options: DoubleMaskingOptions = { inputShape: [8, 6, 2], patch: [2, 3], masks: [3, 2], fill: [0.5, 0.25], numClasses: 3 }; // prettier-ignore
      for (let seed = 0; seed < 8; seed++) {
        const x = tf.randomUniform([8, 6, 2], 0, 1, 'float32', seed + 1);
        const found = await new DoubleMasking(model, options).certify(x);
        expect(await new DoubleMasking(typed, options).certify(x)).toEqual(found);
        x.dispose();
      }
      // Every place of the patch is hidden in some row.
      const masks = asked.flatMap(({ kept, batch }) => Array.from({ length: batch }, (_, row) => kept!.slice(row * 48, (row + 1) * 48))); // prettier-ignore
      for (let top = 0; top <= 6; top++)
        for (let left = 0; left <= 3; left++) {
          const isHidden = (mask: Uint8Array): boolean =>
            [0, 1].every((i) => [0, 1, 2].every((j) => mask[(top + i) * 6 + left + j] === 0));
          expect(masks.some(isHidden)).toBe(true);
        }
    }));

  it('ends with the reason of an abort', () =>
    expectNoLeak(async () => {
      const guard = new DoubleMasking((z) => tf.zeros([z.shape[0]!, 2]), { inputShape: [4, 4, 1], patch: [2, 2], masks: 2, numClasses: 2 }); // prettier-ignore
      const x = tf.ones([4, 4, 1]);
      const reason = new Error('enough');
      expect(await thrownBy(() => guard.certify(x, { signal: AbortSignal.abort(reason) }))).toBe(reason);
      x.dispose();
    }));
});

describe('DoubleMasking has the masks', () => {
  it.each(doubleMaskingAxes)('$axis cells, patch $patch, $masks masks', ({ axis, patch, masks, starts }) => {
    const classifier = (z: tf.Tensor): tf.Tensor => z;
    const made = (wanted: DoubleMaskingOptions['masks']): DoubleMasking =>
      new DoubleMasking(classifier, {
        inputShape: [axis, axis, 1],
        patch: [patch, patch],
        masks: wanted,
        numClasses: 2,
      });
    expect(made([1, masks]).masks).toBe(starts.length);
    expect(made(masks).masks).toBe(starts.length ** 2);
  });
});

describe('DoubleMasking refuses', () => {
  const good = { inputShape: [6, 8, 3], patch: [2, 2], masks: 3, numClasses: 2 };
  const perAxis = 'must be an integer of at least 1, or [of the rows, of the columns], got';
  it.each([
    [{ inputShape: [6, 8] }, '`inputShape` must be [height, width, channels], integers of at least 1, got [6, 8]'],
    [{ patch: 2 }, '`patch` must be [height, width] in pixels, got 2'],
    [{ patch: [7, 2] }, '`patch` must be [height, width], integers from 1 to 6 and from 1 to 8, got [7, 2]'],
    [{ patch: [2, 0] }, '`patch` must be [height, width], integers from 1 to 6 and from 1 to 8, got [2, 0]'],
    [{ masks: 0 }, `\`masks\` ${perAxis} 0`],
    [{ masks: [2, 2, 2] }, `\`masks\` ${perAxis} [2, 2, 2]`],
    [{ fill: NaN }, '`fill` must be a finite number, or one for each channel, got NaN'],
    [{ fill: [0, 1] }, '`fill` must be one number, or one for each of the 3 channels, got [0, 1]'],
    [
      { noise: 1 },
      'unknown option `noise`; known options: `inputShape`, `patch`, `masks`, `fill`, `numClasses`, `output`, `batchSize`',
    ],
  ])('%o', (change, text) =>
    expectError(
      () => new DoubleMasking((z) => z, { ...good, ...change } as never),
      OptionError,
      `DoubleMasking: ${text}`,
    ),
  );

  it('images of another shape, and other options', async () => {
    await tf.setBackend('cpu');
    const guard = new DoubleMasking((z) => z, good as never);
    const x = tf.zeros([8, 6, 3]);
    await expectError(
      () => guard.predict(x),
      TensorError,
      'DoubleMasking.predict: `x` must have shape [6,8,3], got [8,6,3]',
    );
    await expectError(
      () => guard.certify(x, { key: 1 } as never),
      OptionError,
      'DoubleMasking.certify: unknown option `key`; known options: `batchSize`, `signal`',
    );
    x.dispose();
  });
});

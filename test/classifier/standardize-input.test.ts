import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { standardizeInput, type StandardizeInputOptions } from '../../src/classifier/input-adapters.ts';
import type { LogitsFn } from '../../src/classifier/types.ts';
import { describeBackends } from '../helpers/backends.ts';

const flatten: LogitsFn = (x) => tf.tidy(() => tf.reshape(x, [x.shape[0] ?? 0, -1]));

async function seen(rows: readonly (readonly number[])[], options?: StandardizeInputOptions): Promise<number[][]> {
  const x = tf.tensor(rows.flat(), [rows.length, 2, 1, 2]);
  const out = standardizeInput(flatten, options)(x, { training: false });
  const found = (await out.array()) as number[][];
  tf.dispose([x, out]);
  return found;
}

/** The formula in double precision. */
function twin(row: readonly number[], epsilon: number, subtractMean: boolean): number[] {
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
  const s = Math.sqrt(variance + epsilon);
  return row.map((value) => (subtractMean ? value - mean : value) / (s + epsilon));
}

describeBackends('standardizeInput', () => {
  const rows = [
    [0.1, 0.9, 0.3, 0.2],
    [100, -50, 3, 7],
    [1e-3, 2e-3, 3e-3, 4e-3],
  ];

  it.each([
    [undefined, 1e-8, false],
    [{ subtractMean: true }, 1e-8, true],
    [{ epsilon: 0.5 }, 0.5, false],
    [{ epsilon: 0.01, subtractMean: true }, 0.01, true],
  ] as const)('divides every example by its own deviation: %o', async (options, epsilon, subtractMean) => {
    const found = await seen(rows, options);
    rows.forEach((row, i) => {
      twin(row, epsilon, subtractMean).forEach((value, j) => {
        expect(Math.abs(found[i]![j]! - value)).toBeLessThanOrEqual(2e-5 * Math.max(1, Math.abs(value)));
      });
    });
  });

  it('sees an input and its multiple as the same', async () => {
    const [one, many] = await seen([rows[0]!, rows[0]!.map((value) => 8 * value)]);
    one!.forEach((value, j) => expect(many![j]).toBeCloseTo(value, 5));
  });

  it('keeps a constant input finite', async () => {
    const [constant, centred] = [
      await seen([[0.5, 0.5, 0.5, 0.5]]),
      await seen([[0.5, 0.5, 0.5, 0.5]], { subtractMean: true }),
    ];
    constant[0]!.forEach((value) => expect(value / (0.5 / (1e-4 + 1e-8))).toBeCloseTo(1, 4));
    expect(centred).toEqual([[0, 0, 0, 0]]);
  });
});

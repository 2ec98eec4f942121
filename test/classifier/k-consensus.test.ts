import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ensemble } from '../../src/classifier/ensemble.ts';
import { kConsensus } from '../../src/classifier/k-consensus.ts';
import type { LogitsFn } from '../../src/classifier/types.ts';
import { describeBackends } from '../helpers/backends.ts';

type Rows = readonly (readonly number[])[];

const mode = { training: false };
const argMax = (row: readonly number[]): number => row.indexOf(Math.max(...row));

/** A member whose logits are given, whatever the input. */
const fixed =
  (rows: Rows): LogitsFn =>
  () =>
    tf.tensor2d(rows.map((row) => [...row]));

async function logitsOf(f: LogitsFn, batch: number): Promise<number[][]> {
  const x = tf.zeros([batch, 1]);
  const logits = f(x, mode);
  const rows = (await logits.array()) as number[][];
  tf.dispose([x, logits]);
  return rows;
}

/** The rule as it is written down, one row after the other. */
function twin(members: readonly Rows[], k: number): number[][] {
  return members[0]!.map((_, row) => {
    const all = members.map((rows) => rows[row]!);
    const first = all.slice(0, k);
    const agreed = first.every((z) => argMax(z) === argMax(first[0]!));
    const chosen = agreed ? first : all;
    return chosen[0]!.map((_value, c) => chosen.reduce((sum, z) => sum + z[c]!, 0) / chosen.length);
  });
}

describeBackends('kConsensus', () => {
  const a = [
    [3, 0, 0],
    [3, 0, 0],
    [0, 0, 1],
  ];
  const b = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ];
  const c = [
    [0, 9, 0],
    [0, 9, 0],
    [6, 0, 0],
  ];

  it('takes the first k where they agree, all where they do not, row by row', async () => {
    expect(await logitsOf(kConsensus([fixed(a), fixed(b), fixed(c)], { k: 2 }), 3)).toEqual([
      [2, 0, 0], // agreed on 0, though the average of all three has its largest at 1
      [1, expect.closeTo(10 / 3, 5), 0],
      [0, 0, 1],
    ]);
  });

  it('asks all for k = all, which is the vote of the logit average; the first alone for k = 1', async () => {
    const members = [fixed(a), fixed(b), fixed(c)];
    expect(await logitsOf(kConsensus(members, { k: 3 }), 3)).toEqual(await logitsOf(ensemble(members), 3));
    expect(await logitsOf(kConsensus(members, { k: 1 }), 3)).toEqual(a);
  });

  it('follows the rule for random logits, and votes for the class that was agreed on', async () => {
    const logit = fc.integer({ min: -16, max: 16 }).map((i) => i / 4); // many ties; sums are exact in float32
    const table = fc.array(fc.array(logit, { minLength: 3, maxLength: 3 }), { minLength: 8, maxLength: 8 });
    const four = fc.array(table, { minLength: 4, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(four, fc.integer({ min: 1, max: 4 }), async (members, k) => {
        const found = await logitsOf(kConsensus(members.map(fixed), { k }), 8);
        twin(members, k).forEach((row, i) => {
          row.forEach((value, j) => expect(found[i]![j]).toBeCloseTo(value, 5));
          const votes = members.slice(0, k).map((rows) => argMax(rows[i]!));
          if (new Set(votes).size === 1) expect(argMax(found[i]!)).toBe(votes[0]);
        });
      }),
      { numRuns: 100, seed: 2 },
    );
  });

  it('lets the gradient through to the members that were averaged', async () => {
    const scales = [1, 1, 1].map((s) => tf.variable(tf.scalar(s)));
    const members = [a, b, c].map(
      (rows, i): LogitsFn =>
        () =>
          tf.mul(tf.tensor2d(rows), scales[i]!),
    );
    const f = kConsensus(members, { k: 2 });
    const x = tf.zeros([3, 1]);
    // d/ds of the first row's class 0, of the second row's class 1, of the third row's class 2.
    const { value, grads } = tf.variableGrads(() => tf.sum(tf.mul(f(x, { training: true }), tf.eye(3))), scales);
    const found = await Promise.all(scales.map(async ({ name }) => (await grads[name]!.data())[0]));
    expect(found[0]).toBeCloseTo(3 / 2 + 0 + 1 / 2, 5);
    expect(found[1]).toBeCloseTo(1 / 2 + 1 / 3 + 1 / 2, 5);
    expect(found[2], 'only the row without agreement asks the third member').toBeCloseTo(9 / 3, 5);
    tf.dispose([value, grads, scales, x]);
  });

  it('lets no NaN of a member that is averaged become a vote', async () => {
    const nan = [[NaN, NaN]];
    expect(await logitsOf(kConsensus([fixed(nan), fixed(nan), fixed([[1, 0]])], { k: 2 }), 1)).toEqual([[NaN, NaN]]);
    expect(await logitsOf(kConsensus([fixed([[0, 1]]), fixed(nan), fixed([[1, 0]])], { k: 2 }), 1)).toEqual([
      [NaN, NaN],
    ]);
    expect(await logitsOf(kConsensus([fixed([[0, 1]]), fixed([[0, 1]]), fixed(nan)], { k: 2 }), 1)).toEqual([[0, 1]]);
  });
});

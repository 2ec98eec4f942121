import { ClassifierError } from 'catrs';
import { describe, expect, it } from 'vitest';
import { type HeadOutputs, readHead, type ReadHeadOptions } from '../../src/detection/detector-heads.ts';
import { expectError } from '../helpers/errors.ts';

const output = (
  dims: readonly number[],
  values: readonly number[],
): { dims: readonly number[]; values: Float32Array } => ({
  dims,
  values: Float32Array.from(values),
});
const read = (outputs: HeadOutputs, options: Partial<ReadHeadOptions>, rows: number): number[][][] =>
  readHead('x', outputs, { activation: 'none', background: 'none', ...options }, rows).map(
    ({ boxes, scores, labels }) => [Array.from(boxes), Array.from(scores), Array.from(labels)],
  );
const A = [1, 2, 3, 4];
const B = [5, 6, 7, 8];

describe('readHead', () => {
  it('reads [B, 4 + C, N], where a number of each box stands in a row', () => {
    const rows = [A, B].map((_, k) => [0, 1, 2].map((i) => 10 * k + i));
    const values = [...[0, 1, 2, 3].flatMap((k) => [10 * k, 10 * k + 1, 10 * k + 2]), 0.5, 0, 0.25, 0.25, 0.75, 0.25];
    expect(rows.length).toBe(2);
    const [found, again] = read({ boxes: output([2, 6, 3], [...values, ...values]) }, { head: 'yolov8' }, 2);
    expect(found).toEqual([
      [0, 10, 20, 30, 1, 11, 21, 31, 2, 12, 22, 32],
      [0.5, 0.75, 0.25],
      [0, 1, 0],
    ]);
    expect(again).toEqual(found);
  });

  it('reads [B, N, 5 + C] with the product of both scores', () => {
    const values = [...A, 0.5, 0.25, 0.75, ...B, 0.5, 1, 0.5, ...A, 0, 1, 1];
    const boxes = output([1, 3, 7], values);
    const wanted = [
      [
        [...A, ...B, ...A],
        [0.375, 0.5, 0],
        [1, 0, 0],
      ],
    ];
    expect(read({ boxes }, { head: 'yolov5' }, 1)).toEqual(wanted);
  });

  it('tells both by the longer axis', () => {
    const long = output([1, 20, 7], Array<number>(140).fill(0.5));
    expect(read({ boxes: long }, {}, 1)[0]?.[1]).toEqual(Array(20).fill(0.25));
    const wide = output([1, 7, 20], Array<number>(140).fill(0.5));
    expect(read({ boxes: wide }, {}, 1)[0]?.[1]).toEqual(Array(20).fill(0.5));
  });

  it('reads rows [N, 6] with or without a batch', () => {
    const values = [...A, 0.5, 3, ...B, 0.25, 0];
    const wanted = [
      [
        [...A, ...B],
        [0.5, 0.25],
        [3, 0],
      ],
    ];
    expect(read({ boxes: output([2, 6], values) }, { head: 'rows' }, 1)).toEqual(wanted);
    expect(read({ boxes: output([1, 2, 6], values) }, { head: 'rows' }, 1)).toEqual(wanted);
    expect(read({ boxes: output([0, 6], []) }, { head: 'rows' }, 1)).toEqual([[[], [], []]]);
  });

  it('reads boxes, scores and labels apart, and as many as are counted', () => {
    const outputs = {
      boxes: output([2, 2, 4], [...A, ...B, ...B, ...A]),
      scores: output([2, 2], [0.5, 0.25, 0.75, 0]),
      labels: output([2, 2], [7, 8, 9, 1]),
      counts: output([2], [2, 1]),
    };
    expect(read(outputs, {}, 2)).toEqual([
      [
        [...A, ...B],
        [0.5, 0.25],
        [7, 8],
      ],
      [[...B], [0.75], [9]],
    ]);
    const none = { boxes: output([0, 4], []), scores: output([0], []), labels: output([0], []) };
    expect(read(none, {}, 1)).toEqual([[[], [], []]]);
  });

  it('takes the highest of scores for each label, of equal ones the first, without the background', () => {
    const boxes = output([1, 2, 1, 4], [...A, ...B]);
    const scores = output([1, 2, 3], [0.5, 0.25, 0.25, 0.125, 0.375, 0.5]);
    expect(read({ boxes, scores }, {}, 1)[0]?.slice(1)).toEqual([
      [0.5, 0.5],
      [0, 2],
    ]);
    expect(read({ boxes, scores }, { background: 'first' }, 1)[0]?.slice(1)).toEqual([
      [0.25, 0.5],
      [0, 1],
    ]);
    expect(read({ boxes, scores }, { background: 'last' }, 1)[0]?.slice(1)).toEqual([
      [0.5, 0.375],
      [0, 1],
    ]);
  });

  it('makes probabilities of logits, the background among them', () => {
    const boxes = output([1, 4], A);
    const scores = output([1, 3], [2, -1, 0.5].map(Math.fround));
    const total = Math.exp(2) + Math.exp(-1) + Math.exp(0.5);
    const soft = read({ boxes, scores }, { activation: 'softmax', background: 'first' }, 1)[0];
    expect(soft?.[1]?.[0]).toBeCloseTo(Math.exp(0.5) / total, 6);
    expect(soft?.[2]).toEqual([1]);
    const sigmoid = read({ boxes, scores }, { activation: 'sigmoid' }, 1)[0];
    expect(sigmoid?.[1]?.[0]).toBeCloseTo(1 / (1 + Math.exp(-2)), 6);
  });

  it('lets NaN through, for whoever looks at it', () => {
    for (const place of [0, 1, 2]) {
      const scores = [0.1, 0.2, 0.3].map((score, i) => (i === place ? NaN : score));
      const outputs = { boxes: output([1, 1, 4], A), scores: output([1, 1, 3], scores) };
      expect(read(outputs, {}, 1)[0]?.[1]).toEqual([NaN]);
    }
  });

  it('refuses outputs of other sizes', async () => {
    const way = '(a model that takes one image at a time needs fixedBatch: 1)';
    const cases: readonly (readonly [HeadOutputs, Partial<ReadHeadOptions>, number, string])[] = [
      [{ boxes: output([3, 6], Array<number>(18).fill(0)) }, { head: 'rows' }, 2, `\`detector\` must return one output [2, N, 6] for the head 'rows', got [3, 6] ${way}`],
      [{ boxes: output([1, 3, 7], Array<number>(21).fill(0)) }, { head: 'rows' }, 1, `\`detector\` must return one output [1, N, 6] for the head 'rows', got [1, 3, 7] ${way}`],
      [{ boxes: output([1, 4, 9], Array<number>(36).fill(0)) }, { head: 'yolov8' }, 1, `\`detector\` must return one output [1, 4 + C, N] for the head 'yolov8', got [1, 4, 9] ${way}`],
      [{ boxes: output([1, 8, 6], Array<number>(48).fill(0)) }, {}, 1, "`head` must say what the output holds ('rows', 'yolov5' or 'yolov8'), got none for one output [1, 8, 6]"],
      [{ boxes: output([2, 4], [...A, ...B]), scores: output([3], [0, 0, 0]) }, {}, 1, `\`detector\` must return scores [1, 2] or [1, 2, C], got [3] ${way}`],
      [{ boxes: output([2, 4], [...A, ...B]), scores: output([2], [0, 0]), labels: output([1], [0]) }, {}, 1, `\`detector\` must return labels [1, 2] beside scores [1, 2], got [1] ${way}`],
      [{ boxes: output([2, 4], [...A, ...B]), scores: output([2], [0, 0]), counts: output([2], [0, 0]) }, {}, 1, `\`detector\` must return counts [1], got [2] ${way}`],
    ]; // prettier-ignore
    for (const [outputs, options, rows, text] of cases) {
      await expectError(() => read(outputs, options, rows), ClassifierError, `x: ${text}`);
    }
  });
});

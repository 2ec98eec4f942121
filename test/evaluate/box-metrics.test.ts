import { type BoundsCertificate, boxMetrics, OptionError, type OutputBounds, type TrueBox } from 'catrs';
import { describe, expect, it } from 'vitest';
import { expectError } from '../helpers/errors.ts';

const fixed = (...values: readonly number[]): OutputBounds[] => values.map((value) => ({ lower: value, upper: value }));
const absent: OutputBounds[] = Array.from({ length: 6 }, () => ({ lower: null, upper: null, always: 'Infinity' }));
const layout = { slots: 3, bins: 'none', sort: 'score', labels: null, cells: null, threshold: 0, overlap: null, beyond: false }; // prettier-ignore

const certificateOf = (...within: readonly (readonly OutputBounds[])[]): BoundsCertificate =>
  ({
    task: 'regression',
    claim: 'bounds',
    boxes: layout,
    within: within.map((bounds, i) => ({ radius: (i + 1) / 4, ball: 'closed', bounds })),
  }) as never;

const wide: OutputBounds[] = [
  { lower: 0, upper: 4 },
  { lower: 0, upper: 4 },
  { lower: 8, upper: 12 },
  { lower: 8, upper: 12 },
  { lower: 1, upper: 1 },
  { lower: 0.5, upper: 0.75 },
];
const sure = certificateOf([...fixed(0, 0, 10, 10, 1, 0.75), ...fixed(0, 0, 10, 10, 1, 0.5), ...absent]);
const truths: TrueBox[] = [
  { label: 1, box: [0, 0, 10, 10] },
  { label: 1, box: [0, 0, 10, 8] },
  { label: 2, box: [0, 0, 10, 10] },
];

describe('boxMetrics', () => {
  it('matches slots to truths of their label, each once, and the best first', () => {
    const [metrics] = boxMetrics([{ certificate: sure, target: truths }]);
    expect(metrics).toEqual({ radius: 0.25, truths: 3, found: 2, recall: 2 / 3, mostBoxes: 2, precision: 1, present: 2, absent: 1 }); // prettier-ignore
    expect(boxMetrics([{ certificate: sure, target: truths }], { iou: 0.9 })[0]?.found).toBe(1);
    expect(boxMetrics([{ certificate: sure, target: truths }], { score: 0.5 })[0]).toMatchObject({
      found: 1,
      mostBoxes: 1,
    });
    expect(boxMetrics([{ certificate: sure, target: truths.slice(0, 1) }])[0]).toMatchObject({
      recall: 1,
      precision: 0.5,
    });
  });

  it('has a row for each radius, over all inputs', () => {
    const two = certificateOf([...wide, ...absent, ...absent], [...wide.map(({ lower }) => ({ lower, upper: null })), ...absent, ...absent]); // prettier-ignore
    const rows = [
      { certificate: two, target: truths.slice(0, 1) },
      { certificate: two, target: [] },
    ];
    const worst = (4 * 4) / 100; // [4, 4, 8, 8]
    expect(boxMetrics(rows, { iou: worst })).toEqual([
      { radius: 0.25, truths: 1, found: 1, recall: 1, mostBoxes: 2, precision: 0.5, present: 2, absent: 4 },
      { radius: 0.5, truths: 1, found: 0, recall: 0, mostBoxes: 2, precision: 0, present: 0, absent: 4 },
    ]);
    expect(boxMetrics(rows, { iou: worst + 1e-9 })[0]?.found).toBe(0);
    expect(boxMetrics(rows, { iou: worst, score: 0.5 }).map(({ found }) => found)).toEqual([0, 0]);
    expect(boxMetrics(rows, { iou: worst, score: 0.75 }).map(({ mostBoxes }) => mostBoxes)).toEqual([0, 2]);
    const none = certificateOf([...absent, ...absent, ...absent]);
    expect(boxMetrics([{ certificate: none, target: [] }])[0]).toMatchObject({
      recall: null,
      precision: null,
      absent: 3,
    });
  });

  it('says what is wrong', async () => {
    const row = { certificate: sure, target: truths };
    const other = { certificate: certificateOf([...absent, ...absent, ...absent], [...absent, ...absent, ...absent]), target: [] }; // prettier-ignore
    await expectError(() => boxMetrics([]), OptionError, 'boxMetrics: `rows` must not be empty, got []');
    await expectError(
      () => boxMetrics([row, { ...row, target: null }]),
      OptionError,
      'boxMetrics: `rows` must have the true boxes of each input, got none',
    );
    await expectError(
      () => boxMetrics([row, other]),
      OptionError,
      'boxMetrics: `rows` must all have the same radii, got 0.25 and 0.25,0.5',
    );
    await expectError(
      () => boxMetrics([{ ...row, target: [{ label: 0, box: [3, 0, 1, 1] }] }]),
      OptionError,
      'boxMetrics: `target` must be a list of { label, box: [x1, y1, x2, y2] }, labels of at least 0, corners in order, got {"label":0,"box":[3,0,1,1]}',
    );
    await expectError(
      () => boxMetrics([row], { iou: 2 }),
      OptionError,
      'boxMetrics: `iou` must be a number from 0 to 1, got 2',
    );
  });
});

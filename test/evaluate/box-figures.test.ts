import {
  OptionError,
  type OutputBounds,
  outputFigures,
  type OutputRow,
  type RegressionCertificate,
  type TrueBox,
} from 'catrs';
import { describe, expect, it } from 'vitest';
import { withBoxes } from '../../src/evaluate/box-figures.ts';
import { expectError } from '../helpers/errors.ts';

const numbers = withBoxes({
  checkTarget: (_, target) => {
    if (typeof target[0] !== 'number') throw new Error('no numbers');
  },
  figures: () => ({ figures: { numbers: 1 }, curves: [] }),
});
const fixed = (...values: readonly number[]): OutputBounds[] => values.map((value) => ({ lower: value, upper: value }));
const absent: OutputBounds[] = Array.from({ length: 6 }, () => ({ lower: null, upper: null, always: 'Infinity' }));
const boxes = { slots: 1, bins: 'none', sort: 'score', labels: null, cells: null, threshold: 0, overlap: null, beyond: false }; // prettier-ignore
const row = (target: readonly TrueBox[] | null, ...bounds: readonly (readonly OutputBounds[])[]): OutputRow<RegressionCertificate, readonly TrueBox[]> =>
  ({
    index: 0,
    milliseconds: 1,
    target,
    certificate: { task: 'regression', claim: 'bounds', norm: 'l2', boxes, within: bounds.map((one, i) => ({ radius: i + 1, ball: 'closed', bounds: one })) },
  }) as never; // prettier-ignore
const truth: TrueBox = { label: 1, box: [0, 0, 10, 10] };

describe('figures of boxes', () => {
  it('are recall, precision and slots at each radius', () => {
    const found = fixed(0, 0, 10, 6, 1, 0.5);
    const { figures, curves } = numbers.figures([row([truth], found, absent), row([], absent, absent), row(null, found, absent)]); // prettier-ignore
    expect(figures).toEqual({
      'slots certified to hold a box at radius 1, an input': 2 / 3,
      'slots certified to be empty at radius 1, an input': 1 / 3,
      'slots certified to hold a box at radius 2, an input': 0,
      'slots certified to be empty at radius 2, an input': 1,
      'certified recall at IoU 0.5, radius 1': 1,
      'certified precision at IoU 0.5, radius 1': 1,
      'certified recall at IoU 0.5, radius 2': 0,
      'certified precision at IoU 0.5, radius 2': null,
      'certified recall at IoU 0.75, radius 1': 0,
      'certified precision at IoU 0.75, radius 1': 0,
      'certified recall at IoU 0.75, radius 2': 0,
      'certified precision at IoU 0.75, radius 2': null,
    });
    expect(curves.map(({ label }) => label)).toEqual([
      'radius 1',
      'radius 2',
      'recall at IoU 0.5',
      'precision at IoU 0.5',
    ]);
    const [first] = curves;
    expect(first?.points.filter(([, recall]) => recall === 1).at(-1)?.[0]).toBe(0.6);
    expect(curves[2]?.points).toEqual([[1, 1], [2, 0]]); // prettier-ignore
    expect(curves[3]?.points).toEqual([[1, 1]]);
  });

  it('are few where nothing is known to be true, and those of numbers for other certificates', () => {
    expect(Object.keys(numbers.figures([row(null, absent)]).figures)).toHaveLength(2);
    const other = { ...row(null, absent), certificate: { task: 'regression', claim: 'bounds' } as never };
    expect(numbers.figures([other]).figures).toEqual({ numbers: 1 });
  });

  it('take lists of boxes, none among them, and lists of numbers as targets', async () => {
    numbers.checkTarget('x', []);
    numbers.checkTarget('x', [truth]);
    numbers.checkTarget('x', [1, 2]);
    await expectError(
      () => numbers.checkTarget('x', [{ ...truth, label: -1 }]),
      OptionError,
      'x: `target` must be a list of { label, box: [x1, y1, x2, y2] }, labels of at least 0, corners in order, got {"label":-1,"box":[0,0,10,10]}',
    );
  });
});

describe('outputFigures', () => {
  it('counts boxes where certificates are of boxes', () => {
    expect(outputFigures([row([truth], fixed(0, 0, 10, 10, 1, 0.5))])).toMatchObject({
      task: 'regression',
      examples: 1,
      figures: { 'certified recall at IoU 0.75, radius 1': 1 },
    });
  });
});

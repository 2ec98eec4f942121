import { describe, expect, it } from 'vitest';
import {
  type BoundsCertificate,
  createKey,
  intervalMetrics,
  type OutputBounds,
  outputFigures,
  type OutputRow,
  type RadiusCertificate,
} from 'catrs';
import { thrownBy } from '../helpers/errors.ts';

type Row = OutputRow<BoundsCertificate, readonly number[]>;

/** A row whose certificate has these bounds within these radii; what does not matter here is left out. */
function row(index: number, target: readonly number[] | null, within: Readonly<Record<number, OutputBounds[]>>): Row {
  const all = Object.entries(within).map(([radius, bounds]) => ({
    ...{ radius: Number(radius), ball: 'closed' as const, bounds },
    ...{ lowerLevel: { p: 0.4, q: 0.6 }, upperLevel: { p: 0.4, q: 0.6 } },
  }));
  const outputs = all[0]?.bounds.length ?? 0;
  const certificate = { task: 'regression', claim: 'bounds', norm: 'l2', key: createKey(0), outputs, within: all };
  return { index, target, milliseconds: 1, certificate: certificate as unknown as BoundsCertificate };
}

const rows = [
  row(0, [1, 10], { 0.1: [{ lower: 0, upper: 2 }, { lower: 9, upper: 9.5 }], 0.2: [{ lower: -1, upper: 3 }, { lower: null, upper: 12 }] }), // prettier-ignore
  row(1, [5, 7], { 0.1: [{ lower: 4, upper: 8 }, { lower: null, upper: null, always: 'Infinity' }], 0.2: [{ lower: 4, upper: 9 }, { lower: 6, upper: 8 }] }), // prettier-ignore
  row(2, null, { 0.1: [{ lower: 0, upper: 1 }, { lower: 0, upper: 1.5 }], 0.2: [{ lower: 0, upper: 1 }, { lower: 0, upper: 3 }] }), // prettier-ignore
];

describe('intervalMetrics', () => {
  it('takes widths of intervals with two ends, and truths where they are known', () => {
    expect(intervalMetrics(rows)).toEqual([
      // Widths 2, 0.5, 4, 1, 1.5; of four truths 1 and 5 are inside; |…| = 1, 1, 3, ∞.
      { radius: 0.1, bounded: 5 / 6, meanWidth: 9 / 5, coverage: 2 / 4, certifiedErrors: [1, 1, 3, Infinity] },
      { radius: 0.2, bounded: 5 / 6, meanWidth: (4 + 5 + 2 + 1 + 3) / 5, coverage: 1, certifiedErrors: [1, 2, 4, Infinity] },
    ]); // prettier-ignore
  });

  it('gives figures and curves: errors against tolerance, widths and coverage against the radius', () => {
    const { task, examples, figures, curves } = outputFigures(rows);
    expect({ task, examples }).toEqual({ task: 'regression', examples: 3 });
    expect(figures['mean width at radius 0.2']).toBe(3);
    expect(figures['median certified error at radius 0.2']).toBe(2);
    expect(figures['share of truths in their interval at radius 0.1']).toBe(0.5);
    const points = Object.fromEntries(curves.map((curve) => [curve.label, curve.points]));
    expect(points['radius 0.1']).toEqual([[0, 0], [1, 0.5], [3, 0.75]]); // prettier-ignore
    expect(points['mean width']).toEqual([[0.1, 1.8], [0.2, 3]]); // prettier-ignore
    expect(points['coverage']).toEqual([[0.1, 0.5], [0.2, 1]]); // prettier-ignore
  });

  it('gives of rows without a truth what needs none', () => {
    const [, , unknown] = rows as [Row, Row, Row];
    expect(intervalMetrics([unknown])[0]).toMatchObject({ coverage: null, certifiedErrors: [], meanWidth: 1.25 });
    expect(outputFigures([unknown]).figures['median certified error at radius 0.1']).toBeNull();
  });

  it('gives of radii of intervals the shares that reach them', () => {
    const of = (radius: number): OutputRow<RadiusCertificate> => ({
      ...{ index: 0, target: [1], milliseconds: 1 },
      certificate: {
        task: 'regression',
        claim: 'radius',
        norm: 'l2',
        abstained: radius === 0,
        radius,
      } as RadiusCertificate,
    });
    const { figures, curves } = outputFigures([0.3, 0, 0.1, 0.3].map(of));
    expect(figures).toEqual({
      'share certified': 0.75,
      'mean radius (abstentions as 0)': 0.7 / 4,
      'median radius of the certified': 0.3,
    });
    expect(curves[0]?.points).toEqual([[0.1, 0.75], [0.3, 0.5]]); // prettier-ignore
  });

  it('refuses no rows, rows of several runs and targets of another length', async () => {
    const [first] = rows as [Row];
    const texts = await Promise.all(
      [
        () => intervalMetrics([]),
        () => intervalMetrics([first, row(1, null, { 0.1: [{ lower: 0, upper: 1 }] })]),
        () => intervalMetrics([{ ...first, target: [1] }]),
        () => intervalMetrics([{ ...first, target: [1, NaN] }]),
      ].map(async (run) => ((await thrownBy(run)) as Error).message),
    );
    expect(texts).toEqual([
      'intervalMetrics: `rows` must not be empty, got []',
      expect.stringContaining('intervalMetrics: `rows` must be of one run: the same outputs and radii, got ['),
      'intervalMetrics: `target` must be a list of 2 finite numbers, got [1]',
      'intervalMetrics: `target` must be a list of 2 finite numbers, got [1, NaN]',
    ]);
  });
});

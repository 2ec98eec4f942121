import { describe, expect, it } from 'vitest';
import {
  type LabelRadius,
  type MultiLabelCertificate,
  multiLabelMetrics,
  type MultiLabelRow,
  OptionError,
  outputFigures,
  type OutputRow,
  type ScoreCertificate,
} from 'catrs';
import { multiLabelEvaluation } from '../../src/evaluate/multi-label-figures.ts';
import { scoreEvaluation } from '../../src/evaluate/score-figures.ts';
import { expectError } from '../helpers/errors.ts';

const row = <C extends { readonly task: string }, T>(
  certificate: C,
  target: T | null,
  index = 0,
): OutputRow<never, T> => ({ index, target, milliseconds: 1, certificate }) as unknown as OutputRow<never, T>;

function labels(radii: Readonly<Record<number, number>>, target: readonly number[] | null): MultiLabelRow {
  const targets = Object.entries(radii).map(
    ([label, radius]) => ({ label: Number(label), radius, abstained: radius === 0 }) as LabelRadius,
  );
  return row({ task: 'multilabel', norm: 'l2', k: 3, targets } as unknown as MultiLabelCertificate, target);
}

// By hand: of the first e = 2 at radius 0.1 (4 is no true label), 1 at 0.2; of the second 1 and 0.
const rows = [
  labels({ 1: 0.25, 2: 0.15, 4: 0.4 }, [1, 2, 3]),
  labels({ 0: 0.12, 5: 0, 7: 0.3 }, [0, 5]),
  labels({ 1: 1 }, null),
];

describe('multiLabelMetrics', () => {
  it('counts true labels with a radius of at least the given one', () => {
    const at = multiLabelMetrics(rows, 0.1);
    expect(at.precision).toBeCloseTo((2 / 3 + 1 / 3) / 2, 12);
    expect(at.recall).toBeCloseTo((2 / 3 + 1 / 2) / 2, 12);
    expect(at.f1).toBeCloseTo((4 / 6 + 2 / 5) / 2, 12);
    expect(at.examples).toBe(2);
    expect(multiLabelMetrics(rows, 0.2)).toMatchObject({ precision: 1 / 6, recall: 1 / 6, f1: 1 / 6 });
  });

  it('counts none that abstains at radius 0, and leaves out what is not known', () => {
    expect(multiLabelMetrics(rows, 0).recall).toBeCloseTo((2 / 3 + 1 / 2) / 2, 12);
    expect(multiLabelMetrics([labels({ 1: 1 }, null)], 0)).toEqual({
      radius: 0,
      precision: null,
      recall: null,
      f1: null,
      examples: 0,
    });
    expect(multiLabelMetrics([labels({ 1: 1 }, [])], 0)).toMatchObject({
      precision: 0,
      recall: null,
      f1: 0,
      examples: 1,
    });
  });

  it('refuses a radius below 0', async () => {
    const text = 'multiLabelMetrics: `radius` must be a finite number of at least 0, got -1';
    await expectError(() => multiLabelMetrics(rows, -1), OptionError, text);
  });
});

describe('figures of sets of labels', () => {
  it('are those of all rows, with curves over the radii', () => {
    const { figures, curves, examples, task } = outputFigures(rows);
    expect([task, examples]).toEqual(['multilabel', 3]);
    expect(figures['share of targets certified']).toBeCloseTo(6 / 7, 12);
    expect(figures['certified precision']).toBeCloseTo(0.5, 12);
    expect(figures['mean radius of the certified']).toBeCloseTo((0.25 + 0.15 + 0.4 + 0.12 + 0.3 + 1) / 6, 12);
    expect(curves.map(({ label }) => label)).toEqual([
      'certified precision',
      'certified recall',
      'certified f1',
      'targets certified',
    ]);
    for (const { points } of curves) expect(points.every(([x], i) => i === 0 || x > points[i - 1]![0])).toBe(true);
    expect(curves[3]!.points.at(-1)).toEqual([1, 1 / 7]);
  });

  it('have lists of labels for targets', async () => {
    multiLabelEvaluation.checkTarget('catrs', [3, 1]);
    const text = 'catrs: `target` must be a list of labels, each once, got [1, 1]';
    await expectError(() => multiLabelEvaluation.checkTarget('catrs', [1, 1]), OptionError, text);
  });
});

describe('figures of scores', () => {
  const score = (lower: readonly number[] | null, label: number, name = 'softmax'): ScoreCertificate =>
    ({
      task: 'confidence',
      norm: 'l2',
      radii: [0, 0.5],
      lower,
      upper: lower ? null : [0.9, 1],
      label,
      score: { name, beta: 1 },
    }) as unknown as ScoreCertificate;

  it('are means of the bounds, and shares of labels that are certain to stay, and right', () => {
    const { figures, curves } = outputFigures([
      row(score([0.9, 0.6], 1), 1),
      row(score([0.7, 0.4], 2), 3),
      row(score([0.4, 0.1], 0), null),
    ]);
    expect(figures['mean lower bound at the first radius']).toBeCloseTo(2 / 3, 12);
    expect(figures['mean lower bound at the last radius']).toBeCloseTo(1.1 / 3, 12);
    expect(figures['share of labels kept at the first radius']).toBeCloseTo(2 / 3, 12);
    expect(figures['share of labels kept at the last radius']).toBeCloseTo(1 / 3, 12);
    expect(figures).toMatchObject({
      'accuracy of the label': 0.5,
      'share kept and right at the last radius': 0.5,
      'mean upper bound at the first radius': null,
    });
    expect(curves.map(({ label }) => label)).toEqual([
      'mean certified lower bound',
      'labels kept',
      'labels kept and right',
    ]);
    expect(curves[1]!.points).toEqual([
      [0, 2 / 3],
      [0.5, 1 / 3],
    ]);
  });

  it('of margins above 0 the label stays; of upper bounds alone nothing is said of labels', () => {
    expect(outputFigures([row(score([0.2, -0.1], 1, 'margin'), 1)]).figures).toMatchObject({
      'share of labels kept at the first radius': 1,
      'share of labels kept at the last radius': 0,
    });
    const { figures, curves } = outputFigures([row(score(null, 1), 1)]);
    expect(figures).toMatchObject({
      'share of labels kept at the first radius': null,
      'mean upper bound at the first radius': 0.9,
    });
    expect(curves.map(({ label }) => label)).toEqual(['mean certified upper bound']);
  });

  it('have classes for targets', async () => {
    scoreEvaluation.checkTarget('catrs', 3);
    await expectError(
      () => scoreEvaluation.checkTarget('catrs', -1),
      OptionError,
      'catrs: `target` must be a class, a whole number of at least 0, got -1',
    );
  });
});

import { describe, expect, it } from 'vitest';
import type { OutputCurve } from '../../src/evaluate/task-evaluation.ts';
import { outputCurvesSpec } from '../../src/plots/output-curves-spec.ts';
import { renderSvg } from '../../src/plots/render-svg.ts';

const curve = (label: string, points: OutputCurve['points'], change: Partial<OutputCurve> = {}): OutputCurve => ({
  label,
  x: 'radius',
  y: 'mean width',
  points,
  ...change,
});
const widths = curve('sigma 0.25', [
  [0.1, 2],
  [0.5, 8],
]);

describe('outputCurvesSpec', () => {
  it('joins points by lines, with the names of the curves on its axes', async () => {
    const spec = outputCurvesSpec([widths, curve('sigma 0.5', [[0.25, 3]])], { title: 'houses' });
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
    expect(spec).toMatchObject({
      title: { text: 'houses' },
      mark: { type: 'line', point: { filled: true } },
      data: {
        values: [
          { method: 'sigma 0.25', x: 0.1, y: 2 },
          { x: 0.5, y: 8 },
          { method: 'sigma 0.5', x: 0.25, y: 3 },
        ],
      },
      encoding: {
        x: { scale: { domain: [0, 0.51] }, axis: { title: 'radius' } },
        y: { scale: { domain: [0, 8.16] }, axis: { title: 'mean width' } },
      },
    });
    expect(JSON.stringify(spec)).not.toContain('step-before');
    const svg = await renderSvg(spec);
    expect(svg).toContain('mean width');
    // One symbol for each point.
    expect(svg.match(/aria-roledescription="point"/g)).toHaveLength(3);
  });

  it('is from 0 to 1 for shares, and wide enough for what is below 0', () => {
    const domain = (points: OutputCurve['points']): unknown =>
      (outputCurvesSpec([curve('a', points)])['encoding'] as { y: { scale: { domain: unknown } } }).y.scale.domain;
    expect(
      domain([
        [0, 0.25],
        [1, 1],
      ]),
    ).toEqual([0, 1]);
    expect(
      domain([
        [0, -1],
        [1, 1],
      ]),
    ).toEqual([-1.04, 1.04]);
  });

  it.each<readonly [string, readonly OutputCurve[], string]>([
    ['no curve', [], 'must hold 1 to 21 curves, got 0'],
    ['one label twice', [widths, widths], 'must have different names, got "sigma 0.25"'],
    ['no point', [curve('a', [])], 'must have at least one point each, got [] for "a"'],
    [
      'places that fall',
      [
        curve('a', [
          [1, 0],
          [1, 1],
        ]),
      ],
      'must have finite, ascending places, got 1 after 1 for "a"',
    ],
    ['a value that is none', [curve('a', [[1, NaN]])], 'must have finite values, got NaN at 1 for "a"'],
    [
      'two pairs of axes',
      [widths, curve('b', [[0, 1]], { y: 'coverage' })],
      'must have the same axes, got mean width against radius and coverage against radius',
    ],
  ])('refuses %s', (_, curves, must) => {
    expect(() => outputCurvesSpec(curves)).toThrow(`outputCurvesSpec: \`curves\` ${must}`);
  });
});

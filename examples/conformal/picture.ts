/**
 * The picture of the results: coverage under attack against the length of the attack, and the size of the sets beside it.
 */
import type { SetCoverage } from 'catrs';
import type { VegaLiteSpec } from 'catrs/plots';
import type { ConformalResult } from './main.ts';

const NAMES: Readonly<Record<ConformalResult['sets'], string>> = {
  plain: 'plain conformal sets',
  'plain, trained under noise': 'plain, model trained under noise',
  'one draw, uncorrected': 'one noisy draw, not corrected',
  robust: 'robust sets',
};

/** Two panels: how often the true label is in the set under attack, and how many labels the sets have. */
export function coverageSpec(
  results: readonly ConformalResult[],
  { alpha, title }: { readonly alpha: number; readonly title: string },
): VegaLiteSpec {
  const point = (sets: ConformalResult['sets'], radius: number, of: SetCoverage): object => ({
    sets: NAMES[sets],
    radius,
    coverage: of.coverage,
    size: of.meanSize,
  });
  // Robust sets for radius 0 are those that are not corrected.
  const unmoved = results.filter(({ radius, sets }) => radius === results[0]?.radius && sets !== 'robust');
  const values = [
    ...unmoved.map(({ sets, clean }) => point(sets, 0, clean)),
    ...results.map(({ sets, radius, attacked }) => point(sets, radius, attacked)),
  ];
  const kinds = Object.values(NAMES);
  const color = {
    field: 'sets',
    scale: { domain: kinds, range: ['#D55E00', '#CC79A7', '#E69F00', '#0072B2'] },
    legend: {
      title: null,
      orient: 'bottom',
      symbolType: 'stroke',
      symbolSize: 400,
      symbolStrokeWidth: 3,
      labelLimit: 300,
      columns: 2,
    },
  };
  const x = { field: 'radius', type: 'quantitative', title: 'length of the attack (ℓ2)' };
  const lines = (field: string, name: string, scale: object): object => ({
    mark: { type: 'line', point: { size: 50 }, strokeWidth: 2.5 },
    encoding: {
      x,
      y: { field, type: 'quantitative', title: name, scale },
      color,
      strokeDash: {
        field: 'sets',
        scale: {
          domain: kinds,
          range: [
            [6, 3],
            [8, 3, 2, 3],
            [2, 2],
            [1, 0],
          ],
        },
      },
    },
  });
  const promised = {
    data: { values: [{ level: 1 - alpha, text: `promised: ${1 - alpha}` }] },
    layer: [
      {
        mark: { type: 'rule', strokeDash: [4, 4], color: '#444' },
        encoding: { y: { field: 'level', type: 'quantitative' } },
      },
      {
        mark: { type: 'text', align: 'right', x: 325, dy: 9, color: '#444' },
        encoding: { y: { field: 'level', type: 'quantitative' }, text: { field: 'text' } },
      },
    ],
  };
  const least = Math.max(0, Math.floor(10 * Math.min(...results.map(({ attacked }) => attacked.coverage))) / 10);
  const size = { width: 330, height: 260 };
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    title,
    data: { values },
    hconcat: [
      {
        ...size,
        layer: [
          lines('coverage', 'true label in the set, under attack', { domain: [least, 1], zero: false }),
          promised,
        ],
      },
      { ...size, layer: [lines('size', 'labels in a set, mean', { zero: true })] },
    ],
  };
}

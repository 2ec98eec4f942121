/**
 * The plot of the learning curves: a small picture for each method.
 */
import type { VegaLiteSpec } from 'catrs/plots';
import { curvesOf } from './learning-curves.ts';
import type { Results } from './read-results.ts';

/** Accuracy under noise by epoch, ours and official; undefined where nothing was trained. */
export function learningCurvesSpec(results: Results): VegaLiteSpec | undefined {
  const curves = curvesOf(results).filter(({ ours }) => ours !== undefined && ours.length > 0);
  if (curves.length === 0) return undefined;
  const values = curves.flatMap(({ title, ours = [], official }) => [
    ...ours.map((row) => ({ title, whose: 'ours', epoch: row.epoch + 1, accuracy: 100 * row.testAccuracy })),
    ...official.epoch.map((epoch, i) => ({
      title,
      whose: 'official',
      epoch: epoch + 1,
      accuracy: official.testAccuracy[i],
    })),
  ]);
  const whose = { field: 'whose', type: 'nominal', title: null };
  const domain = ['ours', 'official'];
  const legend = { orient: 'top', labelFontSize: 13, symbolType: 'stroke', symbolSize: 500, symbolStrokeWidth: 2.25 };
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: { text: 'Accuracy under noise after each epoch, in percent', fontSize: 14, anchor: 'start', offset: 8 },
    background: 'white',
    padding: 12,
    data: { values },
    columns: 4,
    facet: {
      field: 'title',
      type: 'nominal',
      title: null,
      sort: curves.map(({ title }) => title),
      header: { labelFontSize: 13 },
    },
    spec: {
      width: 170,
      height: 140,
      // A curve of one epoch has no line.
      layer: [
        { mark: { type: 'line', strokeWidth: 2 } },
        { transform: [{ filter: "datum.whose === 'ours'" }], mark: { type: 'point', filled: true, size: 16 } },
      ],
      encoding: {
        x: {
          field: 'epoch',
          type: 'quantitative',
          scale: { type: 'log', domain: [1, Math.max(...values.map(({ epoch }) => epoch))], nice: false },
          axis: { values: [1, 2, 5, 10, 20, 50, 100], format: 'd', title: 'epoch', grid: false },
        },
        y: { field: 'accuracy', type: 'quantitative', scale: { zero: false }, title: null },
        color: { ...whose, scale: { domain, range: ['#0072B2', '#D55E00'] }, legend },
        strokeDash: {
          ...whose,
          scale: {
            domain,
            range: [
              [1, 0],
              [5, 3],
            ],
          },
          legend,
        },
      },
    },
    config: { font: 'Helvetica, Arial, sans-serif' },
  };
}

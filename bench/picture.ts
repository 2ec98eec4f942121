import { renderSvg } from 'catrs/plots';
import type { SweepPoint } from './groups/sweep.ts';

/** The picture of throughput against batch size and workers, as SVG. */
export function performancePicture(points: readonly SweepPoint[]): Promise<string> {
  const rows = points.map((point) => ({
    ...point,
    workers: `${point.workers} worker${point.workers === 1 ? '' : 's'}`,
  }));
  return renderSvg({
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: 'certify, LeNet, samples a second',
    width: 480,
    height: 300,
    background: 'white',
    data: { values: rows },
    mark: { type: 'line', point: true },
    encoding: {
      x: {
        field: 'batch',
        type: 'quantitative',
        title: 'batch size',
        scale: { type: 'log', base: 2 },
        axis: { values: [...new Set(points.map(({ batch }) => batch))], grid: false },
      },
      y: { field: 'median', type: 'quantitative', title: 'samples a second' },
      color: {
        field: 'runtime',
        type: 'nominal',
        title: null,
        scale: {
          domain: ['WASM', 'onnxruntime', 'TensorFlow'].filter((name) =>
            points.some(({ runtime }) => runtime === name),
          ),
          range: ['#0072B2', '#D55E00', '#009E73'],
        },
      },
      strokeDash: { field: 'workers', type: 'nominal', title: null, sort: 'descending' },
      shape: { field: 'workers', type: 'nominal', title: null },
    },
  });
}

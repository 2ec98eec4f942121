/** The picture of the guide: how far a moderately sure class is certified by few samples, and what digits needed. */
import { gaussianRadius, incrementalBound } from 'catrs';
import { renderSvg } from 'catrs/plots';
import { clopperPearsonLowerBound } from 'catrs/stats';
import type { IncrementalResults } from './main.ts';

const OLD = { votes: 95_000, n: 100_000, alpha: 0.001 };
const ALPHA_ZETA = 0.001;
const SIGMA = 0.5;
const SAMPLES = [100, 200, 300, 400, 500, 700, 1000, 1500, 2000, 3000, 5000, 7000, 10_000];
const LOST = [0, 0.02];

const OF_OLD = 'from the old certificate';
const ANEW = 'anew, fixed';
const PLANNED = 'anew, planned';
const COLOURS = { [OF_OLD]: '#1f5fa8', [ANEW]: '#c05621', [PLANNED]: '#e9b08d' };

const radiusOf = (bound: Parameters<typeof gaussianRadius>[0]): number =>
  gaussianRadius(bound, SIGMA, { norm: 'l2', dimension: 784 });

/** One point of the curves. */
interface Point {
  readonly samples: number;
  readonly how: string;
  readonly lost: string;
  readonly radius: number;
}

const lostText = (share: number): string => `${100 * share} % of the votes lost`;

/** Radii after the change by numbers of samples: exact, no experiment. Nothing is gained for the class, so its share falls by what is lost. */
function curves(): Point[] {
  const lower = clopperPearsonLowerBound(OLD.votes, OLD.n, OLD.alpha);
  return SAMPLES.flatMap((samples) =>
    LOST.flatMap((share) => {
      const losses = Math.round(share * samples);
      const votes = Math.round((OLD.votes / OLD.n) * samples) - losses;
      const carried = incrementalBound({ lower, losses, n: samples, alphaZeta: ALPHA_ZETA });
      const anew = clopperPearsonLowerBound(votes, samples, OLD.alpha + ALPHA_ZETA);
      return [
        { samples, how: OF_OLD, lost: lostText(share), radius: radiusOf(carried) },
        { samples, how: ANEW, lost: lostText(share), radius: radiusOf(anew) },
      ];
    }),
  );
}

/** As SVG: on the left the curves, on the right the mean samples of the digits of the int8 network. */
export function incrementalPicture({ rows, digits, int8 }: IncrementalResults): Promise<string> {
  const old = radiusOf(clopperPearsonLowerBound(OLD.votes, OLD.n, OLD.alpha));
  const bars = rows
    .filter(({ change }) => change === 'int8')
    .flatMap(({ radius, anew, planned, incremental }) => [
      { radius: String(radius), how: OF_OLD, samples: incremental[0] },
      { radius: String(radius), how: ANEW, samples: anew[0] },
      { radius: String(radius), how: PLANNED, samples: planned[0] },
    ]);
  const samples = {
    field: 'samples',
    type: 'quantitative' as const,
    title: 'samples of the changed model',
    scale: { type: 'log' as const, domain: [100, 10_000] },
    axis: { values: [100, 300, 1000, 3000, 10_000], format: ',d' },
  };
  return renderSvg({
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    spacing: 16,
    hconcat: [
      {
        title: { text: 'Radius after the change', subtitle: '95 000 of 100 000 old votes, σ = 0.5: exact numbers' },
        width: 330,
        height: 260,
        layer: [
          {
            data: { values: [{ radius: old, text: 'radius of the old certificate' }] },
            layer: [
              {
                mark: { type: 'rule', color: '#777', strokeDash: [5, 4] },
                encoding: { y: { field: 'radius', type: 'quantitative' } },
              },
              {
                mark: { type: 'text', align: 'left', x: 4, dy: -7, color: '#555' },
                encoding: { y: { field: 'radius', type: 'quantitative' }, text: { field: 'text' } },
              },
            ],
          },
          {
            data: { values: curves() },
            mark: { type: 'line', strokeWidth: 2.5 },
            encoding: {
              x: samples,
              y: {
                field: 'radius',
                type: 'quantitative',
                title: 'certified radius (L2)',
                scale: { domain: [0.4, 0.85], zero: false },
              },
              color: {
                field: 'how',
                type: 'nominal',
                title: null,
                scale: { domain: [OF_OLD, ANEW], range: [COLOURS[OF_OLD], COLOURS[ANEW]] },
                legend: { orient: 'bottom', columns: 1, labelLimit: 300 },
              },
              strokeDash: {
                field: 'lost',
                type: 'nominal',
                title: null,
                scale: { domain: LOST.map(lostText), range: [[], [5, 3]] },
                legend: { orient: 'bottom', columns: 1, labelLimit: 300 },
              },
            },
          },
        ],
      },
      {
        title: {
          text: 'Samples that real digits needed',
          subtitle: `LeNet, float32 to int8 (${int8 === 'onnxruntime-node' ? 'ONNX' : 'rounded weights'}), mean of ${digits} digits`,
        },
        width: 330,
        height: 260,
        data: { values: bars },
        mark: { type: 'bar' },
        encoding: {
          x: { field: 'radius', type: 'nominal', title: 'radius to be proven (L2)', axis: { labelAngle: 0 } },
          xOffset: { field: 'how', sort: [OF_OLD, ANEW, PLANNED] },
          y: { field: 'samples', type: 'quantitative', title: 'samples of the changed model, mean' },
          color: {
            field: 'how',
            type: 'nominal',
            title: null,
            scale: { domain: Object.keys(COLOURS), range: Object.values(COLOURS) },
            legend: { orient: 'bottom', columns: 1, labelLimit: 300 },
          },
        },
      },
    ],
    resolve: { scale: { color: 'independent', strokeDash: 'independent' } },
  });
}

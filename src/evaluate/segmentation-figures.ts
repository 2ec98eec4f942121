import type { SegmentationCertificate } from '../smoothed/segmentation/certificate.ts';
import { decodeLabels } from '../smoothed/segmentation/decode-certificate.ts';
import { type MaskLike, readMask } from '../smoothed/segmentation/masks.ts';
import type { OutputRow } from './output-rows.ts';
import { type SegmentationMetrics, segmentationMetrics } from './segmentation-metrics.ts';
import type { OutputCurve, TaskEvaluation } from './task-evaluation.ts';

type Row = OutputRow<SegmentationCertificate, MaskLike>;

/** What can be said of certified masks: targets are masks, and what is no class there (255, -1) stands for nothing. @internal */
export const segmentationEvaluation: TaskEvaluation<SegmentationCertificate, MaskLike> = {
  checkTarget: (call, target) => void readMask(call, 'target', target),
  figures: (rows) => {
    const metrics = metricsOf(rows);
    const { certifiedAccuracy, abstained, miouReference, miouPresent, worstMiou, informationGain } = metrics;
    const figures = {
      'certified share': certifiedShare(rows),
      'certified accuracy': certifiedAccuracy,
      abstained,
      'mIoU under attack, at least': worstMiou,
      'mIoU of classes present, abstentions as errors': miouPresent,
      'mIoU of all classes, as reference code': miouReference,
      'information gain': informationGain,
      'least radius': Math.min(...rows.map(({ certificate }) => certificate.radius)),
      ...(rows.some(({ certificate }) => certificate.radii) && { 'mean radius': meanRadius(rows) }),
      'mean samples': sum(rows.map(({ certificate: { n0, nUsed } }) => n0 + nUsed)) / rows.length,
    };
    return { figures, curves: curvesOf(rows) };
  },
};

/** Metrics of the rows whose truth is known, of labels with at least this radius. */
function metricsOf(rows: readonly Row[], radius = 0): SegmentationMetrics {
  const [{ certificate: first }] = rows as readonly [Row, ...Row[]];
  const ignore = new Set<number>();
  const known = rows.flatMap(({ certificate, target }) => {
    if (target === null) return [];
    const { values } = readMask('outputFigures', 'target', target);
    for (const value of values) if (value < 0 || value >= first.numClasses) ignore.add(value);
    return [{ labels: radius === 0 ? certificate.labels : decodeLabels(certificate, { radius }), values }];
  });
  const metrics = segmentationMetrics(first.numClasses, { ignore: [...ignore], levels: first.levels });
  for (const { labels, values } of known) metrics.add(labels, values);
  return metrics;
}

/** What is certified within a radius. */
interface AtRadius {
  readonly radius: number;
  readonly share: number | null;
  readonly metrics: SegmentationMetrics;
}

/** Points of a curve of radii of components. */
const POINTS = 24;

/** One point for each radius: rows of one run have one, those of runs with several tau show what a larger one costs. */
function pointsTogether(rows: readonly Row[]): AtRadius[] {
  const radii = [...new Set(rows.map(({ certificate }) => certificate.radius))].sort((a, b) => a - b);
  return radii.map((radius) => {
    const some = rows.filter(({ certificate }) => certificate.radius === radius);
    return { radius, share: certifiedShare(some), metrics: metricsOf(some) };
  });
}

/** Points at radii that components have, from the least to the largest. */
function pointsOfComponents(rows: readonly Row[]): AtRadius[] {
  const all = rows.flatMap(({ certificate }) => (certificate.radiusOfVotes ?? []).map(([, radius]) => radius));
  const radii = [...new Set(all)].sort((a, b) => a - b);
  const tested = sum(rows.map(({ certificate }) => certificate.components));
  const places = Array.from({ length: POINTS }, (_, i) => Math.round((i * (radii.length - 1)) / (POINTS - 1)));
  return [...new Set(places)].flatMap((place) => {
    const radius = radii[place];
    if (radius === undefined) return [];
    const certified = sum(rows.map(({ certificate }) => certifiedWithin(certificate, radius)));
    return [{ radius, share: tested === 0 ? null : certified / tested, metrics: metricsOf(rows, radius) }];
  });
}

/** How many components have at least this radius. */
function certifiedWithin({ histogram, radiusOfVotes = [] }: SegmentationCertificate, radius: number): number {
  const radii = new Map(radiusOfVotes);
  return sum(histogram.filter(([votes]) => (radii.get(votes) ?? -1) >= radius).map(([, components]) => components));
}

/** Mean over the tested components, where each has a radius; 0 for one that abstains. */
function meanRadius(rows: readonly Row[]): number | null {
  const tested = sum(rows.map(({ certificate }) => certificate.components));
  const all = rows.flatMap(({ certificate: { histogram, radiusOfVotes = [] } }) => {
    const radii = new Map(radiusOfVotes);
    return histogram.map(([votes, components]) => components * (radii.get(votes) ?? 0));
  });
  return tested === 0 ? null : sum(all) / tested;
}

function curvesOf(rows: readonly Row[]): OutputCurve[] {
  const own = rows.filter(({ certificate }) => certificate.radii !== undefined);
  const groups = own.length > 0 ? pointsOfComponents(own) : pointsTogether(rows);
  const x = `radius (${rows[0]?.certificate.norm ?? 'l2'})`;
  const curve = (label: string, value: (group: AtRadius) => number | null): OutputCurve => ({
    label,
    x,
    y: 'share',
    points: groups.flatMap((group) => {
      const y = value(group);
      return y === null ? [] : [[group.radius, y] as const];
    }),
  });
  return [
    curve('certified share', ({ share }) => share),
    curve('certified accuracy', ({ metrics }) => metrics.certifiedAccuracy),
    curve('mIoU under attack, at least', ({ metrics }) => metrics.worstMiou),
  ];
}

/** Share of the tested components that are certified. */
function certifiedShare(rows: readonly Row[]): number | null {
  const tested = sum(rows.map(({ certificate }) => certificate.components));
  return tested === 0 ? null : sum(rows.map(({ certificate }) => certificate.certified)) / tested;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

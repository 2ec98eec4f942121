import type { SegmentationCertificate } from '../smoothed/segmentation/certificate.ts';
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
      'mean samples': sum(rows.map(({ certificate: { n0, nUsed } }) => n0 + nUsed)) / rows.length,
    };
    return { figures, curves: curvesOf(rows) };
  },
};

/** Metrics of the rows whose truth is known. */
function metricsOf(rows: readonly Row[]): SegmentationMetrics {
  const [{ certificate: first }] = rows as readonly [Row, ...Row[]];
  const ignore = new Set<number>();
  const known = rows.flatMap(({ certificate, target }) => {
    if (target === null) return [];
    const { values } = readMask('outputFigures', 'target', target);
    for (const value of values) if (value < 0 || value >= first.numClasses) ignore.add(value);
    return [{ labels: certificate.labels, values }];
  });
  const metrics = segmentationMetrics(first.numClasses, { ignore: [...ignore], levels: first.levels });
  for (const { labels, values } of known) metrics.add(labels, values);
  return metrics;
}

/** One point for each radius: rows of one run have one, those of runs with several tau show what a larger one costs. */
function curvesOf(rows: readonly Row[]): OutputCurve[] {
  const radii = [...new Set(rows.map(({ certificate }) => certificate.radius))].sort((a, b) => a - b);
  const groups = radii.map((radius) => {
    const some = rows.filter(({ certificate }) => certificate.radius === radius);
    return { radius, share: certifiedShare(some), metrics: metricsOf(some) };
  });
  const x = `radius (${rows[0]?.certificate.norm ?? 'l2'})`;
  const curve = (label: string, value: (group: (typeof groups)[number]) => number | null): OutputCurve => ({
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

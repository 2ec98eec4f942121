import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import type { OutputRecord } from '../smoothed/outputs/types.ts';
import type { IncrementalCertificate } from '../smoothed/incremental/types.ts';
import type { AgreedCertificate } from '../smoothed/routed/agreed-types.ts';
import type { CascadeCertificate } from '../smoothed/routed/cascade-types.ts';
import type { RoutedCertificate } from '../smoothed/routed/types.ts';
import { certifiedAccuracy } from './metrics.ts';
import type { OutputRow } from './output-rows.ts';
import type { CertifiedOutcome } from './rows.ts';
import type { TaskEvaluation } from './task-evaluation.ts';

/** A certificate of a class that holds other certificates within it. */
export interface ClassClaim extends OutputRecord {
  /** The certified class, or −1 for an abstention. */
  readonly label: number;
  /** True if nothing was certified. */
  readonly abstained: boolean;
  /** The radius. */
  readonly radius: number;
}

/** A row of a certifier of classes whose certificates hold others within them. */
export type ClassClaimRow = OutputRow<ClassClaim, number>;

/**
 * Rows of `certifyDataset` with certificates of classes that hold others within them (`Recertifier`, `RoutedClassifier`, `AgreedClassifier`, `CascadeClassifier`), as the metrics of classes take them.
 *
 * @param rows - rows with a class for a target, or null where it is not known
 * @example
 * ```ts
 * certifiedAccuracy(classOutcomes(rows), [0, 0.25, 0.5]);
 * ```
 */
export function classOutcomes(rows: readonly ClassClaimRow[]): CertifiedOutcome[] {
  return rows.map(({ index, target, certificate: { label: predicted, radius, abstained } }) => {
    const label = target ?? -1;
    return { index, label, predicted, radius, correct: !abstained && predicted === label, abstained };
  });
}

/** What certificates of classes say as a whole, beside figures of their own. */
function classEvaluation<C extends ClassClaim>(
  more: (certificates: readonly C[]) => Readonly<Record<string, number | null>>,
): TaskEvaluation<C, number> {
  return {
    checkTarget: (call, target) => {
      if (target === -1 || fields.isInteger(target, 0, Number.MAX_SAFE_INTEGER)) return;
      const must = 'must be a class, a whole number of at least 0, or -1 where it is not known';
      throw refusal(OptionError, { call, field: 'target', value: target }, must);
    },
    figures: (rows) => {
      const outcomes = classOutcomes(rows);
      const certificates = rows.map(({ certificate }) => certificate);
      const certified = outcomes.filter(({ abstained }) => !abstained);
      const known = outcomes.filter(({ label }) => label >= 0);
      const largest = Math.max(0, ...certified.map(({ radius }) => radius).filter(Number.isFinite));
      const radii = Array.from({ length: POINTS + 1 }, (_, i) => (largest * i) / POINTS);
      const curve = known.length === 0 ? [] : certifiedAccuracy(known, radii);
      const points = curve.map((accuracy, i) => [radii[i] as number, accuracy] as const);
      const x = `radius (${certificates[0]?.norm ?? ''})`;
      return {
        figures: {
          'share certified': certified.length / rows.length,
          accuracy: curve[0] ?? null,
          'mean radius of the certified': meanOf(certified.map(({ radius }) => radius)),
          ...more(certificates),
        },
        curves: points.length === 0 ? [] : [{ label: 'certified accuracy', x, y: 'share', points }],
      };
    },
  };
}

/** Points of a curve. */
const POINTS = 50;

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** What certificates of changed classifiers say as a whole. @internal */
export const incrementalEvaluation: TaskEvaluation<IncrementalCertificate, number> = classEvaluation(
  (certificates) => ({
    'mean samples': meanOf(certificates.map(({ nUsed }) => nUsed)),
    'lost votes, share': meanOf(certificates.flatMap(({ losses, nUsed }) => (nUsed === 0 ? [] : [losses / nUsed]))),
    'radius kept, mean share': meanOf(
      certificates.flatMap(({ radius, basis }) => (basis.radius > 0 ? [radius / basis.radius] : [])),
    ),
  }),
);

/** What certificates of routers with experts say as a whole. @internal */
export const routedEvaluation: TaskEvaluation<RoutedCertificate, number> = classEvaluation((certificates) => ({
  'share limited by the router': meanOf(certificates.map(({ limitedBy }) => Number(limitedBy === 'router'))),
  'mean radius of the expert': meanOf(certificates.map(({ expert }) => expert.radius)),
  'mean samples': meanOf(
    certificates.map(({ n0, router, expert }) => n0 + expert.n0 + expert.nUsed + (router?.nUsed ?? 0)),
  ),
}));

/** What certificates of experts that agree say as a whole. @internal */
export const agreedEvaluation: TaskEvaluation<AgreedCertificate, number> = classEvaluation((certificates) => ({
  'share limited by the router': meanOf(certificates.map(({ limitedBy }) => Number(limitedBy === 'router'))),
  'mean samples': meanOf(
    certificates.map(({ n0, router, experts }) => {
      const ofRouter = router === null ? 0 : n0 + (router.counts === null ? 0 : router.n);
      return experts.reduce((sum, one) => sum + one.n0 + one.nUsed, ofRouter);
    }),
  ),
}));

/** What certificates of cascades say as a whole. @internal */
export const cascadeEvaluation: TaskEvaluation<CascadeCertificate, number> = classEvaluation((certificates) => ({
  'mean answering stage': meanOf(certificates.flatMap(({ answering }) => (answering < 0 ? [] : [answering]))),
  'mean samples': meanOf(
    certificates.map(({ n0, n, stages }) =>
      stages.reduce((sum, { counts }) => sum + n0 + (counts === null ? 0 : n), 0),
    ),
  ),
}));

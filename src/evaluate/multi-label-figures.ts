import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import type { MultiLabelCertificate } from '../smoothed/multilabel/types.ts';
import type { OutputRow } from './output-rows.ts';
import type { OutputCurve, TaskEvaluation } from './task-evaluation.ts';

/** One row of a run over examples with sets of labels; its target are the labels that are true. */
export type MultiLabelRow = OutputRow<MultiLabelCertificate, readonly number[]>;

/** How much of the true labels is certain to stay among the k answers within a radius. */
export interface MultiLabelMetrics {
  /** The radius. */
  readonly radius: number;
  /** Mean of e/k, with e the number of true labels that are certified at this radius. */
  readonly precision: number | null;
  /** Mean of e/|L|, with L the true labels, over the examples that have some. */
  readonly recall: number | null;
  /** Mean of 2e/(|L| + k). */
  readonly f1: number | null;
  /** Number of examples whose true labels are known. */
  readonly examples: number;
}

const CALL = 'multiLabelMetrics';

/**
 * Certified precision, recall and F1 at a radius: however an example is changed by less, at least e of the k answers are true labels, e the number of true labels with a
 * radius of at least that (above 0). Rows without a target are left out.
 *
 * @param rows - rows of one run with `SmoothedMultiLabel`
 * @param radius - at least 0; at 0 those count that have any radius
 * @throws OptionError for a radius below 0
 * @see Jia, Qu, Gong, "MultiGuard: Provably Robust Multi-label Classification against Adversarial Examples", NeurIPS 2022, section 4
 * @example
 * ```ts
 * const { precision, recall, f1 } = multiLabelMetrics(rows, 0.25);
 * ```
 */
export function multiLabelMetrics(rows: readonly MultiLabelRow[], radius: number): MultiLabelMetrics {
  if (!(fields.isFiniteNumber(radius) && radius >= 0)) {
    throw refusal(OptionError, { call: CALL, field: 'radius', value: radius }, 'must be a finite number of at least 0');
  }
  const known = rows.flatMap(({ certificate: { targets, k }, target }) => {
    if (target === null) return [];
    const certified = targets.filter((one) => !one.abstained && one.radius >= radius && target.includes(one.label));
    return [{ e: certified.length, k, all: target.length }];
  });
  const withLabels = known.filter(({ all }) => all > 0);
  return {
    radius,
    precision: meanOf(known.map(({ e, k }) => e / k)),
    recall: meanOf(withLabels.map(({ e, all }) => e / all)),
    f1: meanOf(known.map(({ e, k, all }) => (2 * e) / (all + k))),
    examples: known.length,
  };
}

/** What certificates of sets of labels say as a whole. @internal */
export const multiLabelEvaluation: TaskEvaluation<MultiLabelCertificate, readonly number[]> = {
  checkTarget: (call, target) => {
    const areLabels =
      Array.isArray(target) &&
      target.every((label) => fields.isInteger(label, 0, Number.MAX_SAFE_INTEGER)) &&
      new Set(target).size === target.length;
    if (areLabels) return;
    throw refusal(OptionError, { call, field: 'target', value: target }, 'must be a list of labels, each once');
  },
  figures: (rows) => {
    const [{ certificate: first }] = rows as readonly [MultiLabelRow, ...MultiLabelRow[]];
    const all = rows.flatMap(({ certificate }) => certificate.targets);
    const certified = all.filter(({ abstained }) => !abstained);
    const largest = certified.reduce((most, { radius }) => Math.max(most, radius), 0);
    const grid = Array.from({ length: POINTS + 1 }, (_, i) => (largest * i) / POINTS);
    const metrics = grid.map((radius) => multiLabelMetrics(rows, radius));
    const [at0] = metrics as [MultiLabelMetrics, ...MultiLabelMetrics[]];
    const x = `radius (${first.norm})`;
    const curve = (name: 'precision' | 'recall' | 'f1'): OutputCurve[] =>
      at0[name] === null
        ? []
        : [
            {
              label: `certified ${name}`,
              x,
              y: 'share',
              points: metrics.map((m) => [m.radius, m[name] ?? NaN] as const),
            },
          ];
    const share = (radius: number): number =>
      all.filter((one) => !one.abstained && one.radius >= radius).length / all.length;
    return {
      figures: {
        'certified precision': at0.precision,
        'certified recall': at0.recall,
        'certified F1': at0.f1,
        'share of targets certified': share(0),
        'mean radius of the certified': meanOf(certified.map(({ radius }) => radius)),
      },
      curves: [
        ...curve('precision'),
        ...curve('recall'),
        ...curve('f1'),
        { label: 'targets certified', x, y: 'share', points: grid.map((radius) => [radius, share(radius)] as const) },
      ],
    };
  },
};

/** Points of a curve. */
const POINTS = 50;

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

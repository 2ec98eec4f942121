import { countsChanges } from '../options/counting-norms.ts';
import type { RegressionCertificate } from '../smoothed/regression/types.ts';
import { type BoxMetrics, boxMetrics, checkBoxes, type TrueBox } from './box-metrics.ts';
import type { OutputRow } from './output-rows.ts';
import type { OutputCurve, TaskEvaluation } from './task-evaluation.ts';

/** What is true of an input of a smoothed regressor: numbers, or boxes. */
type RegressionTarget = readonly number[] | readonly TrueBox[];
type BoxRow = OutputRow<RegressionCertificate, readonly TrueBox[]>;

/**
 * The evaluation of regression for certificates of boxes too: those are counted, all others go on as numbers.
 *
 * @internal
 */
export function withBoxes(
  numbers: TaskEvaluation<RegressionCertificate, readonly number[]>,
): TaskEvaluation<RegressionCertificate, RegressionTarget> {
  return {
    checkTarget: (call, target) => {
      // An input without any boxes is one of boxes: numbers are at least one.
      const isBoxes = Array.isArray(target) && target.every((one) => typeof one === 'object');
      if (isBoxes) checkBoxes(call, target as readonly TrueBox[]);
      else numbers.checkTarget(call, target as readonly number[]);
    },
    figures: (rows) =>
      rows.every(({ certificate }) => certificate.boxes !== undefined && certificate.claim === 'bounds')
        ? boxFigures(rows as readonly BoxRow[])
        : numbers.figures(rows as readonly OutputRow<RegressionCertificate, readonly number[]>[]),
  };
}

const IOU = [0.5, 0.75] as const;
const GRID = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);

function boxFigures(rows: readonly BoxRow[]): ReturnType<TaskEvaluation<RegressionCertificate, never>['figures']> {
  const known = rows.filter(({ target }) => target !== null);
  const all = boxMetrics(rows.map((row) => ({ ...row, target: [] })));
  const figures: Record<string, number | null> = {};
  for (const { radius, present, absent } of all) {
    figures[`slots certified to hold a box at radius ${radius}, an input`] = present / rows.length;
    figures[`slots certified to be empty at radius ${radius}, an input`] = absent / rows.length;
  }
  if (known.length === 0) return { figures, curves: [] };
  const byIou = new Map(GRID.map((iou) => [iou, boxMetrics(known, { iou })]));
  for (const iou of IOU) {
    for (const { radius, recall, precision } of byIou.get(iou) ?? []) {
      figures[`certified recall at IoU ${iou}, radius ${radius}`] = recall;
      figures[`certified precision at IoU ${iou}, radius ${radius}`] = precision;
    }
  }
  const unit = countsChanges(rows[0]?.certificate.norm) ? 'changes' : 'input units';
  const over = (label: string, of: (one: BoxMetrics) => number | null): OutputCurve => ({
    label: `${label} at IoU 0.5`,
    x: `radius (${unit})`,
    y: 'certified share',
    points: (byIou.get(0.5) ?? []).flatMap((one) => {
      const value = of(one);
      return value === null ? [] : [[one.radius, value] as const];
    }),
  });
  const recalls = all.map(({ radius }, k): OutputCurve => ({
    label: `radius ${radius}`,
    x: 'IoU with the truth, at least',
    y: 'certified recall',
    points: GRID.map((iou) => [iou, byIou.get(iou)?.[k]?.recall ?? 0] as const),
  }));
  const curves = all.length > 1 ? [over('recall', (one) => one.recall), over('precision', (one) => one.precision)] : [];
  return { figures, curves: [...recalls, ...curves] };
}

import { OptionError, refusal } from '../errors.ts';
import type { OutputRecord, OutputTask } from '../smoothed/outputs/types.ts';
import { withBoxes } from './box-figures.ts';
import { centerEvaluation } from './center-figures.ts';
import { agreedEvaluation, cascadeEvaluation, incrementalEvaluation, routedEvaluation } from './class-figures.ts';
import { conformalFigures } from './conformal-figures.ts';
import { multiLabelEvaluation } from './multi-label-figures.ts';
import { regressionEvaluation } from './interval-metrics.ts';
import type { OutputRow } from './output-rows.ts';
import { scoreEvaluation } from './score-figures.ts';
import { segmentationEvaluation } from './segmentation-figures.ts';
import type { OutputFigures, TaskEvaluation } from './task-evaluation.ts';

/** The tasks by name; each has an entry. @internal */
export const taskEvaluations: { readonly [T in OutputTask]: TaskEvaluation<never, never> } = {
  center: centerEvaluation,
  conformal: conformalFigures,
  confidence: scoreEvaluation,
  incremental: incrementalEvaluation,
  routed: routedEvaluation,
  agreed: agreedEvaluation,
  cascade: cascadeEvaluation,
  multilabel: multiLabelEvaluation,
  regression: withBoxes(regressionEvaluation),
  segmentation: segmentationEvaluation,
};

/** What can be said of the rows of a task. Throws OptionError for a task that is none. */
function evaluationOf(call: string, task: OutputTask): TaskEvaluation<OutputRecord, unknown> {
  const found = Object.hasOwn(taskEvaluations, task) ? taskEvaluations[task] : undefined;
  if (found !== undefined) return found as unknown as TaskEvaluation<OutputRecord, unknown>;
  const names = Object.keys(taskEvaluations).join(', ');
  throw refusal(OptionError, { call, field: 'task', value: task }, `must be one of ${names}`);
}

/** What a target of a task is held against. Throws OptionError for a task that is none. @internal */
export function targetCheckOf(call: string, task: OutputTask): (call: string, target: unknown) => void {
  return evaluationOf(call, task).checkTarget;
}

const CALL = 'outputFigures';

/**
 * What the rows of one run say as a whole: widths of intervals, mIoU, sizes of sets and the like, whatever the task.
 *
 * @param rows - rows of `certifyDataset` or of a log, all of one task
 * @throws OptionError for no rows and for rows of several tasks
 */
export function outputFigures(rows: readonly OutputRow[]): OutputFigures {
  const tasks = [...new Set(rows.map(({ certificate }) => certificate.task))];
  const [task] = tasks;
  if (task === undefined || tasks.length > 1) {
    const got = tasks.length === 0 ? 'none' : tasks.join(' and ');
    throw refusal(OptionError, { call: CALL, field: 'rows', value: rows, got }, 'must be rows of one task');
  }
  return { task, examples: rows.length, ...evaluationOf(CALL, task).figures(rows) };
}

import type { OutputRecord, OutputTask } from '../smoothed/outputs/types.ts';
import type { OutputRow } from './output-rows.ts';

/** A curve of figures over radii or other settings. */
export interface OutputCurve {
  /** What it shows, for a legend. */
  readonly label: string;
  /** What is on the axis below, with its unit. */
  readonly x: string;
  /** What is on the axis at the side. */
  readonly y: string;
  /** The points, x ascending. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** What a log of certificates of one task says as a whole. */
export interface OutputFigures {
  /** The task. */
  readonly task: OutputTask;
  /** Number of examples. */
  readonly examples: number;
  /** Figures by their names; null where there is nothing to take them of. */
  readonly figures: Readonly<Record<string, number | null>>;
  /** Curves for a plot. */
  readonly curves: readonly OutputCurve[];
}

/** What can be said of the rows of one task. @internal */
export interface TaskEvaluation<C extends OutputRecord, T> {
  /** Throws OptionError naming `call` and `target` for a target that cannot be one of this task; null (not known) never comes here. */
  readonly checkTarget: (call: string, target: T) => void;
  /** The figures of rows of one run, at least one. */
  readonly figures: (rows: readonly OutputRow<C, T>[]) => Omit<OutputFigures, 'task' | 'examples'>;
}

import * as tf from '@tensorflow/tfjs';

/** What an ascent finds out about its rows before it moves them. @internal */
export interface Look<Memory extends tf.NamedTensorMap> {
  /** Gradient of the objective with respect to every row. */
  readonly gradient: tf.Tensor2D;
  /** What to remember from now on; a memory passed on unchanged may be returned as it came. */
  readonly memory: Memory;
}

/** The named steps of a projected gradient ascent over rows [rows, coordinates]. @internal */
export interface AscentSteps<Memory extends tf.NamedTensorMap> {
  /** Looks at the rows before step number `step` (from 0) moves them. */
  look(rows: tf.Tensor2D, memory: Memory, step: number): Look<Memory>;
  /** Turns a gradient into a direction of ascent of length 1. */
  direction(gradient: tf.Tensor2D): tf.Tensor2D;
  /** How far step number `step` goes. */
  stepLength(step: number): number;
  /** Brings the moved rows back to the admissible set. */
  project(rows: tf.Tensor2D, memory: Memory): tf.Tensor2D;
}

/** Where an ascent is: the rows, and what its steps remember. @internal */
export interface Ascent<Memory extends tf.NamedTensorMap> {
  readonly rows: tf.Tensor2D;
  readonly memory: Memory;
}

/**
 * Projected gradient ascent: `steps` times rows ← project(rows + stepLength · direction(gradient(rows))).
 *
 * Returns new tensors; those of `start` are not disposed. At most the tensors of one step are alive at a time.
 * @internal
 */
export function projectedAscent<Memory extends tf.NamedTensorMap>(
  start: Ascent<Memory>,
  steps: number,
  ascent: AscentSteps<Memory>,
): Ascent<Memory> {
  let state = tf.tidy(() => cloned(start));
  for (let step = 0; step < steps; step++) {
    const previous = state;
    state = tf.tidy(() => {
      const { gradient, memory } = ascent.look(previous.rows, previous.memory, step);
      const moved = tf.add(previous.rows, tf.mul(ascent.stepLength(step), ascent.direction(gradient)));
      return cloned({ rows: ascent.project(moved as tf.Tensor2D, memory), memory });
    });
    tf.dispose([previous.rows, previous.memory]);
  }
  return state;
}

/** New tensors for old ones, so that every state can be freed as a whole. */
function cloned<Memory extends tf.NamedTensorMap>({
  rows,
  memory,
}: Ascent<Memory>): {
  rows: tf.Tensor2D;
  memory: Memory;
} {
  const copies = Object.entries(memory).map(([name, tensor]) => [name, tf.clone(tensor)] as const);
  return { rows: tf.clone(rows), memory: Object.fromEntries(copies) as Memory };
}

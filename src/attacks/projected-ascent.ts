import * as tf from '@tensorflow/tfjs';

/** The named steps of a projected gradient ascent over rows [rows, coordinates]. @internal */
export interface AscentSteps {
  /** Gradient of the objective with respect to every row. */
  gradient(rows: tf.Tensor2D): tf.Tensor2D;
  /** Turns a gradient into a unit direction of ascent. */
  direction(gradient: tf.Tensor2D): tf.Tensor2D;
  /** Brings the moved rows back to the admissible set. */
  project(rows: tf.Tensor2D): tf.Tensor2D;
}

/**
 * Projected gradient ascent: `steps` times rows ← project(rows + stepSize · direction(gradient(rows))).
 *
 * Returns a new tensor; `start` is not disposed. At most the tensors of one step are alive at a time.
 * @internal
 */
export function projectedAscent(start: tf.Tensor2D, steps: number, stepSize: number, ascent: AscentSteps): tf.Tensor2D {
  let rows = tf.clone(start);
  for (let step = 0; step < steps; step++) {
    const previous = rows;
    rows = tf.tidy(() => {
      const direction = ascent.direction(ascent.gradient(previous));
      return ascent.project(tf.add(previous, tf.mul(stepSize, direction)));
    });
    previous.dispose();
  }
  return rows;
}

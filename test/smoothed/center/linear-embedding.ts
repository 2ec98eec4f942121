import type { TypedClassifier } from '../../../src/index.ts';

/** Rows of a matrix, one for each number of an output. */
export const MATRIX = [
  [1, -2, 0.5],
  [0.25, 1, -1],
] as const;

/** x ↦ Ax: under Gaussian noise its outputs are normal around Ax, whose ball is the center's. */
export const linearEmbedding: TypedClassifier = {
  classify: (inputs, { batch }) => {
    const out = new Float32Array(2 * batch);
    for (let row = 0; row < batch; row++) {
      for (const [k, weights] of MATRIX.entries()) {
        out[2 * row + k] = weights.reduce((sum, weight, i) => sum + weight * (inputs[3 * row + i] ?? 0), 0);
      }
    }
    return out;
  },
};

/** The output of {@link linearEmbedding} at one input. */
export const outputAt = (x: readonly number[]): number[] =>
  MATRIX.map((weights) => weights.reduce((sum, weight, i) => sum + weight * (x[i] ?? 0), 0));

import * as tf from '@tensorflow/tfjs';
import type { TypedBatch, TypedClassifier } from '../../src/classifier/types.ts';

/** A classifier of typed arrays that computes what a function of tensors computes, and what it was asked. */
export interface TypedTwin extends TypedClassifier {
  /** Every batch it was given. */
  readonly asked: TypedBatch[];
}

/** Runs `model` on typed arrays, later. It writes into its inputs and reuses its output, as a classifier may. */
export function typedTwin(model: (x: tf.Tensor) => tf.Tensor): TypedTwin {
  const asked: TypedBatch[] = [];
  let reused = new Float32Array(0);
  return {
    asked,
    classify: async (inputs, { batch, shape }) => {
      asked.push({ batch, shape });
      const logits = tf.tidy(() => tf.clone(model(tf.tensor(inputs.slice(), [batch, ...shape], 'float32'))));
      const values = (await logits.data()) as Float32Array;
      logits.dispose();
      inputs.fill(NaN);
      if (reused.length !== values.length) reused = new Float32Array(values.length);
      reused.set(values);
      return reused;
    },
  };
}

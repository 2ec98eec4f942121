import * as tf from '@tensorflow/tfjs';

const WEIGHTS = Float32Array.of(1, -1, 0, 0.5, 2, -2, -1, 0, 1, 0.25, 0.5, -0.5);

/** The graph of a linear model, as a file holds it: x [-1, inputs] times the weights w. */
export function linearTopology(inputs: number): object {
  const float = { type: 'DT_FLOAT' };
  const shape = { shape: { dim: [{ size: '-1' }, { size: String(inputs) }] } };
  const transposes = { transpose_a: { b: false }, transpose_b: { b: false } };
  return {
    node: [
      { name: 'x', op: 'Placeholder', attr: { dtype: float, shape } },
      { name: 'w', op: 'Const', attr: { dtype: float } },
      { name: 'logits', op: 'MatMul', input: ['x', 'w'], attr: { ...transposes, T: float } },
    ],
    versions: { producer: 1 },
  };
}

/**
 * A real graph model of 4 inputs and 3 classes, as `tf.loadGraphModel` reads it from a file, and the function that it computes.
 *
 * @param outputs - sizes of the output by the signature of the file, which has none without
 */
export async function loadLinearGraph({ outputs }: { readonly outputs?: readonly string[] } = {}): Promise<{
  readonly model: tf.GraphModel;
  readonly logits: (x: tf.Tensor) => tf.Tensor;
}> {
  const modelTopology = linearTopology(4);
  const weightSpecs = [{ name: 'w', shape: [4, 3], dtype: 'float32' as const }];
  const weightData = WEIGHTS.slice().buffer;
  const tensorShape = { dim: outputs?.map((size) => ({ size })) };
  const signature = outputs && { outputs: { logits: { name: 'logits:0', dtype: 'DT_FLOAT', tensorShape } } };
  const model = await tf.loadGraphModel(
    tf.io.fromMemory({ modelTopology, weightSpecs, weightData, signature } as never),
  );
  return { model, logits: (x) => tf.tidy(() => tf.matMul(x as tf.Tensor2D, tf.tensor2d(WEIGHTS, [4, 3]))) };
}

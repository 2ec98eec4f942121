import * as tf from '@tensorflow/tfjs';
import { createKey, trainableVariables } from 'catrs';
import { cifarResnet, lenet } from 'catrs/models';
import { describe, expect, it } from 'vitest';

const small = { key: createKey(0), numClasses: 3 };
const models = {
  lenet: () => lenet({ ...small, inputShape: [16, 16, 1] }),
  'cifarResnet, depth 8': () => cifarResnet({ ...small, depth: 8, inputShape: [8, 8, 1] }),
};

/** How often a kernel runs in `f`. */
async function launches(f: () => void, kernel: string): Promise<number> {
  const { kernels } = await tf.profile(() => tf.tidy(f) as unknown as tf.TensorContainer);
  return kernels.filter(({ name }) => name === kernel).length;
}

describe.each(Object.entries(models))('%s', (_, make) => {
  const model = make();
  const x = tf.zeros([2, ...(model.inputs[0]!.shape.slice(1) as number[])]);
  const logits = (input: tf.Tensor): tf.Scalar => tf.sum(tf.square(model.apply(input) as tf.Tensor));
  const convolutions = model.layers.filter((layer) => layer.getClassName() === 'Conv2D').length;

  it('makes no gradient of a filter for an attack on the input', async () => {
    const attack = (): void => void tf.grad(logits)(x);
    expect(await launches(attack, 'Conv2DBackpropFilter')).toBe(0);
    expect(await launches(attack, 'Conv2DBackpropInput')).toBe(convolutions);
  });

  it('makes no gradient of the input for a training step', async () => {
    const step = (): void => void tf.variableGrads(() => logits(x), trainableVariables(model));
    expect(await launches(step, 'Conv2DBackpropFilter')).toBe(convolutions);
    expect(await launches(step, 'Conv2DBackpropInput')).toBe(convolutions - 1);
  });
});

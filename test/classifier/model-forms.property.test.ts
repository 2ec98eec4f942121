import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { modelForms } from '../../src/classifier/model-forms.ts';
import { describeBackends } from '../helpers/backends.ts';
import { buildModel, recipes } from './random-model.ts';

type Run = (x: tf.Tensor) => tf.Tensor;

/** The largest difference as a share of the largest entry. */
function distance(a: tf.Tensor, b: tf.Tensor): number {
  return tf.tidy(() => {
    const scale = Math.max(tf.max(tf.abs(a)).dataSync()[0]!, 1e-6);
    return tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]! / scale;
  });
}

const loss = (run: Run, x: tf.Tensor): tf.Scalar => tf.sum(tf.square(run(x)));

describeBackends('the forms of a layers model', () => {
  it('give the values and the gradients of random models in inference mode', () => {
    const seen = { folds: 0, all: 0 };
    fc.assert(
      fc.property(recipes, (recipe) => {
        const model = buildModel(recipe);
        const before = tf.memory().numTensors;
        const forms = modelForms(model);
        seen.all++;
        if (forms.folds) seen.folds++;
        tf.tidy(() => {
          const x = tf.randomUniform([3, 7, 7, 3], 0, 1, 'float32', recipe.seed);
          const self: Run = (x) => model.apply(x, { training: false }) as tf.Tensor;
          const form: Run = (x) => forms.run(x, { training: false }) ?? self(x);
          expect(distance(self(x), form(x))).toBeLessThan(2e-5);
          // TensorFlow.js has no gradient of a normalisation without scale or offset.
          if (!recipe.steps.every((step) => step.kind !== 'norm' || step.torch || (step.scale && step.center))) return;
          expect(distance(tf.grad((x) => loss(self, x))(x), tf.grad((x) => loss(form, x))(x))).toBeLessThan(1e-4);
        });
        expect(tf.memory().numTensors).toBe(before);
        model.dispose();
      }),
      { seed: 19, numRuns: 40 },
    );
    expect(seen.folds).toBeGreaterThan(seen.all / 2);
  });

  it('give the gradients of the weights, and move running statistics as the layers do', () => {
    fc.assert(
      fc.property(recipes, fc.boolean(), (recipe, training) => {
        // TensorFlow.js cannot train its normalisation without scale or offset, and dropout draws.
        const steps = recipe.steps
          .filter(({ kind }) => kind !== 'drop')
          .map((step) => (step.kind === 'norm' ? { ...step, scale: true, center: true } : step));
        const [model, twin] = [buildModel({ ...recipe, steps }), buildModel({ ...recipe, steps })];
        const forms = modelForms(twin);
        tf.tidy(() => {
          const x = tf.randomUniform([5, 7, 7, 3], 0, 1, 'float32', recipe.seed);
          const gradients = (of: tf.LayersModel, run: Run): tf.Tensor[] => {
            const variables = of.trainableWeights.map((weight) => weight.read() as tf.Variable);
            const { grads } = tf.variableGrads(() => loss(run, x), variables);
            return variables.map(({ name }) => grads[name]!);
          };
          const expected = gradients(model, (x) => model.apply(x, { training }) as tf.Tensor);
          const found = gradients(
            twin,
            (x) => forms.run(x, { training }) ?? (twin.apply(x, { training }) as tf.Tensor),
          );
          const scale = Math.max(...expected.map((gradient) => tf.max(tf.abs(gradient)).dataSync()[0]!));
          expected.forEach((gradient, i) => {
            expect(tf.max(tf.abs(tf.sub(gradient, found[i]!))).dataSync()[0]! / scale).toBeLessThan(2e-3);
          });
          model.weights.forEach((weight, i) => {
            expect(distance(weight.read(), twin.weights[i]!.read())).toBeLessThan(1e-4);
          });
        });
        model.dispose();
        twin.dispose();
      }),
      { seed: 23, numRuns: 25 },
    );
  });
});

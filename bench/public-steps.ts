import * as tf from '@tensorflow/tfjs';
import {
  CauchyNoise,
  certifyDataset,
  checkClassifier,
  DerandomizedClassifier,
  DeterministicSplittingNoise,
  ensemble,
  fixedRadius,
  type Key,
  LaplaceNoise,
  NoisePgd,
  SmoothedClassifier,
  SmoothedDdn,
  SmoothedPgd,
  SmoothMixPgd,
  SoftSmoothedClassifier,
  SoundGaussianNoise,
  SplittingNoise,
  trainableVariables,
  UniformNoise,
  toLogitsFn,
} from 'catrs';
import { arrayDataset } from 'catrs/data';
import { methods, Sgd } from 'catrs/recipes';
import { lossOf, methodNames } from './methods.ts';
import { key, noise } from './subjects.ts';

type StepOf = (key: Key) => unknown;

const SHAPE = [2, 2, 1];
/** A level of 8-bit images: some noises certify only those. */
const LEVEL = 128 / 255;
const CLASSES = { numClasses: 3 };

/** One step of everything public that makes tensors, on a network of one layer; each returns nothing that must be disposed. */
export function publicSteps(): Record<string, StepOf> {
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: SHAPE }),
      tf.layers.dense({ units: 3, kernelInitializer: tf.initializers.glorotUniform({ seed: 5 }) }),
    ],
  });
  const image = tf.fill(SHAPE, LEVEL);
  const x = tf.fill([2, ...SHAPE], LEVEL);
  const labels = [0, 2];
  return {
    ...certification(model, image, x),
    ...noises(image),
    ...attacks(model, x, labels),
    ...training(model, x, labels),
  };
}

function certification(model: tf.LayersModel, image: tf.Tensor, batch: tf.Tensor): Record<string, StepOf> {
  const g = new SmoothedClassifier(model, { noise, ...CLASSES });
  const soft = new SoftSmoothedClassifier(model, { noise, ...CLASSES });
  const splitting = new DeterministicSplittingNoise({ halfWidth: 0.5, key });
  const derandomized = new DerandomizedClassifier(model, { noise: splitting, ...CLASSES });
  const both = new SmoothedClassifier(ensemble([model, model]), { noise, ...CLASSES });
  const dataset = arrayDataset({ values: new Float32Array(8).fill(LEVEL), shape: SHAPE, labels: [0, 1] });
  const sizes = { n0: 10, n: 20 };
  return {
    'SmoothedClassifier.certify': (k) => g.certify(image, { key: k, ...sizes }),
    'SmoothedClassifier.certify, adaptive': (k) =>
      g.certify(image, { key: k, n0: 10, n: 200, rule: fixedRadius({ radius: 0.01 }) }),
    'SmoothedClassifier.predict': (k) => g.predict(image, { key: k, n: 20 }),
    'SmoothedClassifier.sampleCounts': (k) => g.sampleCounts(image, { key: k, n: 20 }),
    'SoftSmoothedClassifier.certify': (k) => soft.certify(image, { key: k, n0: 10, n: 40 }),
    'SoftSmoothedClassifier.predict': (k) => soft.predict(image, { key: k, n: 40 }),
    'DerandomizedClassifier.certify': () => derandomized.certify(image),
    'certify of an ensemble': (k) => both.certify(image, { key: k, ...sizes }),
    checkClassifier: () => checkClassifier(model, batch),
    certifyDataset: async (k) => {
      const rows = certifyDataset(g, dataset, { key: k, ...sizes });
      while ((await rows.next()).done !== true);
    },
  };
}

function noises(image: tf.Tensor): Record<string, StepOf> {
  const all = [
    noise,
    new SoundGaussianNoise({ sigma: 0.25 }),
    new LaplaceNoise({ scale: 0.25 }),
    new UniformNoise({ halfWidth: 0.5 }),
    new CauchyNoise({ scale: 0.25 }),
    new SplittingNoise({ halfWidth: 0.5 }),
  ];
  return Object.fromEntries(
    all.map((each) => [
      `${each.constructor.name}.perturb`,
      (k: Key) => each.perturb(image, { key: k, start: 0, count: 3 }).dispose(),
    ]),
  );
}

function attacks(model: tf.LayersModel, x: tf.Tensor, labels: number[]): Record<string, StepOf> {
  const request = { x, labels };
  const drawn = noise.sampleBatch({ key, numNoise: 2, shape: x.shape });
  const target = { logits: toLogitsFn(model), noise, inputRange: [0, 1] as const };
  const options = { steps: 2 };
  const pgd = new SmoothedPgd({ ...options, epsilon: 0.5 });
  const ddn = new SmoothedDdn({ ...options, epsilon: 0.5 });
  const mix = new SmoothMixPgd({ ...options, stepSize: 0.5 });
  const worst = new NoisePgd({ epsilon: 0.5, steps: 2 });
  return {
    SmoothedPgd: (k) => pgd.perturb(target, { ...request, key: k }).dispose(),
    SmoothedDdn: (k) => ddn.perturb(target, { ...request, key: k }).dispose(),
    SmoothMixPgd: (k) => mix.perturb(target, { ...request, key: k }).dispose(),
    NoisePgd: () => worst.perturb(model, { x, noise: drawn }).dispose(),
    'GaussianNoise.sampleBatch': (k) => noise.sampleBatch({ key: k, numNoise: 2, shape: x.shape }).dispose(),
  };
}

function training(model: tf.LayersModel, x: tf.Tensor, labels: number[]): Record<string, StepOf> {
  const variables = trainableVariables(model);
  return Object.fromEntries(
    methodNames.map((name) => {
      const loss = lossOf(name, model, 2);
      const optimizer = new Sgd({ learningRate: 0.001, momentum: 0.9 });
      const step = (k: Key): void => {
        using prepared = loss.prepare({ x, labels, key: k, epoch: 0 });
        optimizer.minimize(() => prepared.value(), false, variables);
      };
      return [`step of ${methods[name].title}`, step];
    }),
  );
}

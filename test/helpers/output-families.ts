import * as tf from '@tensorflow/tfjs';
import type { Classifier } from '../../src/classifier/types.ts';
import type { TargetDataset } from '../../src/data/target-dataset.ts';
import { calibrateRobustSets, type CalibrateRobustSetsOptions } from '../../src/evaluate/calibrate-robust-sets.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { SoundGaussianNoise } from '../../src/noise/sound-gaussian-noise.ts';
import type { Noise } from '../../src/noise/types.ts';
import { fillUniforms } from '../../src/random/fill-bits.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { CenterSmoothed } from '../../src/smoothed/center/center-smoothed.ts';
import { euclidean } from '../../src/smoothed/center/distances.ts';
import { SmoothedScores } from '../../src/smoothed/confidence/smoothed-scores.ts';
import { SmoothedMultiLabel } from '../../src/smoothed/multilabel/smoothed-multi-label.ts';
import type { OutputCertifier, OutputRecord } from '../../src/smoothed/outputs/types.ts';
import { AgreedClassifier } from '../../src/smoothed/routed/agreed-classifier.ts';
import { CascadeClassifier } from '../../src/smoothed/routed/cascade-classifier.ts';
import { RoutedClassifier } from '../../src/smoothed/routed/routed-classifier.ts';
import { SmoothedRegressor } from '../../src/smoothed/regression/smoothed-regressor.ts';
import { SmoothedSegmenter } from '../../src/smoothed/segmentation/smoothed-segmenter.ts';
import { Recertifier, type RecertifierRunOptions } from '../../src/smoothed/incremental/recertifier.ts';
import { topTwo } from '../../src/certify/top-two.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import type { Certificate } from '../../src/certify/types.ts';
import type { Json, Key } from '../../src/types.ts';

/** A certifier of the tests: of a stream, and of one example. */
export interface TestCertifier extends OutputCertifier<object> {
  certify(x: tf.Tensor, options: object): Promise<OutputRecord>;
}

/** One way to certify an output other than one label. */
export interface OutputFamily {
  readonly name: string;
  /** The certifier of a base model. */
  readonly make: (model: Classifier, noise: Noise) => TestCertifier | Promise<TestCertifier>;
  /** What the base model computes of [batch, 2, 2], before the certifier takes it. */
  readonly model: (x: tf.Tensor) => tf.Tensor;
  /** Options but for the key. */
  readonly options: object;
  /** Options of another run, one by one. */
  readonly others: readonly object[];
  /** What is true of example i. */
  readonly target: (i: number) => Json;
  /** A target that is none. */
  readonly noTarget: Json;
  /** Without a key every certificate has a secret one. */
  readonly mayBeSecret?: boolean;
  /** What a model of typed arrays must say besides. */
  readonly typed?: object;
}

export const inputShape: readonly number[] = [2, 2];

/** 8-bit levels from 0 to 1, others for every example. */
export function inputOf(i: number): Float32Array {
  const out = new Float32Array(4);
  fillUniforms(out, { key: foldIn(createKey(77), i), start: 0, dimension: 4 });
  return out.map((u) => Math.round(u * 255) / 255);
}

/** What a function of flat rows [batch, 4] gives by a matrix: a row of `weights` for each output. */
const linear =
  (weights: readonly (readonly number[])[], shape: readonly number[] = [weights.length]) =>
  (x: tf.Tensor): tf.Tensor =>
    tf.tidy(() => {
      const flat = tf.reshape(x, [-1, 4]);
      return tf.reshape(tf.matMul(flat, tf.transpose(tf.tensor2d(weights.map((row) => [...row])))), [-1, ...shape]);
    });

const twoOutputs = linear([
  [1, 1, 0, 0],
  [0, 0, 1, -1],
]);
const threeLogits = linear([
  [4, -1, 0, 0],
  [0, 4, -1, 0],
  [0, 0, 4, -1],
]);
const fourLogits = linear([
  [4, 0, 0, 0],
  [0, 4, 0, 0],
  [0, 0, 4, 0],
  [0, 0, 0, 4],
]);
/** Of each of the four values the logits of two classes: below and above 1/2. */
const masks = (x: tf.Tensor): tf.Tensor =>
  tf.tidy(() => {
    const above = tf.sub(tf.mul(x, 8), 4);
    return tf.stack([tf.neg(above), above], -1);
  });

const sum = (values: ArrayLike<number>, ...at: readonly number[]): number =>
  at.reduce((total, k) => total + (values[k] as number), 0);
const largest = (values: readonly number[]): number => values.indexOf(Math.max(...values));
const outputsOf = (i: number): number[] => {
  const x = inputOf(i);
  return [sum(x, 0, 1), (x[2] as number) - (x[3] as number)];
};
const classOf = (i: number): number => {
  const [a, b, c, d] = [...inputOf(i)] as [number, number, number, number];
  return largest([4 * a - b, 4 * b - c, 4 * c - d]);
};

/** Conformal sets whose calibration examples are others than those that are certified. */
const conformal =
  (options: Omit<CalibrateRobustSetsOptions, 'noise' | 'data' | 'key' | 'alpha'>) =>
  async (model: Classifier, noise: Noise): Promise<TestCertifier> => {
    const targetOf = options.score === 'residual' ? outputsOf : classOf;
    const example = (i: number): { x: Float32Array; target: Json } => ({
      x: inputOf(1000 + i),
      target: targetOf(1000 + i),
    });
    const data = { size: 60, shape: inputShape, example };
    const settings = { noise, data, key: createKey(70), alpha: 0.2, radius: 0.05, ...options };
    return (await calibrateRobustSets(model, settings)) as TestCertifier;
  };

/** The first class is that of every input, by far. */
const sureLogits =
  (logits: (x: tf.Tensor) => tf.Tensor) =>
  (x: tf.Tensor): tf.Tensor =>
    tf.tidy(() => tf.add(logits(x), tf.tensor1d([5, 0, 0])));

/** A changed classifier of three classes: that of the other models' matrix, turned a little, from which the given one was made. */
const changed = (model: Classifier, noise: Noise): TestCertifier => {
  const before = linear([
    [4, -1, 0.05, 0],
    [0, 4, -1, 0.05],
    [0.05, 0, 4, -1],
  ]);
  const old = new SmoothedClassifier(sureLogits(before), { noise, numClasses: 3 });
  const g = new SmoothedClassifier(model, { noise, numClasses: 3 });
  const oldOf = (x: tf.Tensor, key: Key): Promise<Certificate> =>
    old.certify(x, { key, n0: 20, n: 1000, rule: topTwo() });
  const of = (index: number, key: Key): Promise<Certificate> => {
    const x = tf.tensor(inputOf(index), [...inputShape], 'float32');
    return oldOf(x, foldIn(key, index)).finally(() => x.dispose());
  };
  const recertifier = (key: Key): Recertifier => new Recertifier(g, { from: (index) => of(index, key), old });
  const { task, engine } = recertifier(createKey(0));
  return {
    ...{ task, noise, engine },
    certifyStream: (examples, options) =>
      recertifier((options as RecertifierRunOptions).key).certifyStream(examples, options as RecertifierRunOptions),
    certify: async (x, options) => {
      const { from, key, ...rest } = options as { from?: Certificate; key?: Key };
      return g.recertify(x, { old, ...rest, from: from ?? (await oldOf(x, key as Key)) });
    },
  };
};

/** Every way to certify outputs other than one label. A new family is a new row. */
export const outputFamilies: readonly OutputFamily[] = [
  {
    name: 'regression',
    make: (model, noise) => new SmoothedRegressor(model, { noise, outputs: 2 }) as TestCertifier,
    model: twoOutputs,
    options: { n: 200, alpha: 0.01, radius: 0.1 },
    others: [{ n: 300 }, { alpha: 0.02 }, { radius: 0.05 }, { sides: 'lower' }],
    target: outputsOf,
    noTarget: 'two',
  },
  {
    name: 'regression of intervals',
    make: (model, noise) => new SmoothedRegressor(model, { noise, outputs: 2 }) as TestCertifier,
    model: twoOutputs,
    options: { n: 200, alpha: 0.01, low: [0, -1], high: [3, 1] },
    others: [{ n: 300 }, { alpha: 0.02 }, { low: [-0.5, -1] }],
    target: outputsOf,
    noTarget: { low: 3 },
  },
  {
    name: 'center',
    make: (model, noise) => new CenterSmoothed(model, { noise, distance: euclidean }) as TestCertifier,
    model: twoOutputs,
    options: { n: 200, alpha: 0.01, radius: 0.05, predict: { n: 1000, candidates: 12, alpha: 0.05 } },
    others: [{ n: 300 }, { alpha: 0.02 }, { radius: 0.04 }, { predict: { n: 1100, candidates: 12, alpha: 0.05 } }],
    target: outputsOf,
    noTarget: 'two',
  },
  {
    name: 'segmentation',
    make: (model, noise) => new SmoothedSegmenter(model, { noise, numClasses: 2 }) as TestCertifier,
    model: masks,
    typed: { maskShape: inputShape },
    options: { n0: 10, n: 60, tau: 0.75, alpha: 0.01 },
    others: [{ n: 70 }, { n0: 12 }, { tau: 0.8 }, { alpha: 0.02 }, { correction: 'bonferroni' }],
    target: (i) => [...inputOf(i)].map((value) => (value > 0.5 ? 1 : 0)),
    noTarget: 'mask',
  },
  {
    name: 'multilabel',
    make: (model, noise) => new SmoothedMultiLabel(model, { noise, numLabels: 4, labelsPerPass: 2 }) as TestCertifier,
    model: fourLogits,
    options: { n0: 40, n: 200, alpha: 0.01, k: 2 },
    others: [{ n0: 50 }, { n: 300 }, { alpha: 0.02 }, { k: 1 }, { targets: 1 }, { targets: [0, 1] }],
    target: (i) => [...inputOf(i).keys()].filter((k) => (inputOf(i)[k] as number) > 0.5),
    noTarget: 'cat',
  },
  {
    name: 'conformal',
    mayBeSecret: true,
    make: conformal({ score: 'aps', numClasses: 3 }),
    model: threeLogits,
    options: {},
    others: [],
    target: classOf,
    noTarget: 'cat',
  },
  {
    name: 'conformal of many draws',
    mayBeSecret: true,
    make: conformal({ score: 'lac', numClasses: 3, draws: { calibration: 60, prediction: 100, orderStatistic: 54 } }),
    model: threeLogits,
    options: { checkEvery: 20 },
    others: [],
    target: classOf,
    noTarget: 'cat',
  },
  {
    name: 'conformal of intervals',
    mayBeSecret: true,
    make: conformal({ score: 'residual', outputs: 2 }),
    model: twoOutputs,
    options: {},
    others: [],
    target: outputsOf,
    noTarget: 'two',
  },
  {
    name: 'confidence',
    make: (model, noise) => new SmoothedScores(model, { noise, numClasses: 3 }) as TestCertifier,
    model: threeLogits,
    options: { n0: 40, n: 200, alpha: 0.01, radii: [0, 0.1, 0.2] },
    others: [{ n0: 50 }, { n: 300 }, { alpha: 0.02 }, { radii: [0, 0.1] }, { score: 'margin' }, { class: 1 }],
    target: classOf,
    noTarget: 'cat',
  },
  {
    name: 'routed',
    make: (model, noise) => {
      const smoothed = (one: Classifier): SmoothedClassifier => new SmoothedClassifier(one, { noise, numClasses: 3 });
      const router = smoothed(sureLogits(threeLogits));
      const experts = [smoothed(model), smoothed(threeLogits), smoothed(threeLogits)];
      return new RoutedClassifier({ router, experts }) as TestCertifier;
    },
    model: sureLogits(threeLogits),
    options: { n0: 20, n: 200, alpha: 0.01 },
    others: [{ n0: 30 }, { alpha: 0.02 }],
    target: classOf,
    noTarget: 'cat',
  },
  {
    name: 'agreed',
    make: (model, noise) => {
      const smoothed = (one: Classifier): SmoothedClassifier => new SmoothedClassifier(one, { noise, numClasses: 3 });
      const router = smoothed(sureLogits(threeLogits));
      const other = smoothed(sureLogits(threeLogits));
      return new AgreedClassifier({ router, experts: [smoothed(model), other, other] }) as TestCertifier;
    },
    model: sureLogits(threeLogits),
    options: { n0: 20, n: 200, alpha: 0.01 },
    others: [{ n0: 30 }, { alpha: 0.02 }, { routerN: 300 }],
    target: classOf,
    noTarget: 'cat',
  },
  {
    name: 'cascade',
    make: (model, noise) => {
      const unsure = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.mul(threeLogits(tf.sub(x, tf.mean(x))), 9));
      const stages = [model, unsure].map((one) => new SmoothedClassifier(one, { noise, numClasses: 3 }));
      return new CascadeClassifier({ stages, stopAt: 0.6 }) as TestCertifier;
    },
    model: sureLogits(threeLogits),
    options: { n0: 20, n: 200, alpha: 0.01 },
    others: [{ n0: 30 }, { n: 300 }, { alpha: 0.02 }],
    target: classOf,
    noTarget: 'cat',
  },
  {
    name: 'incremental',
    make: changed,
    model: sureLogits(threeLogits),
    options: { n: 200, alphaZeta: 0.01 },
    others: [{ n: 300 }, { alphaZeta: 0.02 }, { until: 0.01 }],
    target: classOf,
    noTarget: 'cat',
  },
];

/** The family of a name. */
export function outputFamilyOf(name: string): OutputFamily {
  const family = outputFamilies.find((one) => one.name === name);
  if (family === undefined) throw new Error(`no family ${name}`);
  return family;
}

const sigma = 0.25;
export const gaussian: Noise = new GaussianNoise({ sigma });
export const soundGaussian: Noise = new SoundGaussianNoise({ sigma });

/** The certifier of a family. */
export async function outputCertifierOf(family: OutputFamily, noise: Noise = gaussian): Promise<TestCertifier> {
  return family.make((x: tf.Tensor) => family.model(x), noise);
}

/** So many examples of a family. */
export function targetsOf({ target }: OutputFamily, size: number): TargetDataset<Json> {
  return { size, shape: inputShape, example: (index) => ({ x: inputOf(index), target: target(index) }) };
}

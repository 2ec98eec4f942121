/**
 * What the pages take as given: a small model, a few images, batches. A snippet that uses one of these names without declaring it
 * gets it from here.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {
  type CertifiedRow,
  certifyDataset,
  ConfidenceAwareLoss,
  createKey,
  fillUniforms,
  foldIn,
  GaussianNoise,
  type Key,
  type LabelledDataset,
  NoisePgd,
  SmoothedClassifier,
} from 'catrs';
import { arrayDataset } from 'catrs/data';
import type { OnnxSession, TransformersModel, TransformersProcessor } from 'catrs/onnx';

const SHAPE = [4, 4, 1] as const;
const CLASSES = 10;

/** A folder that takes what the host writes. */
export const folder: string = mkdtempSync(join(tmpdir(), 'catrs-docs-'));

/** Key of everything random. */
export const key: Key = createKey(20);

/** A step counter of the host. */
export const step = 3;

/** The smoothing noise. */
export const noise: GaussianNoise = new GaussianNoise({ sigma: 0.25 });

/** A classifier with logits. */
export const model: tf.LayersModel = makeModel(0);

/** The model after some change that keeps most votes: its weights rounded to three bits. */
export const changedModel: tf.LayersModel = roundedModel();
/** A model trained with little noise, and one trained with much. */
export const modelOfLittleNoise: tf.LayersModel = makeModel(0);
export const modelOfMuchNoise: tf.LayersModel = makeModel(1);
/** A classifier that ends in softmax. */
export const modelThatEndsInSoftmax: tf.LayersModel = makeModel(0, 'softmax');

/** The model under noise. */
export const g: SmoothedClassifier = new SmoothedClassifier(model, { noise, numClasses: CLASSES });

/** One image. */
export const image: tf.Tensor = tf.tensor(uniforms(16, 1), [...SHAPE]);

/** A batch of images. */
export const x: tf.Tensor = tf.tensor(uniforms(8 * 16, 2), [8, ...SHAPE]);

/** Classes of the batch. */
export const labels: number[] = [0, 1, 2, 3, 4, 5, 6, 7];

/** Target distributions of the batch. */
export const softTargets: tf.Tensor2D = tf.fill([8, CLASSES], 1 / CLASSES);

/** Batches of a host. */
export const batches: readonly { x: tf.Tensor; labels: number[]; softTargets: tf.Tensor }[] = [
  { x, labels, softTargets },
  { x, labels, softTargets },
];

/** The host's optimizer. */
export const optimizer: tf.Optimizer = tf.train.sgd(0.01);

/** The host's objective. */
export const loss: ConfidenceAwareLoss = new ConfidenceAwareLoss(model, {
  noise,
  attack: new NoisePgd({ epsilon: 1, steps: 2 }),
  lambda: 0.5,
});

/** The host's training images. */
export const trainingSet: LabelledDataset = arrayDataset({
  values: uniforms(4 * 16, 3),
  shape: SHAPE,
  labels: [0, 1, 2, 3],
});

/** The host's held-out images. */
export const testSet: LabelledDataset = arrayDataset({
  values: uniforms(40 * 16, 4),
  shape: SHAPE,
  labels: Array.from({ length: 40 }, (_, i) => i % CLASSES),
});

/** Certified rows of two methods. */
export const rows: readonly CertifiedRow[] = await certifyAll(makeModel(0));
/** Certified rows of another method on the same images. */
export const otherRows: readonly CertifiedRow[] = await certifyAll(makeModel(1));

/** Stops nothing. */
export const signal: AbortSignal = new AbortController().signal;

/** One picture of a digit. */
export const digit: tf.Tensor = tf.tensor(uniforms(28 * 28, 5), [28, 28, 1]);
/** A model of pictures of digits whose copies show bands, with the channels v and 1 − v. */
export const modelOfBands: tf.LayersModel = tf.sequential({
  layers: [tf.layers.flatten({ inputShape: [28, 28, 2] }), tf.layers.dense({ units: 10 })],
});

/** The host's own function to logits. */
export function myLogitsFn(images: tf.Tensor): tf.Tensor {
  return model.predict(images) as tf.Tensor;
}

async function certifyAll(classifier: tf.LayersModel): Promise<CertifiedRow[]> {
  const smoothed = new SmoothedClassifier(classifier, { noise, numClasses: CLASSES });
  const found: CertifiedRow[] = [];
  for await (const row of certifyDataset(smoothed, testSet, { key, n: 100, select: { max: 5 } })) found.push(row);
  return found;
}

/** A runtime of the host's that knows no tensors. */
export async function askTheRuntime(inputs: Float32Array, dims: readonly number[]): Promise<Float32Array> {
  const logits = tf.tidy(() => model.predict(tf.tensor(inputs, [...dims])) as tf.Tensor);
  const values = (await logits.data()) as Float32Array;
  logits.dispose();
  return values;
}

/** The class `Tensor` of onnxruntime. */
export class Tensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
  constructor(_: string, data: ArrayBufferView, dims: readonly number[]) {
    this.data = data as Float32Array;
    this.dims = dims;
  }
}

/** A session of onnxruntime. */
export const session: OnnxSession = {
  inputNames: ['input'],
  outputNames: ['logits'],
  run: async (feeds) => {
    const { dims, data } = feeds['input'] as unknown as Tensor;
    const [batch = 0] = dims;
    const size = data.length / batch;
    // Logits of a row are a function of that row, as they must be.
    const logits = Float32Array.from({ length: batch * CLASSES }, (_, i) => {
      const begin = Math.floor(i / CLASSES) * size;
      return data.subarray(begin, begin + size).reduce((sum, value, j) => sum + value * Math.sin((i % CLASSES) + j), 0);
    });
    return Promise.resolve({ logits: new Tensor('float32', logits, [batch, CLASSES]) });
  },
};

/** An image processor of transformers.js, for pictures that have the right size. */
export const processor: TransformersProcessor = {
  do_normalize: true,
  image_mean: 0.5,
  image_std: 0.5,
  preprocess: () =>
    Promise.resolve({
      pixel_values: new Tensor(
        'float32',
        uniforms(16, 7).map((u) => u * 255),
        [1, 4, 4],
      ),
    }),
};

/** A picture of transformers.js. */
export const picture: object = {};

const runVision: TransformersModel = async ({ pixel_values: { data, dims } }) => {
  const [batch = 0] = dims;
  return {
    logits: new Tensor('float32', await askTheRuntime(data as Float32Array, [batch, ...SHAPE]), [batch, CLASSES]),
  };
};

/** A model of transformers.js. */
export const visionModel: TransformersModel = Object.assign(runVision, {
  config: { id2label: Object.fromEntries(Array.from({ length: CLASSES }, (_, i) => [i, `class ${i}`])) },
});

function makeModel(seed: number, activation: 'linear' | 'softmax' = 'linear'): tf.LayersModel {
  const made = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [...SHAPE] }),
      tf.layers.dense({ units: CLASSES, activation, kernelInitializer: 'zeros' }),
    ],
  });
  const kernel = tf.tensor(uniforms(16 * CLASSES, 100 + seed), [16, CLASSES]);
  const bias = tf.zeros([CLASSES]);
  made.setWeights([kernel, bias]);
  tf.dispose([kernel, bias]);
  return made;
}

function uniforms(count: number, stream: number): Float32Array {
  const values = new Float32Array(count);
  fillUniforms(values, { key: foldIn(key, stream), start: 0, dimension: count });
  return values;
}

function roundedModel(): tf.LayersModel {
  const made = makeModel(0);
  made.setWeights(tf.tidy(() => made.getWeights().map((weights) => tf.div(tf.round(tf.mul(weights, 8)), 8))));
  return made;
}

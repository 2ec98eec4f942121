// A process that votes with ResNet-50 at 224 x 224 on one engine, and waits between the rounds.
import process from 'node:process';
import * as tf from '@tensorflow/tfjs';
import { createKey, fillUniforms, foldIn, GaussianNoise, SmoothedClassifier } from 'catrs';
import { imagenetResnet, imageStatistics } from 'catrs/models';
import { toOnnx } from 'catrs/onnx';
import { type EngineName, onnxModel, useEngine } from './ours/engines.ts';

/** What the process is told when it starts. */
export interface ImagenetProcess {
  readonly engine: EngineName;
  readonly threads: number;
  readonly depth: 18 | 50;
  /** Pixels of a side. */
  readonly side: number;
  readonly copies: number;
  readonly batch: number;
}

/** What it answers to every message. */
export interface ImagenetAnswer {
  readonly engine: string;
  readonly seconds: number;
  /** Seconds of all cores together. */
  readonly coreSeconds: number;
  /** Logits of the image without noise, to compare engines. */
  readonly logits: readonly number[];
  readonly counts: readonly number[];
}

process.on('disconnect', () => process.exit(1)); // the run was stopped
const { engine, threads, depth, side, copies, batch } = JSON.parse(process.argv[2] ?? '{}') as ImagenetProcess;
const key = createKey(5);
const name = await useEngine(engine);
const model = imagenetResnet({ key: foldIn(key, 0), depth, inputShape: [side, side, 3], ...imageStatistics.imagenet });
const classifier = engine === 'onnxruntime' ? await onnxModel(await toOnnx(model), threads) : model;
const g = new SmoothedClassifier(classifier, { noise: new GaussianNoise({ sigma: 0.5 }), batchSize: batch, numClasses: 1000 }); // prettier-ignore
const values = new Float32Array(side * side * 3);
fillUniforms(values, { key: foldIn(key, 1), start: 0, dimension: values.length });
const image = tf.tensor(values.slice(), [side, side, 3]);

process.on('message', () => {
  void answer().then((found) => process.send?.(found));
});
process.send?.('ready');

async function answer(): Promise<ImagenetAnswer> {
  const logits = await logitsOf();
  const [begun, used] = [performance.now(), process.cpuUsage()];
  const counts = await g.sampleCounts(image, { key: foldIn(key, 2), n: copies });
  const { user, system } = process.cpuUsage(used);
  const seconds = (performance.now() - begun) / 1000;
  return { engine: name, seconds, coreSeconds: (user + system) / 1e6, logits, counts };
}

async function logitsOf(): Promise<number[]> {
  if ('classify' in classifier) {
    return Array.from(await classifier.classify(values.slice(), { batch: 1, shape: [side, side, 3] }));
  }
  const found = tf.tidy(() => classifier.predict(tf.expandDims(image)) as tf.Tensor);
  const logits = Array.from(await found.data());
  found.dispose();
  return logits;
}

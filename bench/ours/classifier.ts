import * as tf from '@tensorflow/tfjs';
import { type Classifier, GaussianNoise, SmoothedClassifier, type TypedClassifier } from 'catrs';
import { toOnnx } from 'catrs/onnx';
import { normalQuantile } from 'catrs/stats';
import { readSubject, type SubjectFiles } from '../subject-files.ts';
import { type NetworkName, SIGMA } from '../subjects.ts';
import { type EngineName, onnxModel } from './engines.ts';

const CLASSES = 10;
/** A score that no vote goes to. */
const NEVER = -1000;

/** What is to be certified. */
export interface ClassifierData {
  readonly engine: EngineName;
  readonly threads: number;
  readonly files: SubjectFiles;
  /** `decide`: LeNet's passes, with a vote that has a given probability. */
  readonly network: NetworkName | 'decide';
  readonly sigma?: number;
}

/** The smoothed classifier of a network in this thread, whose engine is at work already. */
export async function makeClassifier({
  network,
  sigma = SIGMA,
  ...where
}: ClassifierData): Promise<SmoothedClassifier> {
  const { model } = await readSubject(where.files, network === 'decide' ? 'lenet' : network);
  const run = where.engine === 'onnxruntime' ? await onnxModel(await toOnnx(model), where.threads) : model;
  const classifier = network === 'decide' ? votingByFirstValue(run) : run;
  const inputRange = network === 'decide' ? ([-Infinity, Infinity] as const) : undefined;
  const noise = new GaussianNoise({ sigma });
  return new SmoothedClassifier(classifier, { noise, numClasses: CLASSES, inputRange });
}

/** The first value of an image for which class 0 has this probability under noise: the vote is for it while value + noise is below 0. */
export function firstValueFor(probability: number, sigma: number): number {
  return -sigma * normalQuantile({ p: probability, q: 1 - probability });
}

/** Makes the whole pass of a network and votes by the sign of the first value of its input. */
function votingByFirstValue(run: tf.LayersModel | TypedClassifier): Classifier | TypedClassifier {
  if ('classify' in run) return { ...run, classify: (values, call) => typedVotes(run, values, call) };
  return (x) =>
    tf.tidy(() => {
      const pass = run.apply(x, { training: false }) as tf.Tensor2D;
      const [batch] = pass.shape;
      const first = tf.slice(tf.reshape(x, [batch, -1]), [0, 0], [-1, 1]);
      const scores = tf.concat([tf.neg(first), first, tf.fill([batch, CLASSES - 2], NEVER)], 1);
      return tf.add(scores, tf.mul(pass, 0)) as tf.Tensor2D;
    });
}

const typedVotes: (
  run: TypedClassifier,
  ...call: Parameters<TypedClassifier['classify']>
) => Promise<Float32Array> = async (run, values, call) => {
  const size = values.length / call.batch;
  const firsts = Array.from({ length: call.batch }, (_, i) => values[i * size]!);
  const logits = new Float32Array(await run.classify(values, call)).fill(NEVER);
  for (const [i, first] of firsts.entries()) logits.set([-first, first], i * CLASSES);
  return logits;
};

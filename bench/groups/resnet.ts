import * as tf from '@tensorflow/tfjs';
import { type Classifier, fillUniforms, foldIn, trainableVariables } from 'catrs';
import { cifarResnet, imageStatistics } from 'catrs/models';
import { toOnnx } from 'catrs/onnx';
import { Sgd } from 'catrs/recipes';
import { useWasm } from 'catrs/wasm';
import { findRuntime, onnxModel } from '../onnxruntime.ts';
import { publishedLosses } from '../seven-losses.ts';
import { alternate, processorSeconds, type Work } from '../rounds.ts';
import { type Rates, rates } from '../statistics.ts';
import { key, labelsOf } from '../subjects.ts';
import type { BenchSettings, GroupResult } from '../targets.ts';

const SHAPE = [32, 32, 3] as const;
const SIZE = 32 * 32 * 3;

/** Images of a step: about 16 noisy copies, or 32, so that all steps fill the same kind of batch. */
const IMAGES: Readonly<Record<string, number>> = {
  Gaussian: 16,
  Stability: 16,
  SmoothAdv: 4,
  MACER: 2,
  Consistency: 8,
  SmoothMix: 8,
  'CAT-RS': 4,
};
const FORWARD = 32;

/** ResNet-110 on CIFAR-10: a training step of each method as published at sigma 0.25, and forward passes; one core, by processor time. */
export async function measure({ quick }: BenchSettings): Promise<GroupResult> {
  await useWasm({ threads: 1 });
  const model = cifarResnet({ key: foldIn(key, 0), depth: quick ? 8 : 110, ...imageStatistics.cifar10 });
  const steps = await alternate(trainingSteps(model, quick), timing(quick, 2));
  const forward = await alternate(await forwardPasses(model), timing(quick, 5));
  model.dispose();
  return {
    figures: {
      'one training step, ResNet-110, published options, images a second of one core': ratesOf(steps, (name) =>
        sizeOf(name, quick),
      ),
      'forward passes, ResNet-110, images a second of one core': ratesOf(forward, () => FORWARD),
    },
  };
}

const sizeOf = (name: string, quick: boolean): number => (quick ? 2 : (IMAGES[name] ?? NaN));
const ratesOf = (
  works: Readonly<Record<string, readonly number[]>>,
  units: (name: string) => number,
): Record<string, Rates> =>
  Object.fromEntries(Object.entries(works).map(([name, seconds]) => [name, rates(units(name), seconds)]));
const timing = (quick: boolean, rounds: number): { rounds: number; clock: () => number } => ({
  rounds: quick ? 1 : rounds,
  clock: processorSeconds,
});

/** `epoch` is after every warm-up: the attacks have their full length. */
function trainingSteps(model: tf.LayersModel, quick: boolean): Record<string, Work> {
  const variables = trainableVariables(model);
  const sgd = new Sgd({ learningRate: 0.001, momentum: 0.9, weightDecay: 1e-4 });
  let steps = 0;
  const works = Object.entries(publishedLosses(model, 0.25)).map(([name, loss]): [string, Work] => {
    const images = sizeOf(name, quick);
    const batch = { x: imagesOf(images), labels: labelsOf(images), epoch: 20 };
    const step = async (): Promise<void> => {
      using prepared = loss.prepare({ ...batch, key: foldIn(key, steps++) });
      const cost = sgd.minimize(() => prepared.value(), true, variables)!;
      await cost.data();
      cost.dispose();
    };
    return [name, step];
  });
  return Object.fromEntries(works);
}

async function forwardPasses(model: Classifier & tf.LayersModel): Promise<Record<string, Work>> {
  const x = imagesOf(FORWARD);
  const works: Record<string, Work> = {
    WASM: async () => {
      const logits = model.predict(x) as tf.Tensor;
      await logits.data();
      logits.dispose();
    },
  };
  if (findRuntime() !== undefined) {
    const { classify } = await onnxModel(await toOnnx(model), 1);
    const values = (await x.data()) as Float32Array;
    works['onnxruntime'] = () => classify(values.slice(), { batch: FORWARD, shape: SHAPE });
  }
  return works;
}

function imagesOf(count: number): tf.Tensor4D {
  const values = new Float32Array(count * SIZE);
  fillUniforms(values, { key: foldIn(key, 1), start: 0, dimension: SIZE });
  return tf.tensor4d(values, [count, ...SHAPE]);
}

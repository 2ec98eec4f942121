import * as tf from '@tensorflow/tfjs';
import { foldIn, SmoothedClassifier } from 'catrs';
import { useWebgpu } from 'catrs/webgpu';
import { Rivals } from '../rivals.ts';
import { alternate, type Work } from '../rounds.ts';
import { pairedRatio, rates, significant } from '../statistics.ts';
import { imageBatch, imageValues, key, makeLenet, noise, SHAPE, SIGMA } from '../subjects.ts';
import { roundsOf, type BenchSettings, type GroupResult, type Measured } from '../targets.ts';
import { provideGpu } from '../web-gpu.ts';

const BATCH = 1024;

/** Noise and throughput on a GPU: noise drawn and votes counted on the device, against PyTorch CUDA. */
export async function measure(settings: BenchSettings): Promise<GroupResult> {
  const { quick } = settings;
  const gpu = await provideGpu();
  if (typeof gpu === 'string') {
    return { targets: { P6a: { value: null, reason: gpu }, P6b: { value: null, reason: gpu } } };
  }
  const rivals = await Rivals.start(['lenet'], [], quick);
  const { peer } = rivals;
  await useWebgpu();
  const g = new SmoothedClassifier(makeLenet(), { noise, numClasses: 10, batchSize: BATCH });
  const image = tf.tensor(imageValues(1), [...SHAPE]);
  const batch = imageBatch(BATCH);
  const model = makeLenet();
  const batches = quick ? 2 : 64;
  const works: Record<string, Work> = {
    certify: () => g.certify(image, { key, n0: BATCH, n: (batches - 1) * BATCH }),
    noise: () => lastOf(batches, (i) => noise.perturb(image, { key: foldIn(key, 3), start: i * BATCH, count: BATCH })),
    forward: () => lastOf(batches, () => model.predict(batch) as tf.Tensor),
  };
  const cuda = typeof peer === 'string' ? peer : await peer.onCuda('lenet');
  if (typeof peer !== 'string' && cuda === undefined) {
    const request = { work: 'certify', on: 'cuda', sigma: SIGMA, batch: BATCH, count: batches };
    works['torch'] = () => peer.seconds('two threads', request);
  }
  const seconds = await alternate(works, { rounds: roundsOf(settings, 15), warmUp: 3 });
  rivals.close();
  const ratio = (a: string, b: string): number => significant(pairedRatio(seconds[a]!, seconds[b]!));
  const P6b: Measured =
    cuda === undefined
      ? {
          value: ratio('torch', 'certify'),
          limit: ratio('torch', 'forward'),
          limitBecause: 'the bare forward passes of the WebGPU backend',
        }
      : { value: null, reason: cuda };
  const units = batches * BATCH;
  return {
    targets: {
      P6a: {
        value: significant(100 * ratio('noise', 'certify')),
        limit: 0,
        limitBecause: 'noise could be hidden behind the network',
      },
      P6b,
    },
    figures: {
      'certify on a GPU': {
        gpu: gpu.name,
        batch: BATCH,
        'images/s': Object.fromEntries(Object.entries(seconds).map(([name, each]) => [name, rates(units, each)])),
      },
    },
  };
}

/** Queues work, and waits for the last piece, and so for all. */
async function lastOf(count: number, work: (i: number) => tf.Tensor): Promise<void> {
  for (let i = 0; i < count; i++) {
    const result = work(i);
    if (i === count - 1) await tf.tidy(() => tf.sum(result)).data();
    result.dispose();
  }
}

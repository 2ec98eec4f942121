import * as tf from '@tensorflow/tfjs';
import { foldIn, SmoothedClassifier } from 'catrs';
import { useWebgpu } from 'catrs/webgpu';
import { alternate, type Work } from '../rounds.ts';
import { pairedRatio, rates, significant } from '../statistics.ts';
import { imageBatch, imageValues, key, makeLenet, noise, SHAPE } from '../subjects.ts';
import type { BenchSettings, GroupResult, Measured } from '../targets.ts';
import { Torch } from '../torch.ts';
import { provideGpu } from '../web-gpu.ts';

const BATCH = 1024;

/** Noise and throughput on a GPU: noise drawn and votes counted on the device, against PyTorch CUDA. */
export async function measure({ quick }: BenchSettings): Promise<GroupResult> {
  const gpu = await provideGpu();
  if (typeof gpu === 'string') {
    return { targets: { P6a: { value: null, reason: gpu }, P6b: { value: null, reason: gpu } } };
  }
  await useWebgpu();
  const torch = await Torch.start();
  const hasCuda = torch instanceof Torch && torch.cuda;
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
  if (hasCuda) {
    const request = { work: 'certify', threads: 2, batch: BATCH, count: batches, device: 'cuda' } as const;
    works['torch'] = () => torch.seconds(request);
  }
  const seconds = await alternate(works, { rounds: quick ? 1 : 15, warmUp: 3 });
  if (torch instanceof Torch) torch.close();
  const ratio = (a: string, b: string): number => significant(pairedRatio(seconds[a]!, seconds[b]!));
  const P6b: Measured = hasCuda
    ? {
        value: ratio('torch', 'certify'),
        limit: ratio('torch', 'forward'),
        limitBecause: 'the bare forward passes of the WebGPU backend',
      }
    : { value: null, reason: typeof torch === 'string' ? torch : `PyTorch ${torch.version} has no CUDA here` };
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

import * as tf from '@tensorflow/tfjs';
import { fixedRadius, SmoothedClassifier } from 'catrs';
import { useWasm } from 'catrs/wasm';
import { alternate } from '../rounds.ts';
import { pairedRatio, rates, significant } from '../statistics.ts';
import { imageValues, key, makeLenet, noise, SHAPE } from '../subjects.ts';
import type { BenchSettings, GroupResult } from '../targets.ts';

/** Time of an adaptive decision against a fixed sample. The network is not trained, so its images are easy; P2 has real ones. */
export async function measure({ quick }: BenchSettings): Promise<GroupResult> {
  await useWasm({ threads: 1 });
  const g = new SmoothedClassifier(makeLenet(), { noise, numClasses: 10 });
  const image = tf.tensor(imageValues(1), [...SHAPE]);
  const n = quick ? 200 : 4000;
  const rule = fixedRadius({ radius: 0.25 });
  const { nUsed } = await g.certify(image, { key, n, rule });
  const seconds = await alternate(
    {
      adaptive: () => g.certify(image, { key, n, rule }),
      fixed: () => g.certify(image, { key, n }),
    },
    { rounds: quick ? 1 : 7 },
  );
  return {
    figures: {
      'adaptive certify, WASM, one thread, radius 0.25': {
        'images/s': rates(1, seconds.adaptive),
        'images/s of a fixed sample': rates(1, seconds.fixed),
        'times as fast': significant(pairedRatio(seconds.fixed, seconds.adaptive)),
        'samples used': nUsed,
        'fixed n': n,
      },
    },
  };
}

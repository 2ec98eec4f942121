import * as tf from '@tensorflow/tfjs';
import { foldIn, SmoothedClassifier } from 'catrs';
import { useWasm } from 'catrs/wasm';
import { alternate, processorSeconds } from '../rounds.ts';
import { pairedRatio, rates, significant } from '../statistics.ts';
import { DIMENSION, imageBatch, imageValues, key, makeLenet, noise, SHAPE } from '../subjects.ts';
import { roundsOf, type BenchSettings, type GroupResult } from '../targets.ts';

const BATCH = 256;

/** What certify costs beside its forward passes, in time of the processor, which neighbours on the machine disturb least. */
export async function measure(settings: BenchSettings): Promise<GroupResult> {
  const { quick } = settings;
  await useWasm({ threads: 1 });
  const model = makeLenet();
  const g = new SmoothedClassifier(model, { noise, numClasses: 10, batchSize: BATCH });
  const image = tf.tensor(imageValues(1), [...SHAPE]);
  const values = imageValues(1);
  // The bare passes run on noisy copies too: values decide how fast a maximum or a ReLU is.
  const batch = tf.tidy(() => noise.perturb(tf.reshape(imageBatch(1), [...SHAPE]), { key, start: 0, count: BATCH }));
  const few = quick ? 2 : 8;
  const batches = quick ? 4 : 40; // n = 10 000; each call also looks at its classifier once
  const copies = new Float32Array(BATCH * DIMENSION);
  const works = {
    forward: async () => {
      for (let i = 0; i < batches; i++) {
        const logits = tf.tidy(() => model.apply(batch, { training: false }) as tf.Tensor);
        await logits.data();
        logits.dispose();
      }
    },
    certify: () => g.certify(image, { key, n0: BATCH, n: BATCH * (batches - 1) }),
    'certify, few': () => g.certify(image, { key, n0: BATCH, n: BATCH * (few - 1) }),
    copies: () => {
      for (let i = 0; i < batches; i++) {
        noise.fillCopies?.(copies, values, { key: foldIn(key, 3), start: i * BATCH, dimension: DIMENSION });
      }
    },
  };
  const seconds = await alternate(works, { rounds: roundsOf(settings, 9), clock: processorSeconds });
  const share = (name: keyof typeof works): number => pairedRatio(seconds[name], seconds.forward);
  const least = Math.min(...seconds.certify) / Math.min(...seconds.forward);
  return {
    targets: {
      P4: {
        value: significant(100 * (share('certify') - 1)),
        limit: significant(100 * share('copies')),
        limitBecause: 'drawing and adding the noise alone, with SIMD',
        details: {
          samples: BATCH * batches,
          'of the fastest rounds': significant(100 * (least - 1)),
          [`of a call with ${BATCH * few} samples`]: significant(100 * ((share('certify, few') * batches) / few - 1)),
          'images/s': Object.fromEntries(
            Object.entries(seconds).map(([name, each]) => [
              name,
              rates((name === 'certify, few' ? few : batches) * BATCH, each),
            ]),
          ),
        },
      },
    },
  };
}

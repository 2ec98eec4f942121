import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { smoothedRows } from '../../src/attacks/smoothed-rows.ts';
import { voteChanged } from '../../src/attacks/smoothed-ddn.ts';
import { denoised, standardizeInput } from '../../src/classifier/input-adapters.ts';
import { ensemble } from '../../src/classifier/ensemble.ts';
import { kConsensus } from '../../src/classifier/k-consensus.ts';
import { toLogitsFn } from '../../src/classifier/to-logits-fn.ts';
import type { Classifier, LogitsFn } from '../../src/classifier/types.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { DerandomizedClassifier } from '../../src/smoothed/derandomized-classifier.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import { describeBackends } from '../helpers/backends.ts';
import { linearClassifier } from '../helpers/linear.ts';
import { typedTwin } from '../helpers/typed.ts';

const key = createKey(8);
const noise = new GaussianNoise({ sigma: 0.25 });

/** Three neighbours among the float32 numbers, in rising order, whose float32 logarithms are equal: just below 1/8 that is common. */
function nearlyEqual(): number[] {
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  float[0] = 0.1249;
  const start = bits[0]!;
  for (let step = 0; step < 1000; step++) {
    const found = [0, 1, 2].map((i) => {
      bits[0] = start + step + i;
      return float[0]!;
    });
    if (Math.fround(Math.log(found[0]!)) === Math.fround(Math.log(found[2]!))) return found;
  }
  throw new Error('found none');
}
const NUM_CLASSES = 9;
const rising = nearlyEqual();
const rest = (1 - rising.reduce((sum, p) => sum + p, 0)) / (NUM_CLASSES - rising.length);
const row = Array.from({ length: NUM_CLASSES }, (_, c) => rising[c] ?? rest);
/** All of n votes for class 2. */
const allForThird = (n: number): number[] => row.map((_, c) => (c === 2 ? n : 0));

/** Probabilities that are nearly equal at every input, class 2 first by a hair. */
const probabilities = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.tile(tf.tensor2d([row]), [x.shape[0]!, 1]));
const logarithms = toLogitsFn(probabilities, { output: 'probabilities' });

/** Counts votes of 20 copies. */
async function counts(classifier: Classifier, output: 'logits' | 'probabilities'): Promise<number[]> {
  const x = tf.tensor1d([0.2, 0.6]);
  try {
    return await new SmoothedClassifier(classifier, { noise, numClasses: NUM_CLASSES, output }).sampleCounts(x, {
      key,
      n: 20,
    });
  } finally {
    x.dispose();
  }
}

describeBackends('votes on nearly equal probabilities', () => {
  it('have logarithms that do not tell them apart', async () => {
    const x = tf.zeros([1, 2]);
    const logits = logarithms(x, { training: false });
    const found = await logits.data();
    expect(Math.abs(found[2]! - found[0]!)).toBeLessThanOrEqual(2 ** -22); // one spacing
    tf.dispose([x, logits]);
  });

  it('go to the largest one, of tensors and of typed arrays', async () => {
    expect(await counts(probabilities, 'probabilities')).toEqual(allForThird(20));
    expect(await counts(typedTwin(probabilities), 'probabilities')).toEqual(allForThird(20));
  });

  it.each<readonly [string, LogitsFn]>([
    ['toLogitsFn', logarithms],
    ['denoised', denoised(logarithms, (x) => tf.mul(x, 1))],
    ['standardizeInput', standardizeInput(logarithms)],
    ['ensemble of probabilities', ensemble([logarithms, logarithms], { average: 'probabilities' })],
    ['ensemble by votes', ensemble([logarithms, logarithms, logarithms], { average: 'votes' })],
    ['kConsensus', kConsensus([logarithms, logarithms, logarithms], { k: 2 })],
    ['kConsensus in an ensemble', ensemble([kConsensus([logarithms, logarithms], { k: 1 })], { average: 'votes' })],
  ])('go to the largest one after %s', async (_, f) => {
    expect(await counts(f, 'logits')).toEqual(allForThird(20));
  });

  it('go to the largest one in soft smoothing, which keeps the order of the scores', async () => {
    const x = tf.tensor1d([0.2, 0.6]);
    for (const beta of [1, 3]) {
      const options = { noise, numClasses: NUM_CLASSES, output: 'probabilities', beta } as const;
      const soft = new SoftSmoothedClassifier(probabilities, options);
      const scores = await soft.probabilities(x, { key, n: 30 });
      const [a = 0, b = 0, c = 0] = scores;
      expect(a < b && b < c && scores.every((score) => score <= c)).toBe(true);
      expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 12);
      expect(await soft.certify(x, { key, n: 50 })).toMatchObject({ cAHat: 2 });
    }
    x.dispose();
  });

  it('go to the largest one of all copies of a finite noise', async () => {
    const x = tf.tensor1d([51 / 255, 102 / 255]);
    const finite = new DeterministicSplittingNoise({ halfWidth: 0.5, key });
    const g = new DerandomizedClassifier(probabilities, {
      noise: finite,
      numClasses: NUM_CLASSES,
      output: 'probabilities',
    });
    expect(await g.counts(x)).toEqual(allForThird(finite.copies));
    x.dispose();
  });

  it('go to the largest one where an attack looks whether they have changed', async () => {
    const x = tf.tensor2d([[0.2, 0.6]]);
    const g = new SmoothedClassifier(probabilities, { noise, numClasses: NUM_CLASSES, output: 'probabilities' });
    const changed = tf.tidy(() => {
      const request = { x, labels: [2], firstImage: 0 };
      const target = smoothedRows('test', g, request, { noise, numNoise: 5, key });
      return voteChanged(target.outputs(target.x).votes, target.labels);
    });
    expect(Array.from(await changed.data())).toEqual([0]);
    tf.dispose([x, changed]);
  });

  it('are counted as those of the logits where nothing is near', async () => {
    const { logits } = linearClassifier([1, -1], 0.1);
    const softmax = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.softmax(logits(x)));
    const x = tf.tensor1d([0.4, 0.6]);
    const [a, b, c] = await Promise.all([
      new SmoothedClassifier(logits, { noise, numClasses: 2 }).sampleCounts(x, { key, n: 500 }),
      new SmoothedClassifier(softmax, { noise, numClasses: 2, output: 'probabilities' }).sampleCounts(x, {
        key,
        n: 500,
      }),
      new SmoothedClassifier(toLogitsFn(softmax, { output: 'probabilities' }), { noise, numClasses: 2 }).sampleCounts(
        x,
        {
          key,
          n: 500,
        },
      ),
    ]);
    expect(b).toEqual(a);
    expect(c).toEqual(a);
    expect(Math.min(...a)).toBeGreaterThan(50);
    x.dispose();
  });
});

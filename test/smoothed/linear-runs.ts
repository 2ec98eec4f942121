import * as tf from '@tensorflow/tfjs';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { normalQuantile } from '../../src/stats/normal.ts';
import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
import { linearClassifier } from '../helpers/linear.ts';

export interface LinearRuns {
  /** Distance of the input to the plane, which is the true radius at every sigma. */
  readonly distance: number;
  readonly runs: number;
  readonly n: number;
  readonly alpha: number;
  readonly seed: number;
}

const sigma = 0.25;

/**
 * Certifies one input of a linear classifier with many keys, and counts the certificates that are wrong: another class than
 * the true one, or a radius above the true one. `naive` counts the same for the radius of the plain share of votes.
 */
export async function countWrongCertificates({ distance, runs, n, alpha, seed }: LinearRuns) {
  const linear = linearClassifier([0.6, -0.8], distance);
  const x = [0.8, 0.6]; // on the plane without bias, so `distance` away with it
  const g = new SmoothedClassifier(linear.logits, { noise: new GaussianNoise({ sigma }), numClasses: 2, batchSize: n });
  const image = tf.tensor1d(x);
  const truth = { label: linear.label(x), radius: linear.distance(x) };
  let wrong = 0;
  let naive = 0;
  let abstained = 0;
  for (let run = 0; run < runs; run++) {
    const key = foldIn(createKey(seed), run);
    const c = await g.certify(image, { key, n0: 20, n, alpha });
    if (c.abstained) abstained++;
    else if (c.label !== truth.label || c.radius > truth.radius) wrong++;
    const naiveRadius = sigma * normalQuantile({ p: c.nA / n, q: 1 - c.nA / n });
    if (naiveRadius > 0 && (c.cAHat !== truth.label || naiveRadius > truth.radius)) naive++;
  }
  image.dispose();
  return { wrong, naive, abstained };
}

/**
 * The number of wrong certificates out of `runs` that is exceeded with probability of at most `falseAlarm` if each is wrong with
 * probability of at most `alpha`.
 */
export function mostWrong(runs: number, alpha: number, falseAlarm: number): number {
  // More than k wrong is less likely than falseAlarm exactly if the lower bound at k + 1 exceeds alpha.
  let k = Math.floor(runs * alpha);
  while (clopperPearsonLowerBound(k + 1, runs, falseAlarm).p <= alpha) k++;
  return k;
}

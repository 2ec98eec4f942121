/**
 * Smooths with a noise that the library does not ship: logistic noise, which certifies L1 balls.
 *
 * Run it with `npx tsx examples/own-noise.ts` after `npm run build`.
 *
 * Coordinates are independent with distribution function F(e) = 1 / (1 + exp(-e / s)). If a class has probability at least p > 1/2, no
 * change with L1 norm below R = s ln(p / (1 - p)) alters the prediction.
 *
 * Why: the density f is symmetric and log-concave. Shifting a set A along one axis changes its probability at most as fast as shifting the
 * half-line of the same probability, by f(F^-1(u)) at probability u; that is concave in u, so mixing over the other coordinates makes
 * it no faster. A shift delta goes |delta_i| along each axis, R in all, and to bring p to 1/2 takes F^-1(p).
 */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { type AdditiveNoise, additiveNoise, createKey, fillBits, foldIn, SmoothedClassifier } from 'catrs';
import { type ExampleOptions, runExample } from './run-example.ts';

/** Logistic noise with scale s, in input units. */
export function logisticNoise(s: number): AdditiveNoise {
  return additiveNoise({
    name: 'logistic',
    parameters: { s },
    norms: ['l1'],
    // The quantile at a uniform number from the word at (key, sample, coordinate): so the draw does not depend on how many samples are
    // drawn at once.
    sample: (out, request) => {
      const words = new Uint32Array(out.length);
      fillBits(words, request);
      words.forEach((word, i) => {
        const u = (word + 0.5) / 2 ** 32; // in (0, 1), never 0 or 1
        out[i] = s * Math.log(u / (1 - u));
      });
    },
    // q = 1 - p is carried on its own, since a double near 1 has lost its digits. The last factor pays for the roundings.
    radius: ({ p, q }) => s * Math.log(p / q) * (1 - 1e-13),
  });
}

const SCALE = 0.2;
const THRESHOLD = 0.4;
const DIMENSION = 16;

/** Class 1 where the first coordinate exceeds the threshold: the L1 distance to the other class is |x0 - threshold|. */
function stump(x: tf.Tensor): tf.Tensor {
  const score = tf.sub(tf.slice(x, [0, 0], [-1, 1]), THRESHOLD);
  return tf.concat([tf.neg(score), score], 1);
}

/** Checks the sampler, then certifies points whose true radius is known. */
export async function main({ fast }: ExampleOptions): Promise<{ worstGap: number; distributionError: number }> {
  await tf.setBackend('cpu');
  const key = createKey(3);
  const noise = logisticNoise(SCALE);
  const distributionError = checkSampler(noise, fast ? 20_000 : 1_000_000);

  // For this classifier p = F(d) with d the distance, so the formula gives exactly R = d: a certificate from finitely many votes must
  // stay below d and comes close to it.
  const g = new SmoothedClassifier(stump, { noise, numClasses: 2 });
  const n = fast ? 4_000 : 100_000;
  let worstGap = 0;
  for (const [i, first] of [0, 0.2, 0.3, 0.5, 0.7, 1].entries()) {
    const x = tf.fill([DIMENSION], 0.5).add(tf.oneHot(0, DIMENSION).mul(first - 0.5)) as tf.Tensor1D;
    const c = await g.certify(x, { key: foldIn(key, i), n });
    x.dispose();
    const distance = Math.abs(first - THRESHOLD);
    console.log(`claim: x0 = ${first}: class ${c.label} within ${c.norm} radius ${c.radius.toFixed(4)}`);
    console.log(`check: the true radius is ${distance.toFixed(4)}`);
    assert.equal(c.label, first > THRESHOLD ? 1 : 0);
    assert.ok(c.radius <= distance + 1e-6, 'a certificate must not exceed the true radius');
    worstGap = Math.max(worstGap, distance - c.radius);
  }
  return { worstGap, distributionError };
}

/** Largest distance between the distribution of many draws and the law (the Kolmogorov-Smirnov statistic). */
function checkSampler(noise: AdditiveNoise, count: number): number {
  const draws = new Float32Array(count);
  noise.sample(draws, { key: createKey(4), start: 0, dimension: 1 });
  draws.sort();
  const cdf = (e: number): number => 1 / (1 + Math.exp(-e / SCALE));
  const error = draws.reduce((most, e, i) => Math.max(most, Math.abs(cdf(e) - (i + 0.5) / count)), 0);
  const allowed = 2.5 / Math.sqrt(count); // exceeded by chance with probability below 1e-5
  console.log(
    `check: ${count} draws differ from the logistic law by ${error.toFixed(5)} (allowed ${allowed.toFixed(5)})`,
  );
  assert.ok(error <= allowed, 'the sampler must draw from the law that the radius assumes');
  return error;
}

await runExample(import.meta.url, main);

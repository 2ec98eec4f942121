/**
 * A certificate that floating point breaks, and one that it cannot break.
 *
 * Run it with `npx tsx examples/sound-certificate.ts` after `npm run build`.
 *
 * The theorem behind certificates treats x + noise as exact. In float32 it is rounded, and the rounding depends on x: a classifier
 * made for the purpose reads x off the low-order bits. Its certificate under plain Gaussian noise is refuted here by an image inside the
 * radius. Under sound Gaussian noise, for 8-bit images, the same classifier has nothing to read.
 *
 * The gap: Voracek, Hein, "Sound Randomized Smoothing in Floating-Point Arithmetic", ICLR 2023.
 */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import {
  type Certificate,
  createKey,
  GaussianNoise,
  type Noise,
  SmoothedClassifier,
  SoundGaussianNoise,
  split,
} from 'catrs';
import { useWasm } from 'catrs/wasm';
import { type ExampleOptions, runExample } from './run-example.ts';

const SIGMA = 0.25;
const PIXELS = 32 * 32 * 3;
const PLANE = 0.3;

/** Class 1 if some coordinate next to 0 has bits below 2^-32. Next to 1/255 the rounded sum never has. */
function leak(x: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const scaled = tf.mul(x, 2 ** 32);
    const fine = tf.logicalAnd(tf.less(tf.abs(x), 2 ** -11), tf.notEqual(scaled, tf.floor(scaled)));
    const found = tf.sum(tf.cast(fine, 'float32'), 1, true);
    return tf.concat([tf.sub(0.5, found), tf.sub(found, 0.5)], 1);
  });
}

/** Class 1 on the dark side of a plane at distance PLANE from the black image, in the direction of all pixels. */
function darkSide(x: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const excess = tf.sub(tf.sum(x, 1, true), PLANE * Math.sqrt(PIXELS));
    return tf.concat([excess, tf.neg(excess)], 1);
  });
}

/** What was found out about one classifier under one noise. */
export interface Outcome {
  readonly certificate: Certificate;
  /** Share of the votes for the certified class at the neighbour. */
  readonly share: number;
  /** The neighbour is inside the radius, and yet most votes there go to another class. */
  readonly refuted: boolean;
}

/** Certifies the black image and tests the claim at a neighbour. */
export async function main({ fast }: ExampleOptions): Promise<{ plain: Outcome; sound: Outcome; plane: Outcome }> {
  await useWasm();
  const n = fast ? 500 : 20_000;
  const black = tf.zeros([PIXELS]);
  const neighbour = tf.fill([PIXELS], Math.fround(1 / 255)); // one level brighter everywhere
  const distance = Math.sqrt(PIXELS) / 255;
  const gaussian = new GaussianNoise({ sigma: SIGMA });
  const sound = new SoundGaussianNoise({ sigma: SIGMA });

  const examine = async (title: string, f: typeof leak, noise: Noise, seed: number): Promise<Outcome> => {
    const [certifyKey, secondKey] = split(createKey(seed));
    const g = new SmoothedClassifier(f, { noise, numClasses: 2 });
    const certificate = await g.certify(black, { key: certifyKey, n });
    const { label, radius, domain, assumptions } = certificate;
    console.log(`${title}\nclaim: class ${label} within L2 radius ${radius.toFixed(4)}, for ${domain} inputs, given`);
    console.log(`       ${assumptions.join('; ')}`);
    const votes = await g.sampleCounts(neighbour, { key: secondKey, n });
    const share = (votes[label] ?? 0) / n;
    const refuted = distance < radius && share < 0.25;
    console.log(
      `check: at distance ${distance.toFixed(4)}, ${(100 * share).toFixed(2)} % of ${n} votes for class ${label}`,
    );
    console.log(refuted ? '       the claim is wrong' : '       the claim stands');
    return { certificate, share, refuted };
  };

  const outcome = {
    plain: await examine('low-order bits, plain Gaussian noise', leak, gaussian, 0),
    sound: await examine('low-order bits, sound Gaussian noise', leak, sound, 1),
    plane: await examine('a plane, sound Gaussian noise', darkSide, sound, 2),
  };
  assert.ok(outcome.plain.refuted, 'the plain certificate must be seen to fail');
  assert.ok(!outcome.sound.refuted && !outcome.plane.refuted, 'no sound certificate may fail');
  assert.ok(outcome.plane.certificate.radius <= PLANE, 'a certificate must not exceed the true radius');
  console.log(`check: the true radius, the distance to the plane, is ${PLANE}`);
  await checkSampler(sound, black);
  tf.dispose([black, neighbour]);
  return outcome;
}

/** At the black image a noisy copy is the lattice noise i / 255 itself: its frequencies must be those of rounded normals. */
async function checkSampler(noise: SoundGaussianNoise, black: tf.Tensor): Promise<void> {
  const copies = noise.perturb(black, { key: createKey(3), start: 0, count: 64 });
  const values = (await copies.data()) as Float32Array;
  copies.dispose();
  let worst = 0;
  for (const i of [-150, -64, -20, -1, 0, 5, 30, 100, 200]) {
    const seen = values.reduce((count, value) => count + (value <= Math.fround(i / 255) ? 1 : 0), 0) / values.length;
    worst = Math.max(worst, Math.abs(seen - normalCdf((2 * i + 1) / (510 * SIGMA))));
  }
  const allowed = 3 / Math.sqrt(values.length); // six standard deviations at most: exceeded by chance with probability below 2e-8
  console.log(`check: frequencies of the lattice noise differ by ${worst.toFixed(5)} (allowed ${allowed.toFixed(5)})`);
  assert.ok(worst <= allowed, 'the sampler must draw rounded normals');
}

/** Phi(z) by Simpson's rule. */
function normalCdf(z: number): number {
  const cells = 2_000;
  const density = (t: number): number => Math.exp(-0.5 * t * t) / Math.sqrt(2 * Math.PI);
  let sum = density(0) + density(z);
  for (let i = 1; i < cells; i++) sum += (i % 2 === 1 ? 4 : 2) * density((z * i) / cells);
  return 0.5 + (sum * z) / (3 * cells);
}

await runExample(import.meta.url, main);

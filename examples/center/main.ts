/**
 * Certifies what an autoencoder makes of digits, by center smoothing: the 16 numbers in its middle (`embedding`) and its images (`reconstruction`). And attacks
 * both, with and without smoothing, within the radii of the certificates.
 *
 * Run it with `npx tsx examples/center/main.ts` after `npm run build`; it takes some minutes on two cores. `--fast` trains and certifies little, for the tests.
 * `--out FOLDER` says where the files go (default `build/center`).
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import {
  type CenterCertificate,
  CenterSmoothed,
  certifyDataset,
  createKey,
  euclidean,
  foldIn,
  GaussianNoise,
  type Key,
  split,
  verifyCertificate,
} from 'catrs';
import { arrayDataset } from 'catrs/data';
import { useWasm } from 'catrs/wasm';
import { DIGIT_SHAPE, type Digits, loadDigits } from '../load-digits.ts';
import { outputsOf, pushAway } from './attack.ts';
import { picture, type ShownDigit } from './picture.ts';
import { trainAutoencoder } from './train.ts';

/** What is certified of one digit within one radius, and what the attacks did. */
export interface RadiusResult {
  readonly radius: number;
  /** 3R; null where nothing is certified. */
  readonly certified: number | null;
  /** How far the smoothed answer moved under attack; null where one of the answers is an abstention. */
  readonly moved: number | null;
  /** R + R′, which is certified for that very answer. */
  readonly certifiedThere: number | null;
  /** How far the output of a model that was trained without noise, and is not smoothed, moved under attack. */
  readonly movedPlain: number;
}

/** What is certified of one kind of output. */
export interface OutputResult {
  readonly output: 'embedding' | 'reconstruction';
  readonly sigma: number;
  readonly alpha: number;
  /** Median distance between the smoothed answers of digits of different classes: what distances are to be compared with. */
  readonly betweenClasses: number;
  /** The same of the outputs of the model without noise. */
  readonly betweenClassesPlain: number;
  /** Digits without a center. */
  readonly abstained: number;
  readonly digits: readonly { readonly label: number; readonly byRadius: readonly RadiusResult[] }[];
}

const SIGMA = 0.25;
const ALPHA = 0.001;
const RADII = [0.125, 0.25, 0.5];
const PIXELS = 28 * 28;
const noise = new GaussianNoise({ sigma: SIGMA });

interface Sizes {
  readonly fast: boolean;
}

/** Trains, certifies, attacks, verifies and writes. */
export async function main({ fast, folder }: Sizes & { readonly folder: string }): Promise<OutputResult[]> {
  await useWasm();
  const [noisyKey, plainKey, ...keys] = split(createKey(30), 4);
  const training = await loadDigits({ perClass: fast ? 30 : 780 });
  const trained = (sigma: number, key: Key) =>
    trainAutoencoder(training, {
      ...{ epochs: fast ? 1 : 6, sigma, key },
      onEpoch: (epoch, loss) => console.log(`sigma ${sigma}: epoch ${epoch + 1}, loss ${loss.toFixed(4)}`),
    });
  const noisy = await trained(SIGMA, noisyKey);
  const plain = await trained(0, plainKey);
  const digits = await loadDigits({ from: 800, perClass: 1 });

  await mkdir(folder, { recursive: true });
  const results: OutputResult[] = [];
  const shown: ShownDigit[] = [];
  for (const output of ['embedding', 'reconstruction'] as const) {
    const part = output === 'embedding' ? 'encoder' : 'whole';
    const smoothed = new CenterSmoothed(noisy[part], { noise, distance: euclidean, delta: fast ? 0.2 : 0.1 });
    const run = new Run({ output, smoothed, base: noisy[part], plain: plain[part] }, digits, keys, { fast });
    const result = await run.result();
    if (output === 'reconstruction') shown.push(...run.shown);
    results.push(result);
    await writeFile(join(folder, `${output}.json`), `${JSON.stringify(result, null, 1)}\n`);
    console.log(output, result.betweenClasses, result.digits[0]?.byRadius);
  }
  await writeFile(join(folder, 'center.svg'), picture(shown, results));
  for (const { whole } of [noisy, plain]) whole.dispose();
  return results;
}

/** A kind of output, the model under noise, and one without. */
interface Models {
  readonly output: OutputResult['output'];
  readonly smoothed: CenterSmoothed;
  /** The model that is smoothed. */
  readonly base: tf.LayersModel;
  readonly plain: tf.LayersModel;
}

/** Certificates and attacks of some digits. */
class Run {
  /** What the picture shows. */
  readonly shown: ShownDigit[] = [];
  readonly #models: Models;
  readonly #digits: Digits;
  readonly #keys: readonly Key[];
  readonly #fast: boolean;

  constructor(models: Models, digits: Digits, keys: readonly Key[], { fast }: Sizes) {
    this.#models = models;
    this.#digits = digits;
    this.#keys = keys;
    this.#fast = fast;
  }

  async result(): Promise<OutputResult> {
    const { output, smoothed, plain } = this.#models;
    const { values, labels } = this.#digits;
    const dataset = arrayDataset({ values, shape: [...DIGIT_SHAPE], labels });
    const [certifyKey = createKey(0)] = this.#keys;
    const certificates: CenterCertificate[] = [];
    const options = { n: this.#fast ? 1500 : 4000, alpha: ALPHA, radius: RADII, predict: this.#search };
    for await (const { certificate } of certifyDataset(smoothed, dataset, { key: certifyKey, ...options })) {
      const { faults } = verifyCertificate(certificate, noise);
      if (faults.length > 0) throw new Error(faults.join('; '));
      certificates.push(certificate);
    }
    const plainOutputs = await outputsOf(plain, values);
    const digits: OutputResult['digits'][number][] = [];
    for (const [index, certificate] of certificates.entries()) {
      const byRadius: RadiusResult[] = [];
      for (const k of RADII.keys()) byRadius.push(await this.#attacked(index, certificate, k, plainOutputs[index]));
      digits.push({ label: labels[index] ?? -1, byRadius });
    }
    const centers = certificates.map(({ center }) => center && Float32Array.from(center));
    return {
      ...{ output, sigma: SIGMA, alpha: ALPHA },
      betweenClasses: betweenClasses(centers, labels),
      betweenClassesPlain: betweenClasses(plainOutputs, labels),
      abstained: certificates.filter(({ center }) => center === null).length,
      digits,
    };
  }

  get #search() {
    return { n: this.#fast ? 300 : 2000, alpha: ALPHA };
  }

  /** Attacks one digit within the k-th radius, and holds what moves against its certificate. */
  async #attacked(
    index: number,
    certificate: CenterCertificate,
    k: number,
    plainOutput: Float32Array = new Float32Array(),
  ) {
    const { smoothed, base, plain, output } = this.#models;
    const { radius = 0, distance: certified = null, coveringRadius = null } = certificate.bounds[k] ?? {};
    const image = this.#digits.values.subarray(index * PIXELS, (index + 1) * PIXELS);
    const [, attackKey = createKey(0)] = this.#keys;
    const [plainKey, smoothKey, judgeKey] = split(foldIn(foldIn(attackKey, index), k), 3);
    const attack = { radius, steps: this.#fast ? 3 : 25, sigma: SIGMA };
    const pushedPlain = await pushAway(plain, image, { ...attack, numNoise: 0, key: plainKey });
    const [plainThere = plainOutput] = await outputsOf(plain, pushedPlain);
    const pushed = await pushAway(base, image, { ...attack, numNoise: this.#fast ? 2 : 8, key: smoothKey });
    const x = tf.tensor(pushed, [...DIGIT_SHAPE]);
    const there = await smoothed.predict(x, { key: judgeKey, ...this.#search });
    x.dispose();

    const movedPlain = euclidean.between(plainOutput, plainThere);
    const { center } = certificate;
    if (center === null || there.center === null)
      return { radius, certified, moved: null, certifiedThere: null, movedPlain };
    const moved = euclidean.between(Float32Array.from(center), Float32Array.from(there.center));
    const certifiedThere =
      coveringRadius === null || there.ballRadius === null ? null : coveringRadius + there.ballRadius;
    if (moved > (certified ?? Infinity) || moved > (certifiedThere ?? Infinity)) {
      throw new Error(`digit ${index} moved by ${moved} within ${radius}, though ${certified} is certified`);
    }
    if (output === 'reconstruction' && k === RADII.length - 1) {
      this.shown.push({ image: [...image], answer: center, pushed: [...pushed], answerThere: there.center });
    }
    return { radius, certified, moved, certifiedThere, movedPlain };
  }
}

/** Median distance between outputs of different classes. */
function betweenClasses(outputs: readonly (Float32Array | null)[], labels: readonly number[]): number {
  const distances = outputs.flatMap((a, i) =>
    outputs
      .slice(i + 1)
      .flatMap((b, j) => (a && b && labels[i] !== labels[i + 1 + j] ? [euclidean.between(a, b)] : [])),
  );
  return distances.sort((a, b) => a - b)[Math.floor(distances.length / 2)] ?? NaN;
}

const [, started] = process.argv;
if (started !== undefined && pathToFileURL(started).href === import.meta.url) {
  const out = process.argv.indexOf('--out');
  const folder = out < 0 ? join('build', 'center') : (process.argv[out + 1] ?? '');
  await main({ fast: process.argv.includes('--fast'), folder });
}

/**
 * What an incremental certificate saves: a network of digits is certified once in float32, then changed in two ways (int8 by ONNX, fine-tuned), and each changed network is
 * certified from the old certificates and anew.
 *
 * Run it with `npx tsx examples/incremental/main.ts` after `npm run build`; it takes some minutes. It finds onnxruntime-node in node_modules, or beside the package.json that
 * `CATRS_ONNXRUNTIME` names (an absolute path); without it the weights are rounded to int8, and TensorFlow.js computes with them in float32. `--fast` trains and certifies
 * little, for the tests. `--out FOLDER` says where the files go (default `build/incremental`): results.json, saves.svg and, with a runtime, lenet-int8.onnx.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import {
  createKey,
  fillNormals,
  fixedRadius,
  foldIn,
  GaussianLoss,
  GaussianNoise,
  type Key,
  plannedRadius,
  SmoothedClassifier,
  split,
  trainableVariables,
  verifyCertificate,
} from 'catrs';
import { lenet } from 'catrs/models';
import { onnxClassifier } from 'catrs/onnx';
import { useWasm } from 'catrs/wasm';
import { DIGIT_SHAPE, loadDigits } from '../load-digits.ts';
import { findRuntime } from '../reproduce/open-smoothed.ts';
import { int8Lenet, measureRanges } from './int8-lenet.ts';
import { incrementalPicture } from './picture.ts';

/** What one changed network needed at one radius. */
export interface IncrementalRow {
  readonly change: string;
  readonly radius: number;
  /** Share of votes for the class that it lost, over all digits. */
  readonly lost: number;
  /** Mean samples of a run of its own by `fixedRadius`, and the share of digits that it certified. */
  readonly anew: readonly [samples: number, certified: number];
  /** The same by `plannedRadius`, without a selection sample. */
  readonly planned: readonly [samples: number, certified: number];
  /** The same from the old certificate. */
  readonly incremental: readonly [samples: number, certified: number];
}

/** How far one changed network is certified with few samples. */
export interface RadiusRow {
  readonly change: string;
  /** Samples that the changed network voted on, for each digit. */
  readonly samples: number;
  /** Mean radius of the old network by all its samples, of the changed one by a run of its own, and from the old certificate; 0 where it abstains. */
  readonly old: number;
  readonly anew: number;
  readonly incremental: number;
}

/** What the example writes. */
export interface IncrementalResults {
  readonly sigma: number;
  /** What ran the network in int8. */
  readonly int8: 'onnxruntime-node' | 'rounded weights in TensorFlow.js';
  /** Samples of the old certificates. */
  readonly n: number;
  readonly digits: number;
  readonly radii: readonly RadiusRow[];
  readonly rows: readonly IncrementalRow[];
}

const SIGMA = 0.5;
const RADII = [0.5, 0.75, 1];

/** Trains, certifies, changes, certifies again. */
export async function main({
  fast,
  folder,
}: {
  readonly fast: boolean;
  readonly folder: string;
}): Promise<IncrementalResults> {
  await useWasm();
  await mkdir(folder, { recursive: true });
  const [modelKey, trainingKey, tuningKey, certifyKey, anewKey] = split(createKey(22), 5);
  const [rangesKey] = split(createKey(23), 1);
  const noise = new GaussianNoise({ sigma: SIGMA });
  const model = lenet({ key: modelKey });
  await train(model, { noise, steps: fast ? 20 : 600, from: 0, rate: 1e-3, key: trainingKey });

  const int8 = await inInt8(model, { noise, folder, key: rangesKey });
  const tuned = copyOf(model);
  await train(tuned, { noise, steps: fast ? 2 : 20, from: 400, rate: 1e-5, key: tuningKey });

  const count = fast ? 2 : 100;
  const n = fast ? 400 : 10_000;
  const { values } = await loadDigits({ from: 800, perClass: 10 });
  const images = Array.from({ length: count }, (_, i) =>
    tf.tensor(values.slice(i * 784, (i + 1) * 784), [...DIGIT_SHAPE]),
  );
  const g = new SmoothedClassifier(model, { noise });
  const old = [];
  for (const [i, image] of images.entries())
    old.push(await g.certify(image, { key: foldIn(certifyKey, i), n, keepVotes: n / 2 }));

  const radii: RadiusRow[] = [];
  const rows: IncrementalRow[] = [];
  for (const [change, changed] of [
    ['int8', int8.smoothed],
    ['fine-tuned', new SmoothedClassifier(tuned, { noise })],
  ] as const) {
    for (const samples of fast ? [100] : [500, 2000]) {
      const sums = { old: 0, anew: 0, incremental: 0 };
      for (const [i, image] of images.entries()) {
        const from = old[i];
        if (from === undefined) continue;
        const c = await changed.recertify(image, { from, n: samples });
        const own = await changed.certify(image, { key: foldIn(anewKey, i), n: samples, alpha: c.alpha });
        sums.old += from.radius / count;
        sums.anew += own.radius / count;
        sums.incremental += c.radius / count;
      }
      console.log(
        `${change}, ${samples} samples: mean radius ${sums.anew.toFixed(3)} anew, ${sums.incremental.toFixed(3)} from the old certificate (${sums.old.toFixed(3)})`,
      );
      radii.push({ change, samples, ...sums });
    }
    for (const radius of RADII) {
      const sums = { lost: 0, pairs: 0, anew: [0, 0], planned: [0, 0], incremental: [0, 0] };
      const plan = plannedRadius({ radius });
      for (const [i, image] of images.entries()) {
        const from = old[i];
        if (from === undefined) continue;
        const c = await changed.recertify(image, { from, until: radius });
        assert.ok(verifyCertificate(c, noise).valid);
        // The same level as both bounds together.
        const rule = fixedRadius({ radius });
        const own = await changed.certify(image, { key: foldIn(anewKey, i), n, alpha: c.alpha, rule });
        const short = await changed.certify(image, { key: foldIn(anewKey, i), n, n0: 0, alpha: c.alpha, rule: plan });
        add(sums.planned, short.nUsed, !short.abstained);
        sums.lost += c.losses;
        sums.pairs += c.nUsed;
        add(sums.incremental, c.nUsed, c.radius >= radius);
        add(sums.anew, own.n0 + own.nUsed, !own.abstained);
      }
      const mean = ([samples = 0, certified = 0]: readonly number[]): [number, number] => [
        samples / count,
        certified / count,
      ];
      const lost = sums.lost / Math.max(1, sums.pairs);
      const row = {
        change,
        radius,
        lost,
        anew: mean(sums.anew),
        planned: mean(sums.planned),
        incremental: mean(sums.incremental),
      };
      console.log(
        `${change}, radius ${radius}: anew ${row.anew[0].toFixed(0)} samples (${row.anew[1].toFixed(2)} certified), planned ${row.planned[0].toFixed(0)} (${row.planned[1].toFixed(2)}), from the old certificate ${row.incremental[0].toFixed(0)} (${row.incremental[1].toFixed(2)}), lost ${lost.toExponential(1)}`,
      );
      rows.push(row);
    }
  }
  const results = { sigma: SIGMA, int8: int8.by, n, digits: count, radii, rows };
  await writeFile(join(folder, 'results.json'), `${JSON.stringify(results)}\n`);
  await writeFile(join(folder, 'saves.svg'), await incrementalPicture(results));
  tf.dispose(images);
  for (const one of [model, tuned]) one.dispose();
  int8.dispose();
  return results;
}

function add(sums: number[], samples: number, certified: boolean): void {
  sums[0] = (sums[0] ?? 0) + samples;
  sums[1] = (sums[1] ?? 0) + Number(certified);
}

function copyOf(model: tf.LayersModel): tf.LayersModel {
  const copy = lenet({ key: createKey(0) });
  copy.setWeights(model.getWeights());
  return copy;
}

/** The changed network: by onnxruntime, all of it in int8, or else its rounded weights. */
async function inInt8(
  model: tf.LayersModel,
  { noise, folder, key }: { readonly noise: GaussianNoise; readonly folder: string; readonly key: Key },
): Promise<{ by: IncrementalResults['int8']; smoothed: SmoothedClassifier; dispose: () => void }> {
  const runtime = findRuntime();
  if (runtime === undefined) {
    console.log('onnxruntime-node is not installed: the weights are rounded to int8, the sums are those of float32');
    const copy = copyOf(model);
    copy.setWeights(tf.tidy(() => model.getWeights().map(roundedToInt8)));
    const by = 'rounded weights in TensorFlow.js';
    return { by, smoothed: new SmoothedClassifier(copy, { noise }), dispose: () => copy.dispose() };
  }
  // Images of the training set under noise of a key of its own: the pairs of votes must be fresh to the change.
  const { values, labels } = await loadDigits({ from: 0, perClass: 50 });
  const normals = new Float32Array(values.length);
  fillNormals(normals, { key, start: 0, dimension: 784 });
  const noisy = tf.tensor(
    values.map((value, i) => value + SIGMA * (normals[i] ?? 0)),
    [labels.length, ...DIGIT_SHAPE],
  );
  const file = await int8Lenet(model, await measureRanges(model, noisy));
  noisy.dispose();
  await writeFile(join(folder, 'lenet-int8.onnx'), file);
  const session = await runtime.InferenceSession.create(file, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const classifier = onnxClassifier(session, { Tensor: runtime.Tensor, engine: 'onnxruntime-node, int8' });
  return { by: 'onnxruntime-node', smoothed: new SmoothedClassifier(classifier, { noise }), dispose: () => undefined };
}

/** Weights as int8 with one scale for each output, and as floats again; biases stay. */
function roundedToInt8(weights: tf.Tensor): tf.Tensor {
  if (weights.rank < 2) return weights.clone();
  const axes = Array.from({ length: weights.rank - 1 }, (_, axis) => axis);
  const scale = tf.div(tf.max(tf.abs(weights), axes, true), 127);
  return tf.mul(tf.round(tf.div(weights, scale)), scale);
}

async function train(
  model: tf.LayersModel,
  { noise, steps, from, rate, key }: { noise: GaussianNoise; steps: number; from: number; rate: number; key: Key },
): Promise<void> {
  const { values, labels } = await loadDigits({ from, perClass: 400 });
  const x = tf.tensor(values, [labels.length, ...DIGIT_SHAPE]);
  const loss = new GaussianLoss(model, { noise });
  const optimizer = tf.train.adam(rate);
  const size = 64;
  for (let step = 0; step < steps; step++) {
    const first = (step * size) % (labels.length - size);
    const batch = tf.slice(x, first, size);
    using prepared = loss.prepare({ x: batch, labels: labels.slice(first, first + size), key: foldIn(key, step) });
    optimizer.minimize(() => prepared.value(), false, trainableVariables(model));
    batch.dispose();
    if (step % 50 === 0) await tf.nextFrame();
  }
  x.dispose();
  optimizer.dispose();
}

const [, started] = process.argv;
if (started !== undefined && pathToFileURL(started).href === import.meta.url) {
  const at = process.argv.indexOf('--out');
  const folder = at < 0 ? 'build/incremental' : (process.argv[at + 1] ?? '');
  await main({ fast: process.argv.includes('--fast'), folder });
}

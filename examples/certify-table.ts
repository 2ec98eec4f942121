/**
 * Certifies rows of a table in the units of its columns: how wrong the measures of a penguin may be before its species changes.
 *
 * Run it with `npx tsx examples/certify-table.ts` after `npm run build`; with `--write FOLDER` it writes the results and the picture of
 * docs/guide/tabular.md. It needs the package `@tensorflow/tfjs-backend-wasm`.
 *
 * Millimetres and grams have no common length. Noise with a scale for each column makes one: a change counts in units of those scales.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {
  type Certificate,
  certifyDataset,
  type Classifier,
  createKey,
  foldIn,
  GaussianLoss,
  gaussianRegion,
  GaussianNoise,
  type Key,
  SmoothedClassifier,
  split,
  normalizeInput,
  trainableVariables,
  verifyCertificate,
} from 'catrs';
import { arrayDataset } from 'catrs/data';
import { useWasm } from 'catrs/wasm';
import { type ExampleOptions, runExample } from './run-example.ts';
import { tablePicture } from './tabular/picture.ts';
import { FEATURES, loadPenguins, type Penguin, SPECIES, spreadOf } from './tabular/penguins.ts';

const ALPHA = 0.001;
/** Errors of all four measures at once: 1 mm, 0.5 mm, 3 mm and 150 g. */
const ERRORS = [1, 0.5, 3, 150];

/** A penguin that no training has seen, and its certificate. */
export interface CertifiedPenguin extends Penguin {
  readonly certificate: Certificate;
  readonly correct: boolean;
}

/** What one noise certifies. */
export interface TableResult {
  readonly name: string;
  readonly sigma: number | readonly number[];
  readonly penguins: readonly CertifiedPenguin[];
  /** Share whose species is right and certified. */
  readonly certified: number;
  /** Share for which all of {@link ERRORS} together, in any direction, change nothing. */
  readonly withstandErrors: number;
  /** How far each measure may be off alone, in its unit: the median over all penguins, 0 where nothing is certified. */
  readonly medianAxes: readonly number[];
  /** Median of the radii of balls with the volume of the regions. */
  readonly medianMeanRadius: number;
}

/** Trains on two of three penguins and certifies the others, with a scale for each measure and with one for all. */
export async function main({ fast }: ExampleOptions): Promise<TableResult[]> {
  await useWasm();
  const penguins = await loadPenguins();
  const isHeldOut = (i: number): boolean => i % 3 === 0;
  const training = penguins.filter((_, i) => !isHeldOut(i));
  const heldOut = penguins.filter((_, i) => isHeldOut(i)).filter((_, i) => !fast || i % 8 === 0);

  // Scales come from training data alone, and are the same for every penguin: 0.4 standard deviations.
  const { deviation } = spreadOf(training);
  const own = deviation.map((one) => 0.4 * one);
  const common = Math.exp(own.reduce((sum, one) => sum + Math.log(one), 0) / own.length); // of the same volume
  const noises = [
    { name: 'a scale for each measure', noise: new GaussianNoise({ sigma: own }) },
    { name: 'one scale for all', noise: new GaussianNoise({ sigma: common }) },
  ];
  const results: TableResult[] = [];
  for (const [i, { name, noise }] of noises.entries()) {
    const [trainKey, certifyKey] = split(createKey(i), 2);
    using model = await train(training, { noise, epochs: fast ? 100 : 300, key: trainKey! });
    results.push(await certify(heldOut, { name, noise, model, key: certifyKey!, n: fast ? 1000 : 10_000 }));
  }
  await report(results);
  return results;
}

interface Model {
  readonly classifier: Classifier;
  [Symbol.dispose](): void;
}

/** A network with 32 hidden units behind its own standardization, trained with the noise of the certificate. */
async function train(
  penguins: readonly Penguin[],
  { noise, epochs, key }: { readonly noise: GaussianNoise; readonly epochs: number; readonly key: Key },
): Promise<Model> {
  const layer = (units: number, seed: number, more: object = {}): tf.layers.Layer =>
    tf.layers.dense({ units, kernelInitializer: tf.initializers.glorotUniform({ seed }), ...more });
  const network = tf.sequential({
    layers: [layer(32, 1, { inputShape: [FEATURES.length], activation: 'relu' }), layer(SPECIES.length, 2)],
  });
  // Of training data, fixed: what is centred and divided here is the noisy row, so sigma stays in millimetres and grams.
  const { mean, deviation } = spreadOf(penguins);
  const classifier = normalizeInput(network, { mean, std: deviation });
  const loss = new GaussianLoss(classifier, { noise, numNoise: 4 });
  const optimizer = tf.train.adam(0.01);
  const x = tf.tensor2d(penguins.map(({ measures }) => [...measures]));
  const labels = penguins.map(({ species }) => species);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const step = loss.prepare({ x, labels, key: foldIn(key, epoch) });
    optimizer.minimize(() => step.value(), false, trainableVariables(network));
    step.dispose();
    if (epoch % 20 === 0) await tf.nextFrame();
  }
  x.dispose();
  optimizer.dispose();
  return { classifier, [Symbol.dispose]: () => void network.dispose() };
}

interface Run {
  readonly name: string;
  readonly noise: GaussianNoise;
  readonly model: Model;
  readonly key: Key;
  readonly n: number;
}

async function certify(penguins: readonly Penguin[], { name, noise, model, key, n }: Run): Promise<TableResult> {
  const g = new SmoothedClassifier(model.classifier, {
    noise,
    numClasses: SPECIES.length,
    inputRange: [0, 10_000], // no penguin measures more, in mm or g
  });
  const testSet = arrayDataset({
    values: Float32Array.from(penguins.flatMap(({ measures }) => measures)),
    shape: [FEATURES.length],
    labels: penguins.map(({ species }) => species),
  });
  const found: CertifiedPenguin[] = [];
  for await (const { index, certificate, correct } of certifyDataset(g, testSet, {
    key,
    n,
    alpha: ALPHA,
    norm: 'scaled',
  })) {
    assert(verifyCertificate(certificate, noise).valid);
    found.push({ ...penguins[index]!, certificate, correct });
  }
  const regions = found.map(({ certificate, correct }) =>
    gaussianRegion(correct ? certificate : { ...certificate, radius: 0 }, noise),
  );
  const share = (holds: (one: CertifiedPenguin) => boolean): number =>
    found.filter((one) => one.correct && holds(one)).length / found.length;
  return {
    name,
    sigma: noise.sigma,
    penguins: found,
    certified: share(({ certificate }) => certificate.radius > 0),
    withstandErrors: share(({ certificate }) => noise.scaledNorm(ERRORS) < certificate.radius),
    medianAxes: FEATURES.map((_, k) => median(regions.map(({ axes }) => axes[k]!))),
    medianMeanRadius: median(regions.map(({ meanRadius }) => meanRadius)),
  };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!; // prettier-ignore

async function report(results: readonly TableResult[]): Promise<void> {
  const inUnits = (values: readonly number[]): string =>
    values.map((value, k) => `${FEATURES[k]!.name} ±${Number(value.toPrecision(2))} ${FEATURES[k]!.unit}`).join(', ');
  for (const { name, penguins, certified, withstandErrors, medianAxes } of results) {
    const percent = (of: number): string => `${(100 * of).toFixed(0)} %`;
    console.log(`${name}: ${percent(certified)} of ${penguins.length} penguins are right and certified`);
    console.log(`  half of them withstand each of these alone: ${inUnits(medianAxes)}`);
    console.log(`  ${percent(withstandErrors)} withstand ${inUnits(ERRORS)} together`);
  }
  const [first] = results[0]!.penguins;
  const { radius } = first!.certificate;
  const box = (results[0]!.sigma as readonly number[]).map((one) => (one * radius) / Math.sqrt(FEATURES.length));
  console.log(`the first penguin, ${SPECIES[first!.species]}: ${inUnits(box)} together change nothing`);
  const folder = process.argv[process.argv.indexOf('--write') + 1];
  if (!process.argv.includes('--write') || folder === undefined) return;
  const rows = results.map(({ penguins, ...rest }) => ({
    ...rest,
    penguins: penguins.length,
    radii: penguins.map(({ certificate, correct }) => (correct ? certificate.radius : 0)),
  }));
  await writeFile(join(folder, 'results.json'), `${JSON.stringify({ alpha: ALPHA, errors: ERRORS, rows }, null, 1)}\n`);
  await writeFile(join(folder, 'penguins.svg'), tablePicture(results[0]!));
}

await runExample(import.meta.url, main);

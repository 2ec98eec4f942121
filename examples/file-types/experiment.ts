import { type CertifiedRow, certifyDataset, createKey, DeletionNoise, foldIn, SmoothedClassifier } from 'catrs';
import { arrayDataset } from 'catrs/data';
import { loadFragments, TYPES } from './data.ts';
import { copyClassifier, PAD, train } from './model.ts';

/** A chance of deletion, and how many columns of its copies the network reads. */
export interface NoiseSettings {
  readonly deletion: number;
  readonly columns: number;
}

/** What to train and to certify. */
export interface Settings {
  /** Bytes of a fragment. */
  readonly fragment: number;
  /** Bytes of an input: a fragment may grow to this. */
  readonly length: number;
  readonly noises: readonly NoiseSettings[];
  /** Fragments of each type. */
  readonly training: number;
  readonly evaluation: number;
  readonly epochs: number;
  readonly n0: number;
  readonly n: number;
  readonly alpha: number;
}

/** The settings of the published run. */
export const published: Settings = {
  fragment: 480,
  length: 512,
  noises: [
    { deletion: 0.9, columns: 96 },
    { deletion: 0.97, columns: 48 },
  ],
  training: 1500,
  evaluation: 60,
  epochs: 40,
  n0: 100,
  n: 2000,
  alpha: 0.001,
};

/** One noise, and what was certified with it. */
export interface Outcome {
  readonly deletion: number;
  readonly rows: readonly CertifiedRow[];
}

/** Trains a network for each noise and certifies the fragments held out. */
export async function runExperiment(settings: Settings, tell: (line: string) => void): Promise<Outcome[]> {
  const { fragment, length, training, evaluation, epochs, n0, n, alpha } = settings;
  const key = createKey(0);
  const data = loadFragments({ length: fragment, training, evaluation, key: foldIn(key, 0) });
  const outcomes: Outcome[] = [];
  for (const [index, { deletion, columns }] of settings.noises.entries()) {
    const noise = new DeletionNoise({ length, deletion, padId: PAD });
    const network = copyClassifier(columns, index);
    const begun = performance.now();
    await train(network, data.training, {
      noise,
      epochs,
      batchSize: 128,
      learningRate: 2e-3,
      key: foldIn(key, 10 + index),
      onEpoch: (epoch, loss) => tell(`p = ${deletion}, epoch ${epoch}: loss ${loss.toFixed(3)}`),
    });
    tell(`trained in ${((performance.now() - begun) / 1000).toFixed(0)} s`);
    const { bytes, labels } = data.evaluation;
    const values = Float32Array.from(bytes.flatMap((one) => Array.from(noise.pad(one))));
    const dataset = arrayDataset({ values, labels, shape: [length] });
    const g = new SmoothedClassifier(network.classifier, { noise, numClasses: TYPES.length });
    const options = { key: foldIn(key, 20 + index), n0, n, alpha };
    const rows: CertifiedRow[] = [];
    const trained = performance.now();
    for await (const row of certifyDataset(g, dataset, options)) rows.push(row);
    tell(`certified in ${((performance.now() - trained) / 1000).toFixed(0)} s`);
    network.dispose();
    outcomes.push({ deletion, rows });
  }
  return outcomes;
}

import * as tf from '@tensorflow/tfjs';
import { DIGIT_SHAPE, loadDigits } from '../../examples/load-digits.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { attackDataset, type AttackedRow } from '../../src/evaluate/attack-dataset.ts';
import { type CertifiedRow, certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import {
  createKey,
  foldIn,
  GaussianLoss,
  GaussianNoise,
  SmoothedClassifier,
  SmoothedPgd,
  trainableVariables,
} from '../../src/index.ts';

/** How large a run is. */
export interface DigitRun {
  readonly model: tf.LayersModel;
  readonly trainingSteps: number;
  /** Test images. */
  readonly images: number;
  /** Noisy copies of a certificate. */
  readonly n: number;
  /** Noisy copies of a prediction. */
  readonly votes: number;
  readonly alpha: number;
  /** Budgets of the attack. */
  readonly radii: readonly number[];
  readonly steps: number;
  readonly numNoise: number;
}

const SIGMA = 0.25;

/** Trains on real digits, certifies others, and attacks them with every budget. The model is disposed. */
export async function attackDigits(run: DigitRun): Promise<{ certified: CertifiedRow[]; attacked: AttackedRow[][] }> {
  const { model, images, n, votes, alpha, radii } = run;
  const noise = new GaussianNoise({ sigma: SIGMA });
  await train(model, noise, run.trainingSteps);
  const g = new SmoothedClassifier(model, { noise, numClasses: 10 });
  const { values, labels } = await loadDigits({ from: 800, perClass: images / 10 });
  const dataset = arrayDataset({ values, labels, shape: DIGIT_SHAPE });
  const certified: CertifiedRow[] = [];
  for await (const row of certifyDataset(g, dataset, { key: createKey(2), n, alpha })) certified.push(row);
  const attacked: AttackedRow[][] = [];
  for (const epsilon of radii) {
    const { steps, numNoise } = run;
    const attack = new SmoothedPgd({ epsilon, steps, numNoise });
    const rows: AttackedRow[] = [];
    for await (const row of attackDataset(g, attack, dataset, { key: createKey(3), n: votes, alpha })) rows.push(row);
    attacked.push(rows);
  }
  model.dispose();
  return { certified, attacked };
}

async function train(model: tf.LayersModel, noise: GaussianNoise, steps: number): Promise<void> {
  const { values, labels } = await loadDigits({ perClass: 100 });
  const x = tf.tensor(values, [labels.length, ...DIGIT_SHAPE]);
  const loss = new GaussianLoss(model, { noise });
  const optimizer = tf.train.adam(0.003);
  const size = 50;
  for (let step = 0; step < steps; step++) {
    const first = (step * size) % labels.length;
    const batch = tf.slice(x, first, size);
    const batchLabels = labels.slice(first, first + size);
    using prepared = loss.prepare({ x: batch, labels: batchLabels, key: foldIn(createKey(1), step) });
    optimizer.minimize(() => prepared.value(), false, trainableVariables(model));
    batch.dispose();
  }
  x.dispose();
  optimizer.dispose();
}

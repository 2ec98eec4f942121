/**
 * Seven training methods in one loop of the host: the method is one word (`methods[name]` of `catrs/recipes`), everything else stays as it is.
 *
 * Run it with `npx tsx examples/switch-method.ts [METHOD]` after `npm run build`; without METHOD all seven train, one after the other. It
 * needs the package `@tensorflow/tfjs-backend-wasm`. The settings are small ones for a first look, not those of the papers
 * (`presets` of `catrs/recipes` has those).
 */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import {
  averageCertifiedRadius,
  certifyDataset,
  type CertifiedRow,
  checkTraining,
  createKey,
  foldIn,
  GaussianNoise,
  type Key,
  type LabelledDataset,
  prepareAsync,
  SmoothedClassifier,
  trainableVariables,
  type TrainingBatch,
  type TrainingLoss,
} from 'catrs';
import { arrayDataset } from 'catrs/data';
import { lenet } from 'catrs/models';
import { type PublishedMethod, type MethodOptions, methods, Sgd, trainingBatches } from 'catrs/recipes';
import { useWasm } from 'catrs/wasm';
import { DIGIT_SHAPE, loadDigits } from './load-digits.ts';
import { type ExampleOptions, runExample } from './run-example.ts';

const noise = new GaussianNoise({ sigma: 0.25 });

/** The settings of each method: small ones for a first look. */
const settings: { readonly [M in PublishedMethod]: Omit<MethodOptions<M>, 'noise'> } = {
  gaussian: { loss: {} },
  stability: { loss: { lambda: 2 } },
  smoothadv: { loss: { numNoise: 2, warmupEpochs: 2 }, attack: { epsilon: 0.5, steps: 2 } },
  macer: { loss: { lambda: 4, numNoise: 8, deferredEpochs: 1 } },
  consistency: { loss: { lambda: 5 } },
  smoothmix: { loss: { warmupEpochs: 2 }, attack: { stepSize: 0.25, steps: 2 } },
  catrs: { loss: { numNoise: 2, lambda: 0.5 }, attack: { epsilon: 0.5, steps: 2 } },
};

/** The loss of a method by its name: the one line that a change of method changes. */
function lossOf<M extends PublishedMethod>(name: M, model: tf.LayersModel): TrainingLoss {
  return methods[name].make(model, { noise, ...settings[name] });
}

/** Images and settings of a run. */
export interface TrainingSetting {
  readonly training: LabelledDataset;
  readonly evaluation: LabelledDataset;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Samples of a certificate. */
  readonly n: number;
}

/** What a run shows, each before and after training. */
export interface MethodResult {
  /** The method's own loss on the first evaluation images, with the draws of one key. */
  readonly loss: readonly [before: number, after: number];
  /** Average certified radius on the evaluation images. */
  readonly radius: readonly [before: number, after: number];
  /** Tensors that the steps after the first left behind. */
  readonly leaked: number;
}

/** Trains a new LeNet with a method, and asks before and after what it is worth. */
export async function trainWith(method: PublishedMethod, setting: TrainingSetting): Promise<MethodResult> {
  const key = createKey(7);
  const model = lenet({ key: foldIn(key, 0) });
  const loss = lossOf(method, model); // the one line
  const optimizer = new Sgd({ learningRate: setting.learningRate, momentum: 0.9, weightDecay: 1e-4 });
  const variables = trainableVariables(model);
  const worth = async (): Promise<readonly [loss: number, radius: number]> => [
    await meanLoss(loss, setting, foldIn(key, 1)),
    averageCertifiedRadius(await certified(model, setting, foldIn(key, 2))),
  ];
  const before = await worth();
  let [step, tensors] = [0, NaN];
  for (let epoch = 0; epoch < setting.epochs; epoch++) {
    const epochKey = foldIn(foldIn(key, 3), epoch);
    for await (const batch of trainingBatches(setting.training, { batchSize: setting.batchSize, key: epochKey })) {
      {
        const given = { x: batch.x, labels: batch.labels, epoch, key: foldIn(foldIn(key, 4), step) };
        if (step === 0) await checkTraining(loss, given); // what a loss cannot look at without waiting
        using prepared = await prepareAsync(loss, given);
        optimizer.minimize(() => prepared.value(), false, variables);
      }
      batch.x.dispose();
      if (step++ === 0) tensors = tf.memory().numTensors; // the optimizer makes its own tensors in the first step
    }
  }
  const leaked = tf.memory().numTensors - tensors;
  const after = await worth();
  optimizer.dispose();
  model.dispose();
  return { loss: [before[0], after[0]], radius: [before[1], after[1]], leaked };
}

/** The loss of the first evaluation images, in the state of the last epoch. */
async function meanLoss(loss: TrainingLoss, { evaluation, epochs }: TrainingSetting, key: Key): Promise<number> {
  const batchSize = Math.min(64, evaluation.size);
  for await (const { x, labels } of trainingBatches(evaluation, { batchSize, key, shuffle: false })) {
    using prepared = loss.prepare({ x, labels, epoch: epochs - 1, key } satisfies TrainingBatch);
    const value = prepared.value();
    const [number = NaN] = await value.data();
    tf.dispose([x, value]);
    return number;
  }
  return NaN;
}

async function certified(model: tf.LayersModel, { evaluation, n }: TrainingSetting, key: Key): Promise<CertifiedRow[]> {
  const rows: CertifiedRow[] = [];
  const g = new SmoothedClassifier(model, { noise });
  for await (const row of certifyDataset(g, evaluation, { key, n0: Math.min(n, 100), n })) rows.push(row);
  return rows;
}

/** Trains with the methods named on the command line, or with all. */
export async function main({
  fast,
}: ExampleOptions): Promise<Readonly<Partial<Record<PublishedMethod, MethodResult>>>> {
  await useWasm();
  const names = Object.keys(settings) as PublishedMethod[];
  const asked = names.filter((name) => process.argv.includes(name));
  const digits = async (from: number, perClass: number): Promise<LabelledDataset> =>
    arrayDataset({ ...(await loadDigits({ from, perClass })), shape: DIGIT_SHAPE });
  const setting: TrainingSetting = {
    training: await digits(0, fast ? 6 : 60),
    evaluation: await digits(800, fast ? 1 : 5),
    epochs: fast ? 1 : 6,
    batchSize: 20,
    learningRate: 0.01,
    n: fast ? 20 : 1000,
  };
  const results: Partial<Record<PublishedMethod, MethodResult>> = {};
  for (const name of asked.length > 0 ? asked : names) {
    const result = await trainWith(name, setting);
    results[name] = result;
    const [loss, radius] = [result.loss, result.radius].map((pair) =>
      pair.map((value) => value.toFixed(3)).join(' -> '),
    );
    console.log(`${name}: loss ${loss}, average certified radius ${radius}`);
    assert.equal(result.leaked, 0);
  }
  console.log(`claim: ${Object.keys(results).length} methods trained in the same loop, and none left a tensor behind`);
  return results;
}

await runExample(import.meta.url, main);

/**
 * Trains one run of the comparison. It can be stopped at any moment and goes on, bit for bit, where it was.
 */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type * as tf from '@tensorflow/tfjs';
import { checkTraining, createKey, foldIn, GaussianNoise, split, trainableVariables } from 'catrs';
import type { TrainingBatch } from 'catrs';
import { decodeNpy } from 'catrs/data';
import type { LabelledDataset, NpyArray } from 'catrs/data';
import { lenet } from 'catrs/models';
import { loadModel, saveModel } from 'catrs/node';
import { microBatches, noisyMetrics, Sgd, trainingBatches } from 'catrs/recipes';
import { learningRateOf } from './config.ts';
import type { RunConfig } from './config.ts';
import { makeLoss } from './make-loss.ts';
import { BEGINNING, goOn, saveStanding } from './standing.ts';
import type { RunFiles, Standing } from './standing.ts';
import { trainingLog } from './training-log.ts';

/** What a run is trained with. */
export interface TrainInput {
  readonly config: RunConfig;
  readonly training: LabelledDataset;
  /** For the learning curve only: nothing is chosen by it. */
  readonly test: LabelledDataset;
  /** NPY file of soft targets for the training images. */
  readonly softTargets?: string | undefined;
  /** Folder of the run whose weights it begins with. */
  readonly init?: string | undefined;
  /** Where the checkpoints, the log and the model go. */
  readonly folder: string;
  /** Called with a line for people. */
  readonly say: (line: string) => void;
  /**
   * Milliseconds between two checkpoints within an epoch; there is always one after each.
   * @defaultValue 60 000
   */
  readonly saveEvery?: number;
}

/** Trains to the last epoch, from a checkpoint if the folder has one; the model and the log are in the folder then. */
export async function train(input: TrainInput): Promise<void> {
  const { config, training, test, softTargets, init, folder, say, saveEvery = 60_000 } = input;
  const { epochs, batchSize, learningRate, momentum, weightDecay, drops } = config.training;
  const [initKey, orderKey, stepKey, testKey] = split(createKey(config.seed), 4);
  const model = lenet({ key: initKey });
  if (init !== undefined) await copyWeights(join(init, 'model.json'), model);
  const optimizer = new Sgd({ learningRate, momentum, weightDecay });
  const step = stepOf(model, optimizer, config);
  const targets = softTargets && (await readSoftTargets(softTargets, training.size));
  await mkdir(folder, { recursive: true });
  const files: RunFiles = {
    checkpoint: join(folder, 'checkpoint.safetensors'),
    trunk: join(folder, 'trunk.safetensors'),
  };
  const record = { config, softTargets: targets ? checksum(targets) : null };
  const save = (standing: Standing): Promise<void> =>
    saveStanding(files.checkpoint, { model, optimizer, record }, standing);

  let now = await goOn(files, { model, optimizer, record }, say);
  while (now.epoch < epochs) {
    const { epoch } = now;
    optimizer.learningRate = learningRateOf(config.training, epoch);
    let [begun, saved] = [performance.now(), performance.now()];
    const batches = trainingBatches(training, {
      batchSize,
      key: foldIn(orderKey, epoch),
      startBatch: now.batch,
      ...(targets && { softTargets: targets }),
    });
    for await (const batch of batches) {
      const losses = await step({ ...batch, key: foldIn(foldIn(stepKey, epoch), now.batch), epoch });
      batch.dispose();
      const sum = losses.reduce((total, loss) => total + loss, now.sum);
      if (!Number.isFinite(sum))
        throw new Error(`a loss of ${folder} is not finite in epoch ${epoch}: ${losses.join(', ')}`);
      const seconds = now.seconds + (performance.now() - begun) / 1000;
      begun = performance.now();
      now = { ...now, batch: now.batch + 1, sum, steps: now.steps + losses.length, seconds };
      if (performance.now() - saved < saveEvery) continue;
      await save(now);
      saved = performance.now();
      const size = Math.ceil(training.size / batchSize);
      say(`epoch ${epoch + 1} of ${epochs}, batch ${now.batch} of ${size}, loss ${(sum / now.steps).toFixed(4)}`);
    }
    const tested = await noisyMetrics(model, test, { noise: new GaussianNoise({ sigma: config.sigma }), key: testKey });
    const row = {
      epoch,
      seconds: now.seconds,
      learningRate: optimizer.learningRate,
      trainingLoss: now.sum / now.steps,
      testLoss: tested.loss,
      testAccuracy: tested.accuracy,
    };
    now = { ...BEGINNING, epoch: epoch + 1, rows: [...now.rows, row] };
    await save(now);
    await writeFile(join(folder, 'training.tsv'), trainingLog(now.rows));
    if (now.epoch === drops[0]) await copyFile(files.checkpoint, files.trunk);
    say(`epoch ${now.epoch} of ${epochs} done: accuracy under noise ${(100 * row.testAccuracy).toFixed(1)} %`);
  }
  await saveModel(model, folder, { overwrite: true });
  optimizer.dispose();
  model.dispose();
}

/** Makes the steps of a batch, one for each of its parts, and gives their losses. */
function stepOf(model: tf.LayersModel, optimizer: Sgd, config: RunConfig): (batch: TrainingBatch) => Promise<number[]> {
  const loss = makeLoss(model, config);
  const variables = trainableVariables(model);
  let isChecked = false;
  return async (batch) => {
    const [size = 0] = batch.x.shape;
    const losses: number[] = [];
    for (const part of microBatches(batch, Math.min(config.training.microBatches, size))) {
      if (!isChecked) await checkTraining(loss, part); // what a loss cannot look at without waiting
      isChecked = true;
      using prepared = loss.prepare(part); // noise and attack, outside the tape
      part.dispose(); // prepared has a copy
      const scalar = optimizer.minimize(() => loss.value(prepared), true, variables) as tf.Scalar;
      losses.push((await scalar.data<'float32'>())[0] ?? NaN);
      scalar.dispose();
    }
    return losses;
  };
}

async function copyWeights(file: string, model: tf.LayersModel): Promise<void> {
  const other = await loadModel(file, { format: 'layers-model' });
  model.setWeights(other.getWeights());
  other.dispose();
}

/** The rows of the first images, where a run trains on a part of them. */
async function readSoftTargets(file: string, images: number): Promise<NpyArray> {
  const { data, shape, ...rest } = await decodeNpy(await readFile(file));
  const [, numClasses = 1] = shape;
  return { ...rest, shape: [images, numClasses], data: data.slice(0, images * numClasses) } as NpyArray;
}

function checksum({ data }: NpyArray): number {
  return crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

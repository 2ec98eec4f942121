/**
 * Trains one run of the comparison. It can be stopped at any moment and goes on, bit for bit, where it was.
 */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type * as tf from '@tensorflow/tfjs';
import { createKey, foldIn, GaussianNoise, split } from 'catrs';
import { decodeNpy } from 'catrs/data';
import type { LabelledDataset, NpyArray } from 'catrs/data';
import { lenet } from 'catrs/models';
import { loadModel, saveModel } from 'catrs/node';
import { noisyMetrics, Sgd, trainingSteps } from 'catrs/recipes';
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
  const { epochs, batchSize, learningRate, momentum, weightDecay, microBatches, drops } = config.training;
  const key = createKey(config.seed);
  const [initKey, , stepKey, testKey] = split(key, 4);
  const model = lenet({ key: initKey });
  if (init !== undefined) await copyWeights(join(init, 'model.json'), model);
  const optimizer = new Sgd({ learningRate, momentum, weightDecay });
  const schedule = (epoch: number): number => learningRateOf(config.training, epoch);
  const noise = new GaussianNoise({ sigma: config.sigma });
  const targets = softTargets === undefined ? undefined : await readSoftTargets(softTargets, training.size);
  await mkdir(folder, { recursive: true });
  const files: RunFiles = {
    checkpoint: join(folder, 'checkpoint.safetensors'),
    trunk: join(folder, 'trunk.safetensors'),
  };
  const record = { config, softTargets: targets ? checksum(targets) : null };
  const save = (standing: Standing): Promise<void> =>
    saveStanding(files.checkpoint, { model, optimizer, record }, standing);

  let now = await goOn(files, { model, optimizer, record }, say);
  const endEpoch = async (): Promise<void> => {
    const { loss, accuracy } = await noisyMetrics(model, test, { noise, key: testKey });
    const row = {
      epoch: now.epoch,
      seconds: now.seconds,
      learningRate: schedule(now.epoch),
      trainingLoss: now.sum / now.steps,
      testLoss: loss,
      testAccuracy: accuracy,
    };
    now = { ...BEGINNING, epoch: now.epoch + 1, rows: [...now.rows, row] };
    await save(now);
    await writeFile(join(folder, 'training.tsv'), trainingLog(now.rows));
    if (now.epoch === drops[0]) await copyFile(files.checkpoint, files.trunk);
    say(`epoch ${now.epoch} of ${epochs} done: accuracy under noise ${(100 * accuracy).toFixed(1)} %`);
  };
  // Stopped between the last batch of an epoch and its figures.
  if (now.epoch < epochs && now.batch === Math.ceil(training.size / batchSize)) await endEpoch();
  let [begun, saved] = [performance.now(), performance.now()];
  const steps = trainingSteps(makeLoss(model, config), training, {
    ...{ optimizer, schedule, epochs, batchSize, microBatches, key, softTargets: targets },
    from: { epoch: now.epoch, batch: now.batch, step: 0, sum: now.sum, count: now.steps },
    lossKey: ({ epoch, batch }) => foldIn(foldIn(stepKey, epoch), batch),
  });
  for await (const { epoch, batches, loss, endsBatch, endsEpoch, state } of steps) {
    if (!Number.isFinite(loss)) throw new Error(`a loss of ${folder} is not finite in epoch ${epoch}: ${loss}`);
    if (!endsBatch) continue;
    const seconds = now.seconds + (performance.now() - begun) / 1000;
    now = { ...now, batch: state.batch, sum: state.sum, steps: state.count, seconds };
    if (performance.now() - saved >= saveEvery) {
      await save(now);
      saved = performance.now();
      say(
        `epoch ${epoch + 1} of ${epochs}, batch ${now.batch} of ${batches}, loss ${(now.sum / now.steps).toFixed(4)}`,
      );
    }
    if (endsEpoch) await endEpoch();
    begun = performance.now();
  }
  await saveModel(model, folder, { overwrite: true });
  optimizer.dispose();
  model.dispose();
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

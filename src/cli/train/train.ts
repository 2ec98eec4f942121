import { checkClassifier } from '../../classifier/check-classifier.ts';
import type { Classifier } from '../../classifier/types.ts';
import { OwnDataset } from '../../data/labelled-dataset.ts';
import { checkTraining } from '../../losses/check-training.ts';
import type { TrainingLoss } from '../../losses/types.ts';
import { loadCheckpoint, saveCheckpoint } from '../../node/checkpoint-files.ts';
import { saveModel } from '../../node/save-model.ts';
import type { DeterministicNoise, Noise } from '../../noise/types.ts';
import { createKey, foldIn } from '../../random/key.ts';
import { trainingKeys } from '../../random/purposes.ts';
import { microBatches } from '../../recipes/micro-batches.ts';
import type { PresetModel } from '../../recipes/preset-types.ts';
import { readBatch } from '../../recipes/read-batch.ts';
import { Sgd } from '../../recipes/sgd.ts';
import { trainingBatches } from '../../recipes/training-batches.ts';
import { currentEngine } from '../../tensors/engine.ts';
import { tensorOver } from '../../tensors/own-tensor.ts';
import type { InputRange, Key } from '../../types.ts';
import type { TrainOptions } from '../commands/train.ts';
import { CliError, type CliIo, EXIT, note, printJson, showProgress } from '../io.ts';
import { enginesToTry, onEngine, startEngine } from '../engines.ts';
import { openTrainable } from '../open-model.ts';
import { refuseOnnx } from '../open-onnx.ts';
import { checkThreadBackend } from '../probe-classifier.ts';
import { isTorchFile, needsArch, torchSizes } from '../torch-model.ts';
import { makeNoise } from '../make-noise.ts';
import { shownTo } from '../open-run.ts';
import { makeLoss, makeModel, nameOf, trainedNoise } from './make-model.ts';
import { filesOf, openRunFolder, type RunFolder, ScalarsLog } from './run-folder.ts';
import { BEGINNING, earlierTraining, type RunRecord, type Standing, standingIn, stateOf } from './run-state.ts';
import { openTrainers, trainEpochs, type TrainRun } from './train-epochs.ts';
import { trainProgress } from './train-progress.ts';
import { resolveSettings, type TrainSettings } from './train-settings.ts';
import { openTrainingData, type TrainingData } from './training-data.ts';

/** Trains a classifier into a folder. @internal */
export async function train(options: TrainOptions, io: CliIo): Promise<void> {
  const { settings: asked, presetModel } = resolveSettings(options);
  if (options.init !== undefined) refuseOnnx(options.init);
  const { workers } = options;
  const earlier = options.resume === true ? await earlierTraining(filesOf(options.out).checkpoint) : undefined;
  const engines = { backend: options.backend, purpose: 'gradients', earlier, workers } as const;
  enginesToTry(engines); // before the data are read
  await startEngine('cpu'); // to look at the model of --init
  const data = await openTrainingData(options, io, await classesOfInit(options, presetModel));
  const key = createKey(options.seed);
  const { init: initKey, order, evaluation } = trainingKeys(key);
  const settings = withNoise(asked, options, data.dataset.shape);
  const noise = trainedNoise(settings);
  const copyShape = noise.copyShape?.(data.dataset.shape) ?? data.dataset.shape;
  const plan = { shape: copyShape, numClasses: data.numClasses, presetModel, key: initKey };
  const { model, classifier, architecture, backend } = await onEngine(engines, io, async (name, say) => {
    const made = await makeModel(options, plan);
    for (const text of made.notes) say(text);
    try {
      await checkModel(made.classifier, data, { noise, sigma: settings.sigma, seed: options.seed });
    } catch (error) {
      made.model.dispose();
      throw error;
    }
    return { ...made, backend: name };
  });
  const engine = currentEngine();
  const { learningRate, momentum, weightDecay } = settings.loop;
  const sgd = new Sgd({ learningRate, momentum, weightDecay });
  try {
    // Both before anything is written: the class of the loss checks the options, and what it makes of a first batch its values.
    const loss = makeLoss(classifier, settings);
    await checkFirstBatch(loss, data, { order, settings, inputRange: options.inputRange });
    const { arch, init, normalize, stateDict, output, layout, mean, std } = options;
    const record = { settings, data: data.record, architecture, backend, engine, workers };
    await using folder = await openRunFolder(options.out, options.resume === true);
    const choice = {
      options: { arch, init, normalize, stateDict, output, layout, mean, std },
      plan,
      settings,
      backend,
      workers,
    };
    await using trainers = await openTrainers(workers, choice, io.workerArguments);
    const threads = workers === 1 ? '' : `, ${workers} threads`;
    note(io, `training ${architecture} by ${options.method} on ${data.dataset.size} images, on ${engine}${threads}`);
    const keys = { run: key, evaluation };
    await runIn(folder, { options, record, data, model, classifier, loss, trainers, sgd, keys }, io);
  } finally {
    sgd.dispose();
    model.dispose();
  }
}

/** The settings with the noise, which for many noises depends on the shape of the images. */
function withNoise(settings: TrainSettings, options: TrainOptions, shape: readonly number[]): TrainSettings {
  if (settings.sigma !== undefined) return settings;
  const { name, parameters } = makeNoise(options, shape);
  return { ...settings, noise: { name, parameters } };
}

interface Setup extends Pick<TrainRun, 'model' | 'classifier' | 'loss' | 'trainers' | 'sgd' | 'data' | 'keys'> {
  readonly options: TrainOptions;
  readonly record: RunRecord;
}

/** Trains from the beginning, or from the checkpoint. */
async function runIn(folder: RunFolder, { options, record, ...run }: Setup, io: CliIo): Promise<void> {
  const { settings } = record;
  const subject = { model: run.model, optimizer: run.sgd };
  const { checkpoint } = folder;
  const begun = performance.now();
  const display = showProgress(io);
  let log: ScalarsLog | undefined;
  try {
    const from = folder.isBegun ? standingIn(await loadCheckpoint(checkpoint, subject), record, checkpoint) : BEGINNING;
    if (folder.isBegun) note(io, `going on after ${from.epoch} epochs and ${from.batch} batches`);
    const save = (standing: Standing): Promise<void> =>
      saveCheckpoint(checkpoint, { ...subject, state: stateOf(record, standing) });
    if (!folder.isBegun) await save(from); // so that a run that is killed in its first epoch can be gone on with
    log = await ScalarsLog.open(folder.log, from.logBytes);
    const told = trainProgress({ display, settings, size: run.data.dataset.size, from });
    const last = await trainEpochs({ ...run, settings, log, signal: io.signal, save, ...told }, from);
    display.end();
    await saveModel(run.model, options.out, { overwrite: true });
    report(last, { folder, options, record, seconds: (performance.now() - begun) / 1000 }, io);
  } catch (error) {
    display.end();
    if (!io.signal.aborted || error !== io.signal.reason) throw error;
    const text = `interrupted; ${checkpoint} is valid, and the same command with --resume goes on`;
    throw new CliError(text, EXIT.interrupted);
  } finally {
    await log?.close();
  }
}

interface Result {
  readonly folder: RunFolder;
  readonly options: TrainOptions;
  readonly record: RunRecord;
  readonly seconds: number;
}

function report(last: Standing, { folder, options, record, seconds }: Result, io: CliIo): void {
  const { epoch, step, loss, accuracy } = last;
  const { model, checkpoint, log } = folder;
  if (options.json) {
    const { engine, settings } = record;
    const { method, sigma, noise } = settings;
    printJson(io, {
      model,
      checkpoint,
      log,
      engine,
      method,
      sigma,
      noise,
      epochs: epoch,
      steps: step,
      loss,
      accuracy,
      seconds,
    });
    return;
  }
  const found =
    loss === null ? '' : `, loss ${loss.toFixed(4)}, accuracy under noise ${(100 * (accuracy ?? 0)).toFixed(1)} %`;
  io.stdout(`${model}: ${epoch} epochs, ${step} steps on ${record.engine}${found}\n`);
}

/** The number of classes of the model of `--init`: that is what the labels are held against. */
async function classesOfInit(
  { init, arch, normalize, stateDict }: TrainOptions,
  presetModel: PresetModel | undefined,
): Promise<number | undefined> {
  if (init !== undefined && isTorchFile(init)) {
    const name = arch ?? nameOf(presetModel);
    if (name === undefined) throw needsArch(init, '--init');
    return (await torchSizes(init, { arch: name, stateDict })).numClasses;
  }
  if (init === undefined || arch !== undefined || normalize !== undefined) return undefined;
  const model = await openTrainable(init);
  try {
    const units = model.outputs[0]?.shape.at(-1) ?? undefined;
    return units === 1 ? 2 : units; // one unit is two classes
  } finally {
    model.dispose();
  }
}

/** Images from which probabilities can be told from logits. */
const PROBE = 8;

async function checkModel(
  classifier: Classifier,
  { dataset, numClasses }: TrainingData,
  {
    noise,
    ...run
  }: { readonly noise: Noise | DeterministicNoise; readonly sigma: number | undefined; readonly seed: number },
): Promise<void> {
  const indices = Uint32Array.from({ length: PROBE }, (_, i) => i % dataset.size);
  const { values } = await readBatch('train', new OwnDataset(dataset), indices, undefined);
  const shown = await shownTo(noise, { values: Float32Array.from(values), size: PROBE }, dataset.shape);
  const shape = noise.copyShape?.(dataset.shape) ?? dataset.shape;
  const sample = tensorOver(shown.values, [PROBE, ...shape], 'float32');
  try {
    await checkClassifier(classifier, sample, { numClasses });
    await checkThreadBackend(classifier, shape, { ...run, batchSize: PROBE });
  } finally {
    sample.dispose();
  }
}

interface FirstBatch {
  readonly order: Key;
  readonly settings: TrainSettings;
  readonly inputRange: InputRange | undefined;
}

/** Shows the loss the first batch of the run, or the first of its parts. */
async function checkFirstBatch(
  loss: TrainingLoss,
  { dataset, softTargets }: TrainingData,
  { order, settings, inputRange }: FirstBatch,
): Promise<void> {
  const { batchSize, microBatches: count } = settings.loop;
  const batches = trainingBatches(dataset, { batchSize, key: foldIn(order, 0), softTargets });
  for await (const batch of batches) {
    using whole = batch;
    for (const part of microBatches({ ...whole, key: order, epoch: 0 }, Math.min(count, whole.labels.length))) {
      using first = part;
      return await checkTraining(loss, first, inputRange && { inputRange });
    }
  }
}

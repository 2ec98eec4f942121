import { extname } from 'node:path';
import type { Classifier, ClassifierOutput, TensorClassifier } from '../classifier/types.ts';
import { GaussianNoise } from '../noise/gaussian-noise.ts';
import { startWorkers, type WorkerCertifier } from '../node/start-workers.ts';
import type { Noise } from '../noise/types.ts';
import { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import type { InputRange } from '../types.ts';
import {
  type AdaptedClassifier,
  adaptedClassifier,
  type AdaptedTo,
  fitOf,
  fitText,
  hasOneUnit,
  type Sample,
} from './adapt-model.ts';
import { behindDenoiser } from './behind-denoiser.ts';
import { type DataOptions, type ModelOptions, modelOptionsOf } from './common-options.ts';
import { scaleNotes } from './input-notes.ts';
import { type EarlierRun, enginesToTry, onEngine, type Purpose } from './engines.ts';
import type { CliIo } from './io.ts';
import { openClassifier, type OpenedClassifier, type OpenPlan } from './open-model.ts';
import { isOnnxFile } from './open-onnx.ts';
import { type DataNeeds, openData } from './open-data.ts';
import type { OpenedData } from './opened-data.ts';
import { checkLabels } from './data/check-labels.ts';
import { asImages, probeClassifier, someImages } from './probe-classifier.ts';

/** What a smoothed classifier is told of its base classifier. @internal */
export interface SmoothingSettings {
  readonly numClasses: number;
  readonly output: ClassifierOutput;
  readonly batchSize?: number | undefined;
  readonly inputRange?: InputRange | undefined;
}

/** Which data and which classifier a command is about. @internal */
export interface RunSettings extends DataOptions, ModelOptions, Omit<SmoothingSettings, 'numClasses'> {
  readonly sigma?: number | undefined;
  readonly seed?: number | undefined;
  readonly workers?: number | undefined;
}

/** What a command needs of the run that it opens. @internal */
export interface RunNeeds extends DataNeeds {
  /** Votes, unless told otherwise. */
  readonly purpose?: Purpose;
  /** The run that is gone on with. */
  readonly earlier?: EarlierRun | undefined;
}

/** Data and a classifier that fit together. @internal */
export interface OpenedRun {
  readonly data: OpenedData;
  readonly opened: OpenedClassifier;
  /** What the model is adapted to. */
  readonly adaptedTo: AdaptedTo;
  readonly smoothing: SmoothingSettings;
  /** Smooths the classifier. */
  readonly smoothed: (noise: Noise) => SmoothedClassifier;
  /** Gives the memory of the classifier back, before the end of the run if threads have their own. */
  readonly close: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** Images from which the probabilities of one unit can be told from its logits, which have both signs. */
const SEVERAL = 64;

/** Opens the data and the classifier of a command, says what runs it, and checks it on the first images. @internal */
export async function openRun(settings: RunSettings, io: CliIo, needs: RunNeeds = {}): Promise<OpenedRun> {
  const { purpose = 'votes', earlier, ...dataNeeds } = needs;
  const { model, backend, workers = 1 } = settings;
  const choice = { backend, purpose, earlier, workers, onnxFile: isOnnxFile(model) ? model : undefined };
  enginesToTry(choice); // before the data are read
  const data = await openData(settings, io, dataNeeds);
  return onEngine(choice, io, (engine, say) =>
    openOn({ engine, workers, shape: data.dataset.shape }, { settings, data, say }),
  );
}

/** What is opened on an engine. */
interface ToOpen {
  readonly settings: RunSettings;
  readonly data: OpenedData;
  readonly say: (text: string) => void;
}

async function openOn(plan: OpenPlan, { settings, data, say }: ToOpen): Promise<OpenedRun> {
  const opened = await openClassifier(settings, plan);
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await opened.dispose();
    isOpen = false;
  };
  try {
    say(`running on ${opened.engine}${settings.denoiser === undefined ? '' : `, behind ${settings.denoiser}`}`);
    const { classifier: model, source } = opened;
    const { dataset, fromBytes } = data;
    const { model: path, batchSize, inputRange, sigma } = settings;
    const { shape } = dataset;
    const changed = fitText(fitOf(path, model, shape, settings.layout), shape);
    if (changed !== undefined) say(changed);
    const sample = await someImages(dataset);
    for (const line of await scaleNotes({
      ...settings,
      path,
      model: source?.classifier ?? model,
      inputRange,
      sigma,
      fromBytes,
    }))
      say(line);
    const more = (): Promise<Sample> => someImages(dataset, SEVERAL);
    const isBinary = await asImages(path, shape, () =>
      hasOneUnit(path, model, settings, { sample, more, shape, source: source?.classifier }),
    );
    const adaptedTo = { shape, isBinary };
    const { classifier, reference, output } = classifierOf(opened, settings, adaptedTo);
    const numClasses = await probeClassifier(classifier, { path, output, shape, sample, run: settings, reference });
    checkLabels(data, { numClasses, model: path });
    const smoothing = { numClasses, output, batchSize, inputRange };
    return {
      data,
      opened,
      adaptedTo,
      smoothing,
      smoothed: (noise) => smoothedClassifier(classifier, noise, smoothing),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The classifier of a command, and what `cpu` computes of it, where another runtime has it. @internal */
export function classifierOf(
  { classifier, denoiser, source }: Pick<OpenedClassifier, 'classifier' | 'denoiser' | 'source'>,
  settings: ModelOptions,
  to: AdaptedTo,
): AdaptedClassifier & { readonly reference: TensorClassifier | undefined } {
  const built = (model: Classifier, before: OpenedClassifier['denoiser']): AdaptedClassifier => {
    const { classifier: adapted, output } = adaptedClassifier(settings.model, model, settings, to);
    return { classifier: behindDenoiser(adapted, { denoiser: before }, settings, to.shape), output };
  };
  const reference = source && built(source.classifier, source.denoiser).classifier;
  return { ...built(classifier, denoiser), reference: reference as TensorClassifier | undefined };
}

/** Several threads with the classifier each, in place of that of this thread, which is closed; undefined for one. @internal */
export async function openThreads(
  { opened: { runtime }, adaptedTo, smoothing, close }: OpenedRun,
  settings: ModelOptions & { readonly sigma: number; readonly workers: number },
  { workerArguments }: CliIo,
): Promise<WorkerCertifier | undefined> {
  const { sigma, workers } = settings;
  if (workers === 1) return undefined;
  await close();
  return startWorkers({
    module: new URL(`./worker-classifier${extname(import.meta.url)}`, import.meta.url),
    workers,
    data: { model: modelOptionsOf(settings), engine: runtime, workers, adaptedTo, smoothing, sigma },
    execArgv: workerArguments,
  });
}

/** @internal */
export function smoothedClassifier(
  classifier: Classifier,
  noise: Noise,
  { numClasses, output, batchSize, inputRange }: SmoothingSettings,
): SmoothedClassifier {
  return new SmoothedClassifier(classifier, { noise, numClasses, output, batchSize, inputRange });
}

/** The noise of `--sigma`. @internal */
export function gaussianOf({ sigma }: { readonly sigma: number }): GaussianNoise {
  return new GaussianNoise({ sigma });
}

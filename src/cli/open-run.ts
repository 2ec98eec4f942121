import { extname } from 'node:path';
import { anytimeRadius } from '../certify/anytime-radius.ts';
import { fixedRadius } from '../certify/fixed-radius.ts';
import type { CertificationRule } from '../certify/rule.ts';
import { stopAtGain } from '../certify/stops.ts';
import type { Classifier, ClassifierOutput } from '../classifier/types.ts';
import { GaussianNoise } from '../noise/gaussian-noise.ts';
import { startWorkers, type WorkerCertifier } from '../node/start-workers.ts';
import type { Noise } from '../noise/types.ts';
import { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import type { InputRange } from '../types.ts';
import { adaptedClassifier, type AdaptedTo, fitOf, fitText, hasOneUnit, type Sample } from './adapt-model.ts';
import { behindDenoiser } from './behind-denoiser.ts';
import { type DataOptions, type ModelOptions, modelOptionsOf } from './common-options.ts';
import type { CertifySettings } from './commands/certify.ts';
import { scaleNotes } from './input-notes.ts';
import { CliError, type CliIo, note } from './io.ts';
import { openClassifier, type OpenedClassifier } from './open-model.ts';
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
export async function openRun(settings: RunSettings, io: CliIo, needs?: DataNeeds): Promise<OpenedRun> {
  const data = await openData(settings, io, needs);
  const opened = await openClassifier(settings, data.dataset.shape);
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await opened.dispose();
    isOpen = false;
  };
  try {
    note(io, `running on ${opened.runtime}${settings.denoiser === undefined ? '' : `, behind ${settings.denoiser}`}`);
    const { classifier: model } = opened;
    const { dataset, fromBytes } = data;
    const { model: path, batchSize, inputRange, sigma } = settings;
    const { shape } = dataset;
    const changed = fitText(fitOf(path, model, shape, settings.layout), shape);
    if (changed !== undefined) note(io, changed);
    const sample = await someImages(dataset);
    for (const line of await scaleNotes({ ...settings, path, model, inputRange, sigma, fromBytes })) note(io, line);
    const more = (): Promise<Sample> => someImages(dataset, SEVERAL);
    const isBinary = await asImages(path, shape, () => hasOneUnit(path, model, settings, { sample, more, shape }));
    const adaptedTo = { shape, isBinary };
    const { classifier: adapted, output } = adaptedClassifier(path, model, settings, adaptedTo);
    const classifier = behindDenoiser(adapted, opened, settings, shape);
    const numClasses = await probeClassifier(classifier, { path, output, shape, sample, run: settings });
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

/** Several threads with the classifier each, in place of that of this thread, which is closed; undefined for one. @internal */
export async function openThreads(
  { opened: { runtime }, adaptedTo, smoothing, close }: OpenedRun,
  settings: ModelOptions & { readonly sigma: number; readonly workers: number },
  { workerArguments }: CliIo,
): Promise<WorkerCertifier | undefined> {
  const { sigma, workers } = settings;
  if (workers === 1) return undefined;
  await close();
  const backend = runtime === 'onnxruntime' ? undefined : runtime;
  return startWorkers({
    module: new URL(`./worker-classifier${extname(import.meta.url)}`, import.meta.url),
    workers,
    data: { model: modelOptionsOf({ ...settings, backend }), adaptedTo, smoothing, sigma },
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

/** Least growth of the radius over `GAIN_OVER` samples that is worth going on. */
const GAIN = 0.01;
const GAIN_OVER = 1000;

/** The rule of `--radius` or `--adaptive`; none stands for a sample of fixed size. @internal */
export function ruleFor({
  radius,
  adaptive,
  prior,
}: Pick<CertifySettings, 'radius' | 'adaptive' | 'prior'>): CertificationRule | undefined {
  if (radius !== undefined && adaptive !== undefined) {
    throw new CliError(
      '--radius and --adaptive are two rules, got both (--radius proves given radii, --adaptive finds one)',
    );
  }
  // The rules check what it may be.
  const from = prior === undefined ? {} : { prior: prior as never };
  if (radius !== undefined) return fixedRadius({ radius, ...from });
  if (adaptive !== undefined) {
    const gain = adaptive === true ? GAIN : adaptive;
    return anytimeRadius({ stops: [stopAtGain({ gain, over: GAIN_OVER })], ...from });
  }
  if (prior === undefined) return undefined;
  throw new CliError('--prior must be given with --radius or --adaptive, got it alone (a fixed sample has no prior)');
}

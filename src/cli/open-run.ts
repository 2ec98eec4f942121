import type { Classifier, ClassifierOutput, TensorClassifier } from '../classifier/types.ts';
import { isDeterministic, readBatchCopies } from '../noise/batch-copies.ts';
import type { DeterministicNoise, Noise, NoiseRecord } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { createKey } from '../random/key.ts';
import { DerandomizedClassifier } from '../smoothed/derandomized-classifier.ts';
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
import { checkDenoiserChoice } from './denoiser-options.ts';
import { type DataOptions, type ModelOptions } from './common-options.ts';
import { scaleNotes } from './input-notes.ts';
import { type EarlierRun, enginesToTry, onEngine, type Purpose } from './engines.ts';
import { CliError, type CliIo } from './io.ts';
import { makeNoise } from './make-noise.ts';
import { type NoiseChoice, oneNumber, takesWholeNumbers } from './noise-options.ts';
import { openClassifier, type OpenedClassifier, type OpenPlan } from './open-model.ts';
import { isOnnxFile } from './open-onnx.ts';
import { type DataNeeds, openData } from './open-data.ts';
import type { OpenedData } from './opened-data.ts';
import { checkLabels } from './data/check-labels.ts';
import { asImages, probeClassifier, someImages } from './probe-classifier.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

/** What a smoothed classifier is told of its base classifier. @internal */
export interface SmoothingSettings {
  readonly numClasses: number;
  readonly output: ClassifierOutput;
  readonly batchSize?: number | undefined;
  readonly inputRange?: InputRange | undefined;
  /** Of a noise that is enumerated: the softmax from which on a copy votes for a class. */
  readonly threshold?: number | undefined;
}

/** Which data and which classifier a command is about. @internal */
export interface RunSettings extends DataOptions, ModelOptions, Omit<SmoothingSettings, 'numClasses'>, NoiseChoice {
  readonly seed?: number | undefined;
  readonly workers?: number | undefined;
}

/** What a command needs of the run that it opens. @internal */
export interface RunNeeds extends DataNeeds {
  /** Votes, unless told otherwise. */
  readonly purpose?: Purpose;
  /** The run that is gone on with. */
  readonly earlier?: EarlierRun | undefined;
  /** The noise, where it does not follow from the settings. */
  readonly noise?: Noise | DeterministicNoise | undefined;
  /** The data, with labels that were checked, where another model of the run has been opened with them. */
  readonly data?: OpenedData | undefined;
}

/** Data and a classifier that fit together. @internal */
export interface OpenedRun {
  readonly data: OpenedData;
  readonly opened: OpenedClassifier;
  /** What the model is adapted to. */
  readonly adaptedTo: AdaptedTo;
  readonly smoothing: SmoothingSettings;
  /** The noise that the settings choose. */
  readonly noise: Noise | DeterministicNoise;
  /** The smoothed classifier of the noise, one that draws. Throws CliError where all copies are enumerated. */
  readonly sampled: () => SmoothedClassifier;
  /** The smoothed classifier of the noise. */
  readonly smoothed: () => SmoothedClassifier | DerandomizedClassifier;
  /** Gives the memory of the classifier back, before the end of the run if threads have their own. */
  readonly close: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** Images from which the probabilities of one unit can be told from its logits, which have both signs. */
const SEVERAL = 64;

/** Opens the data and the classifier of a command, says what runs it, and checks it on the first images. @internal */
export async function openRun(settings: RunSettings, io: CliIo, needs: RunNeeds = {}): Promise<OpenedRun> {
  const { purpose = 'votes', earlier, noise, data: opened, ...dataNeeds } = needs;
  const { model, backend, workers = 1 } = settings;
  const choice = { backend, purpose, earlier, workers, onnxFile: isOnnxFile(model) ? model : undefined };
  checkDenoiserChoice(settings);
  enginesToTry(choice); // before the data are read
  const isWhole = noise ? noise.domain === 'tokens' || noise.domain === 'binary' : takesWholeNumbers(settings);
  const data = opened ?? (await openData({ ...settings, isWhole }, io, dataNeeds));
  const { shape } = data.dataset;
  const made = noise ?? makeNoise(settings, shape);
  const copyShape = copyShapeOf(settings, made, shape);
  return onEngine(choice, io, (engine, say) =>
    openOn(
      { engine, workers, shape: copyShape },
      { settings, data, noise: made, say, isFurther: opened !== undefined },
    ),
  );
}

/** What is opened on an engine. */
interface ToOpen {
  readonly settings: RunSettings;
  readonly data: OpenedData;
  readonly noise: Noise | DeterministicNoise;
  readonly say: (text: string) => void;
  /** Whether it is a further model of a run. */
  readonly isFurther: boolean;
}

/** Shape of a copy: what the model takes. Throws CliError for a denoiser of other copies than noisy images. @internal */
export function copyShapeOf(
  { model, denoiser }: Pick<RunSettings, 'model' | 'denoiser'>,
  noise: Noise | DeterministicNoise,
  shape: readonly number[],
): readonly number[] {
  if (denoiser !== undefined && !fields.isAdditiveNoise(noise)) {
    throw new CliError(`--denoiser must be left out for ${noise.name} noise, which adds nothing to images (${model})`);
  }
  return noise.copyShape?.(shape) ?? shape;
}

/** Images as the model is shown them: copies, where a noise is not just added. @internal */
export async function shownTo(
  noise: Noise | DeterministicNoise,
  { values, size }: Sample,
  shape: readonly number[],
): Promise<Sample> {
  if (fields.isAdditiveNoise(noise)) return { values, size };
  const x = tensorOver(values, [size, ...shape], 'float32');
  const copies = await readBatchCopies(noise, x, { key: createKey(0), numNoise: 1, firstImage: 0 });
  try {
    return { values: Float32Array.from(await copies.data<'float32'>()), size };
  } finally {
    x.dispose();
    copies.dispose();
  }
}

/** The sigma of a noise that is Gaussian, with one for all coordinates. @internal */
export function sigmaOf({ name, parameters }: NoiseRecord): number | undefined {
  return name === 'gaussian' ? oneNumber(parameters['sigma']) : undefined;
}

/** The sigma of a noise that is Gaussian, or its sound form. @internal */
export function gaussianSigmaOf({ name, parameters }: NoiseRecord): number | undefined {
  return name === 'gaussian' || name === 'sound-gaussian' ? oneNumber(parameters['sigma']) : undefined;
}

async function openOn(plan: OpenPlan, { settings, data, noise, say, isFurther }: ToOpen): Promise<OpenedRun> {
  const opened = await openClassifier(settings, plan);
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await opened.dispose();
    isOpen = false;
  };
  try {
    if (!isFurther)
      say(`running on ${opened.engine}${settings.denoiser === undefined ? '' : `, behind ${settings.denoiser}`}`);
    const { classifier: model, source } = opened;
    const { dataset, fromBytes } = data;
    const { model: path, batchSize, inputRange, sigma, threshold } = settings;
    const { shape } = plan;
    const changed = fitText(fitOf(path, model, shape, settings.layout), shape);
    if (changed !== undefined) say(changed);
    const shown = async (count?: number): Promise<Sample> =>
      shownTo(noise, await someImages(dataset, count), dataset.shape);
    const sample = await shown();
    for (const line of await scaleNotes({
      ...settings,
      path,
      model: source?.classifier ?? model,
      inputRange,
      sigma: noise.name === 'shift' ? undefined : oneNumber(sigma), // in pixels
      fromBytes,
    }))
      say(line);
    const more = (): Promise<Sample> => shown(SEVERAL);
    const isBinary = await asImages(path, shape, () =>
      hasOneUnit(path, model, settings, { sample, more, shape, source: source?.classifier }),
    );
    const adaptedTo = { shape, isBinary, sigma: gaussianSigmaOf(noise) };
    const { classifier, reference, output } = classifierOf(opened, settings, adaptedTo);
    const numClasses = await probeClassifier(classifier, { path, output, shape, sample, run: settings, reference });
    if (!isFurther) checkLabels(data, { numClasses, model: path });
    const smoothing = { numClasses, output, batchSize, inputRange, threshold };
    const smoothed = (): SmoothedClassifier | DerandomizedClassifier =>
      smoothedClassifier(classifier, noise, smoothing);
    return {
      data,
      opened,
      adaptedTo,
      smoothing,
      noise,
      smoothed,
      sampled: () => {
        const g = smoothed();
        if (g instanceof SmoothedClassifier) return g;
        throw new CliError(`the noise must be one that is drawn, got ${noise.name}`);
      },
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
    return { classifier: behindDenoiser(adapted, { denoiser: before }, settings, to), output };
  };
  const reference = source && built(source.classifier, source.denoiser).classifier;
  return { ...built(classifier, denoiser), reference: reference as TensorClassifier | undefined };
}

/** @internal */
export function smoothedClassifier(
  classifier: Classifier,
  noise: Noise | DeterministicNoise,
  { numClasses, output, batchSize, inputRange, threshold }: SmoothingSettings,
): SmoothedClassifier | DerandomizedClassifier {
  if (isDeterministic(noise)) {
    const votes = threshold === undefined ? undefined : { threshold };
    return new DerandomizedClassifier(classifier, { noise, numClasses, output, batchSize, votes });
  }
  return new SmoothedClassifier(classifier, { noise, numClasses, output, batchSize, inputRange });
}

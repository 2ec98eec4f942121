import { isDeterministic } from '../../noise/batch-copies.ts';
import type { Noise } from '../../noise/types.ts';
import { createKey } from '../../random/key.ts';
import { checkBackend } from '../../smoothed/check-backend.ts';
import { tensorOver } from '../../tensors/own-tensor.ts';
import { fitOf, fitText, hasOneUnit, outputsOf, type Sample } from '../adapt-model.ts';
import { checkLabels } from '../data/check-labels.ts';
import { checkDenoiserChoice } from '../denoiser-options.ts';
import { type EarlierRun, enginesToTry, onEngine } from '../engines.ts';
import { scaleNotes } from '../input-notes.ts';
import { CliError, type CliIo } from '../io.ts';
import { makeNoise } from '../make-noise.ts';
import { oneNumber, takesWholeNumbers } from '../noise-options.ts';
import { openClassifier, type OpenedClassifier, type OpenPlan } from '../open-model.ts';
import { isOnnxFile } from '../open-onnx.ts';
import { copyShapeOf, gaussianSigmaOf, shownTo, sigmaOf } from '../open-run.ts';
import { openTargets, type OpenedTargets } from '../open-targets.ts';
import { asImages, probeClassifier, someImages } from '../probe-classifier.ts';
import { detectorOptions } from './boxes-model.ts';
import { asColumns, outputModel } from './output-model.ts';
import type { ModelFacts, OutputSettings } from './output-settings.ts';
import { TASK_RUNS } from './task-runs.ts';

/** Data and a model that fit together. @internal */
export interface OpenedOutputs {
  readonly data: OpenedTargets;
  readonly opened: OpenedClassifier;
  readonly facts: ModelFacts;
  readonly noise: Noise;
  /** Gives the memory of the model back, before the end of the run if threads have their own. */
  readonly close: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** What a run of outputs needs. */
interface OutputNeeds {
  readonly earlier?: EarlierRun | undefined;
  /** The noise, where it does not follow from the settings. */
  readonly noise?: Noise | undefined;
}

/** Opens the data and the model of a task, says what runs it, and checks it on the first inputs. @internal */
export async function openOutputRun(
  settings: OutputSettings,
  io: CliIo,
  { earlier, noise }: OutputNeeds = {},
): Promise<OpenedOutputs> {
  const { task, model, backend, workers } = settings;
  const truth = TASK_RUNS[task].truth(settings);
  const choice = {
    backend,
    purpose: 'votes',
    earlier,
    workers,
    onnxFile: isOnnxFile(model) ? model : undefined,
  } as const;
  checkDenoiserChoice(settings);
  enginesToTry(choice); // before the data are read
  const isWhole = noise ? noise.domain === 'tokens' || noise.domain === 'binary' : takesWholeNumbers(settings);
  const data = await openTargets({ ...settings, isWhole }, io, truth);
  const { shape } = data.dataset;
  const made = noise ?? makeNoise(settings, shape);
  if (isDeterministic(made)) {
    throw new CliError(`--noise must be one that is drawn for --task ${task}, got ${settings.noise}`);
  }
  const copyShape = copyShapeOf(settings, made, shape);
  const plan = { workers, shape: copyShape, isOfRows: truth !== 'class', detector: detectorOptions(settings) };
  return onEngine(choice, io, (engine, say) => openOn({ ...plan, engine }, { settings, data, noise: made, say }));
}

/** What is opened on an engine. */
interface ToOpen {
  readonly settings: OutputSettings;
  readonly data: OpenedTargets;
  readonly noise: Noise;
  readonly say: (text: string) => void;
}

async function openOn(plan: OpenPlan, { settings, data, noise, say }: ToOpen): Promise<OpenedOutputs> {
  const opened = await openClassifier(settings, plan);
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await opened.dispose();
    isOpen = false;
  };
  try {
    say(`running on ${opened.engine}${settings.denoiser === undefined ? '' : `, behind ${settings.denoiser}`}`);
    const { classifier, source } = opened;
    const { model: path } = settings;
    const changed = fitText(fitOf(path, classifier, plan.shape, settings.layout), plan.shape);
    if (changed !== undefined) say(changed);
    const { fromBytes } = data;
    const { inputRange, sigma } = settings;
    const shown = {
      ...settings,
      path,
      model: source?.classifier ?? classifier,
      fromBytes,
      inputRange,
      sigma: oneNumber(sigma),
    };
    for (const line of await scaleNotes(shown)) say(line);
    const facts = await factsOf(opened, plan, { settings, data, noise, say });
    return { data, opened, facts, noise, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Images from which the probabilities of one unit can be told from its logits. */
const SEVERAL = 64;

/** Shows the model the first inputs, and compares what computes it with `cpu`. */
async function factsOf(
  opened: OpenedClassifier,
  { shape, isOfRows }: OpenPlan,
  { settings, data, noise }: ToOpen,
): Promise<ModelFacts> {
  const { model: path, seed = 0, batchSize } = settings;
  const { dataset } = data;
  const images = { ...dataset, example: async (index: number) => ({ ...(await dataset.example(index)), label: 0 }) };
  const shown = async (count?: number): Promise<Sample> =>
    shownTo(noise, await someImages(images, count), dataset.shape);
  const sample = await shown();
  const sigma = gaussianSigmaOf(noise);
  if (!isOfRows) {
    const asked = { sample, more: () => shown(SEVERAL), shape, source: opened.source?.classifier };
    const isBinary = await asImages(path, shape, () => hasOneUnit(path, opened.classifier, settings, asked));
    const { model, reference, output } = outputModel(opened, settings, { shape, isBinary, sigma });
    const run = { ...settings, sigma: sigmaOf(noise) };
    const numClasses = await probeClassifier(model, { path, output, shape, sample, run, reference });
    if (data.labelled) checkLabels(data.labelled, { numClasses, model: path });
    return { shape, isBinary, sigma, numbers: numClasses, isOfRows: false };
  }
  const { model, reference } = outputModel(opened, settings, { shape, isBinary: false, sigma });
  return asImages(path, shape, async () => {
    const values = await outputsOf(model, sample.values, [sample.size, ...shape]);
    const numbers = values.length / sample.size;
    if (!Number.isInteger(numbers) || numbers === 0) {
      throw new CliError(`${path}: must return a row for each input, got ${values.length} numbers for ${sample.size}`);
    }
    // What a detector finds jumps where a score crosses a threshold: it is not compared.
    if (opened.detector) return { shape, isBinary: false, sigma, numbers, isOfRows: true };
    const inputs = tensorOver(sample.values.slice(), [sample.size, ...shape], 'float32');
    try {
      const drawn = sigmaOf(noise) === undefined ? {} : { noise, key: createKey(seed) };
      await checkBackend(asColumns(model), inputs, {
        ...drawn,
        batchSize,
        reference: reference && (asColumns(reference) as typeof reference),
      });
    } finally {
      inputs.dispose();
    }
    return { shape, isBinary: false, sigma, numbers, isOfRows: true };
  });
}

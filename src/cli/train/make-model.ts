import type * as tf from '@tensorflow/tfjs';
import { toLogitsFn } from '../../classifier/to-logits-fn.ts';
import type { Classifier } from '../../classifier/types.ts';
import type { TrainingLoss } from '../../losses/types.ts';
import { imageStatistics } from '../../models/normalize.ts';
import { GaussianNoise } from '../../noise/gaussian-noise.ts';
import { noiseOf } from '../../noise/noise-of.ts';
import type { DeterministicNoise, Noise } from '../../noise/types.ts';
import { methods } from '../../recipes/methods.ts';
import type { PresetModel } from '../../recipes/preset-types.ts';
import type { Key } from '../../types.ts';
import { adaptedClassifier, fitOf, fitText } from '../adapt-model.ts';
import { CliError } from '../io.ts';
import { openTrainable } from '../open-model.ts';
import { isTorchFile, loadTorchFile, makeNetwork } from '../torch-model.ts';
import { TRAIN_SIGMA, type TrainOptions } from '../commands/train.ts';
import type { EngineName } from '../common-options.ts';
import { withoutActivation } from './logits-model.ts';
import type { TrainSettings } from './train-settings.ts';

/** What a model must fit. @internal */
export interface ModelPlan {
  readonly shape: readonly number[];
  readonly numClasses: number;
  /** The network of the preset. */
  readonly presetModel: PresetModel | undefined;
  /** Drives the initial weights. */
  readonly key: Key;
}

/** The options that choose a model. @internal */
export type ModelChoice = Pick<
  TrainOptions,
  'arch' | 'init' | 'normalize' | 'stateDict' | 'output' | 'layout' | 'mean' | 'std'
>;

/** A model to train. @internal */
export interface ModelToTrain {
  readonly model: tf.LayersModel;
  /** The model as a function of the images to logits. */
  readonly classifier: Classifier;
  /** What describes it, for the checkpoint. */
  readonly architecture: string;
  /** What was changed on the way, for people. */
  readonly notes: readonly string[];
}

/** Makes or loads the model to train, and brings the images to it. @internal */
export async function makeModel(choice: ModelChoice, plan: ModelPlan): Promise<ModelToTrain> {
  const { init, layout, mean, std, output = 'logits' } = choice;
  const { shape } = plan;
  if (init === undefined && output === 'probabilities') {
    throw new CliError('--output must be left out without --init: the models of --arch return logits');
  }
  const made = await madeModel(choice, plan);
  const path = init ?? 'the model';
  const fit = fitOf(path, made.model, shape, layout);
  const { model, removed } =
    init === undefined || output === 'probabilities'
      ? { ...made, removed: undefined }
      : await withoutActivation(made.model, fit.shape);
  const isBinary = model.outputs[0]?.shape.at(-1) === 1;
  const adapted = adaptedClassifier(path, model, { layout, mean, std, output }, { shape, isBinary });
  const classifier =
    adapted.output === 'probabilities' ? toLogitsFn(adapted.classifier, { output }) : adapted.classifier;
  const changed = fitText(fit, shape);
  const off = removed && `its ${removed} taken off`;
  const normalised = mean || std ? `of (x - [${mean ?? 0}]) / [${std ?? 1}]` : undefined;
  const kept = init !== undefined && output === 'probabilities' ? 'of probabilities' : undefined;
  return {
    model,
    classifier,
    architecture: [made.architecture, off, kept, normalised, layout].filter((part) => part !== undefined).join(', '),
    notes: [
      ...(changed === undefined ? [] : [changed]),
      ...(removed ? [`${path} ends in ${removed}, which is taken off: the trained model returns logits`] : []),
    ],
  };
}

/** Makes or loads the model; the text describes it. */
async function madeModel(options: ModelChoice, plan: ModelPlan): Promise<Pick<ModelToTrain, 'model' | 'architecture'>> {
  const { arch, init, normalize, stateDict } = options;
  const isTorch = init !== undefined && isTorchFile(init);
  if (stateDict !== undefined && !isTorch) {
    throw new CliError(`--state-dict is for --init with a .pt or .pth file, got ${init ?? 'no --init'} (leave it out)`);
  }
  if (init !== undefined && !isTorch) {
    if (arch !== undefined || normalize !== undefined) {
      const flag = arch === undefined ? '--normalize' : '--arch';
      throw new CliError(`${flag} must be left out with --init, whose model is taken as it is, got both`);
    }
    return { model: await openTrainable(init), architecture: 'of --init' };
  }
  const name = arch ?? nameOf(plan.presetModel);
  if (name === undefined) throw new CliError('--arch is needed without --preset or --init (for example --arch lenet)');
  const { shape, numClasses, key } = plan;
  const [height, width, channels, ...more] = shape;
  if (height === undefined || width === undefined || channels === undefined || more.length > 0) {
    const got = `images of shape [${shape.join(', ')}]`;
    throw new CliError(
      `--arch ${name} must have images [height, width, channels], got ${got} (take a model by --init)`,
    );
  }
  if (name === 'lenet' && normalize !== undefined) {
    throw new CliError('--normalize must be left out for --arch lenet, which takes images as they are');
  }
  const statistics = normalize === undefined ? presetStatistics(plan) : imageStatistics[normalize];
  const model = makeNetwork(name, { key, numClasses, inputShape: [height, width, channels], statistics });
  const of = `${name}${statistics ? ` of (x - [${statistics.mean}]) / [${statistics.std}]` : ''}`;
  if (init === undefined) return { model, architecture: of };
  await loadTorchFile(model, init, stateDict);
  return { model, architecture: `${of} of --init` };
}

/** The name that `--arch` has for the network of a preset. @internal */
export function nameOf(model: PresetModel | undefined): string | undefined {
  return model?.architecture === 'cifarResnet' ? `resnet${model.depth}` : model?.architecture;
}

function presetStatistics({ presetModel }: ModelPlan): { mean: readonly number[]; std: readonly number[] } | undefined {
  const { mean, std } = presetModel ?? {};
  return mean && std && { mean, std };
}

/** What a thread is told of a run. @internal */
export interface TrainerData {
  readonly options: ModelChoice;
  readonly plan: ModelPlan;
  readonly settings: TrainSettings;
  readonly backend: EngineName;
  readonly workers: number;
}

/** The variables that a step changes without a gradient: running means and variances. @internal */
export function statisticsOf(model: tf.LayersModel): tf.Variable[] {
  return model.nonTrainableWeights.map((weight) => weight.read() as tf.Variable);
}

/** The loss that settings describe; its class checks the options. @internal */
export function makeLoss(classifier: Classifier, settings: TrainSettings): TrainingLoss {
  const { method, loss, attack } = settings;
  // What the table of options and the presets hold are options of this loss and its attack.
  const options = { noise: trainedNoise(settings), loss, attack } as never;
  return methods[method].make(classifier, options);
}

/** The noise of a run. @internal */
export function trainedNoise({ sigma = TRAIN_SIGMA, noise }: TrainSettings): Noise | DeterministicNoise {
  return noise ? noiseOf(noise) : new GaussianNoise({ sigma });
}

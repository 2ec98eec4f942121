import type * as tf from '@tensorflow/tfjs';
import type { TrainingLoss } from '../../losses/types.ts';
import { cifarResnet } from '../../models/cifar-resnet.ts';
import { imageStatistics } from '../../models/normalize.ts';
import { lenet } from '../../models/lenet.ts';
import { GaussianNoise } from '../../noise/gaussian-noise.ts';
import { methods } from '../../recipes/methods.ts';
import type { PresetModel } from '../../recipes/preset-types.ts';
import type { Key } from '../../types.ts';
import { CliError } from '../io.ts';
import { openTrainable } from '../open-model.ts';
import type { TrainOptions } from '../commands/train.ts';
import type { BackendName } from '../common-options.ts';
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
export type ModelChoice = Pick<TrainOptions, 'arch' | 'init' | 'normalize'>;

/** Makes or loads the model to train; the text describes it, for the checkpoint. @internal */
export async function makeModel(
  options: ModelChoice,
  plan: ModelPlan,
): Promise<{ readonly model: tf.LayersModel; readonly architecture: string }> {
  const { arch, init, normalize } = options;
  if (init !== undefined) {
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
  const inputShape = [height, width, channels] as const;
  const depth = Number(/^resnet(\d+)$/.exec(name)?.[1]);
  if (name === 'lenet') {
    if (normalize === undefined) return { model: lenet({ key, inputShape, numClasses }), architecture: name };
    throw new CliError('--normalize must be left out for --arch lenet, which takes images as they are');
  }
  if (!Number.isInteger(depth)) {
    throw new CliError(
      `--arch must be lenet or resnet<depth>, got ${name} (for example resnet20; other models by --init)`,
    );
  }
  const statistics = normalize === undefined ? presetStatistics(plan) : imageStatistics[normalize];
  const model = cifarResnet({ key, depth, inputShape, numClasses, ...statistics });
  return { model, architecture: `${name}${statistics ? ` of (x - [${statistics.mean}]) / [${statistics.std}]` : ''}` };
}

function nameOf(model: PresetModel | undefined): string | undefined {
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
  readonly backend: BackendName;
}

/** The variables that a step changes without a gradient: running means and variances. @internal */
export function statisticsOf(model: tf.LayersModel): tf.Variable[] {
  return model.nonTrainableWeights.map((weight) => weight.read() as tf.Variable);
}

/** The loss that settings describe; its class checks the options. @internal */
export function makeLoss(model: tf.LayersModel, { method, sigma, loss, attack }: TrainSettings): TrainingLoss {
  // What the table of options and the presets hold are options of this loss and its attack.
  const options = { noise: new GaussianNoise({ sigma }), loss, attack } as never;
  return methods[method].make(model, options);
}

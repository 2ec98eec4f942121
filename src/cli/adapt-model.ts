import * as tf from '@tensorflow/tfjs';
import { adaptModel, isTypedClassifier } from '../classifier/adapt-classifier.ts';
import { binary } from '../classifier/binary.ts';
import { declaredInputShape } from '../classifier/declared-shapes.ts';
import { fitInput, type InputFit } from '../classifier/input-fit.ts';
import { normalizeInput } from '../classifier/normalize-input.ts';
import { reshaped } from '../classifier/reshape-input.ts';
import type { Classifier, ClassifierOutput, Denoiser, ImageLayout, TypedDenoiser } from '../classifier/types.ts';
import { CatrsError } from '../errors.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { ModelOptions } from './common-options.ts';
import { CliError } from './io.ts';
import { outputActivation } from './model-layers.ts';

/** What stands between images and a model. @internal */
export type ModelSteps = Pick<ModelOptions, 'layout' | 'mean' | 'std' | 'output'>;

/** What a model is adapted to. @internal */
export interface AdaptedTo {
  /** Shape of an image. */
  readonly shape: readonly number[];
  /** Whether the model has one unit for two classes. */
  readonly isBinary: boolean;
  /** Standard deviation of Gaussian noise, for a diffusion network in front. */
  readonly sigma?: number | undefined;
}

/** A classifier of the images as they are. @internal */
export interface AdaptedClassifier {
  readonly classifier: Classifier;
  /** What it returns. */
  readonly output: ClassifierOutput;
}

/** The model behind the steps that bring images to it: noisy image, normalised, reshaped, model, two classes of one unit. @internal */
export function adaptedClassifier(
  path: string,
  model: Classifier,
  { layout, mean, std, output }: ModelSteps,
  { shape, isBinary }: AdaptedTo,
): AdaptedClassifier {
  const fit = fitOf(path, model, shape, layout);
  const classes = isBinary ? binary(model, { output }) : model;
  const taking = isSame(fit, shape) ? classes : reshaped(classes, shape, fit);
  return {
    classifier: mean === undefined && std === undefined ? taking : normalised(taking, shape, { mean, std }),
    output: isBinary ? 'logits' : output,
  };
}

/** How images of a shape are given to the model. Throws CliError that says what is missing. @internal */
export function fitOf(
  path: string,
  model: Classifier | Denoiser | TypedDenoiser,
  shape: readonly number[],
  layout: ImageLayout | undefined,
): InputFit {
  const wanted = declaredInputShape(model);
  const found = fitInput(shape, wanted, layout);
  if ('fit' in found) return found.fit;
  const way = found.missing.replaceAll('`layout`', '--layout');
  const got =
    wanted === undefined ? `--layout ${layout}` : `a model for [${wanted.map((size) => size ?? 'any').join(', ')}]`;
  throw new CliError(`${path}: must take the images of the data, of shape ${show(shape)}, got ${got} (${way})`);
}

/** How images are changed on their way to the model, for people; undefined if they are not. @internal */
export function fitText(fit: InputFit, shape: readonly number[]): string | undefined {
  if (isSame(fit, shape)) return undefined;
  const how = fit.axes === undefined ? '' : `, their ${fit.axes[0] === 2 ? 'channels first' : 'channels last'}`;
  return `images ${show(shape)} are given to the model as ${show(fit.shape)}${how}`;
}

const show = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

function isSame({ axes, shape: to }: InputFit, shape: readonly number[]): boolean {
  return axes === undefined && to.length === shape.length && to.every((size, axis) => size === shape[axis]);
}

function normalised(
  classifier: Classifier,
  shape: readonly number[],
  { mean = [0], std = [1] }: Pick<ModelSteps, 'mean' | 'std'>,
): Classifier {
  const channels = Math.max(mean.length, std.length);
  const isLast = shape.at(-1) === channels;
  for (const [flag, { length }] of [['--mean', mean] as const, ['--std', std] as const]) {
    if (length === 1 || (length === channels && (isLast || (shape.length > 1 && shape[0] === channels)))) continue;
    throw new CliError(
      `${flag} must be one number, or one for each channel of images of shape ${show(shape)}, got ${length} (separated by commas)`,
    );
  }
  const single = (values: readonly number[]): number | readonly number[] =>
    values.length === 1 ? (values[0] as number) : values;
  try {
    return normalizeInput(classifier, { mean: single(mean), std: single(std), layout: isLast ? 'nhwc' : 'nchw' });
  } catch (error) {
    if (!(error instanceof CatrsError)) throw error;
    throw new CliError(`--${error.message.slice(`${error.call}: `.length).replaceAll('`', '')}`);
  }
}

/** Images for the first looks at a model: rows of values. @internal */
export interface Sample {
  readonly values: Float32Array<ArrayBuffer>;
  readonly size: number;
}

/**
 * Whether a model has one unit for two classes, by what it returns for some images.
 *
 * @throws CliError for one that returns probabilities where logits are declared: each of them would be class 1
 * @internal
 */
export async function hasOneUnit(
  path: string,
  model: Classifier,
  { layout, mean, std, output }: ModelSteps,
  { sample, more, shape, source }: ShownImages,
): Promise<boolean> {
  const { classifier } = adaptedClassifier(path, model, { layout, mean, std, output }, { shape, isBinary: false });
  const ask = ({ values, size }: Sample): Promise<Float32Array> => outputsOf(classifier, values, [size, ...shape]);
  const units = await ask(sample);
  if (units.length !== sample.size) return false;
  const isProbability = (unit: number): boolean => unit >= 0 && unit <= 1;
  const activation = outputActivation(source ?? model);
  if (output === 'probabilities' || (activation !== undefined && activation !== 'sigmoid')) return true;
  if (activation === undefined && !(units.every(isProbability) && (await ask(await more())).every(isProbability)))
    return true;
  throw new CliError(
    `${path}: must return a logit with --output logits, got one unit with the probability of class 1 (add --output probabilities)`,
  );
}

/** Images that a model is shown. */
interface ShownImages {
  readonly sample: Sample;
  /** Several from all over the data: the logits of all of them are seldom between 0 and 1. */
  readonly more: () => Promise<Sample>;
  readonly shape: readonly number[];
  /** The layers model that the model was made of, if another runtime has it. */
  readonly source: Classifier | undefined;
}

/** What a model returns for rows of values, whatever its shape. @internal */
export async function outputsOf(
  classifier: Classifier,
  values: Float32Array<ArrayBuffer>,
  [size = 0, ...shape]: readonly number[],
): Promise<Float32Array> {
  if (isTypedClassifier(classifier)) return classifier.classify(values.slice(), { batch: size, shape });
  const run = adaptModel('catrs', classifier, { field: 'model', result: 'logits' });
  const outputs = tf.tidy(() => run(tensorOver(values.slice(), [size, ...shape], 'float32'), { training: false }));
  try {
    return await outputs.data<'float32'>();
  } finally {
    outputs.dispose();
  }
}

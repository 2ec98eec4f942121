import * as tf from '@tensorflow/tfjs';
import { CatrsError, ClassifierError, OptionError, refusal } from '../errors.ts';
import { isTensor } from '../tensors/assert-shapes.ts';
import { onBackend } from '../tensors/backend-failure.ts';
import { safeLog, splitCopies } from '../tensors/cross-entropy.ts';
import { assertLogitsShape } from './check-logits.ts';
import { inputAdvice, shapeOfInput } from './input-advice.ts';
import { fitsShape } from './input-fit.ts';
import { modelForms } from './model-forms.ts';
import { logarithmsOf, originOf, type ProbabilityFn, type TypedOutputsFn, withOrigin } from './origin.ts';
import type {
  Classifier,
  ClassifierOutput,
  ClassifyOptions,
  Denoiser,
  GraphModelLike,
  LayersModelLike,
  LogitsFn,
  TypedClassifier,
  TypedDenoiser,
} from './types.ts';

/** A classifier as a function to logits; `call` is the public call that was given the classifier, for error texts. @internal */
export function adaptClassifier(call: string, classifier: Classifier, output: ClassifierOutput = 'logits'): LogitsFn {
  const run = adaptModel(call, classifier, { field: 'classifier', result: 'logits' });
  if (output === 'logits') return run;
  const outputs: ProbabilityFn = (x, mode) => {
    const probabilities = run(x, mode);
    return { probabilities, logits: () => safeLog(probabilities) };
  };
  return logarithmsOf(outputs, [classifier]);
}

/** A classifier whose models never run in their inference form, unless `inferenceForm` is true. @internal */
export function inGivenForm(run: LogitsFn, inferenceForm: boolean): LogitsFn {
  if (inferenceForm) return run;
  const origin = originOf(run) ?? { parts: [run] };
  const { outputs } = origin;
  return withOrigin((x, mode) => run(x, { ...mode, inferenceForm: false }), {
    ...origin,
    outputs: outputs && ((x, mode) => outputs(x, { ...mode, inferenceForm: false })),
  });
}

/** Whether a layers model, or one of those that a function of the library is made of, has an inference form with other weights. @internal */
export function foldsNormalization(classifier: unknown): boolean {
  const parts = originOf(classifier)?.parts;
  if (parts) return parts.some(foldsNormalization);
  return isLayersModel(classifier) && modelForms(classifier).folds;
}

/** A classifier as it votes: a function to rows whose largest entry is the vote. @internal */
export interface VotingRows {
  /** x [batch, ...inputShape] → [batch, numClasses]. */
  readonly run: LogitsFn;
  /** The classifier, where it takes typed arrays; `run` then only throws. */
  readonly typed?: TypedClassifier | undefined;
  /** What the rows are. */
  readonly output: ClassifierOutput;
}

/**
 * The rows of which a classifier's votes are taken: its logits, or its probabilities where it has them.
 *
 * Not the logarithms of probabilities: those of nearly equal ones are equal in float32, and the vote would go to the lowest index.
 * @internal
 */
export function votingRows(call: string, classifier: Classifier, output: ClassifierOutput = 'logits'): VotingRows {
  if (isTypedClassifier(classifier)) {
    const outputs = output === 'logits' ? originOf(classifier)?.typedOutputs : undefined;
    const run = refusing(call, classifier);
    return outputs
      ? { run, typed: probabilitiesOf(outputs), output: 'probabilities' }
      : { run, typed: classifier, output };
  }
  const run = adaptModel(call, classifier, { field: 'classifier', result: 'logits' });
  const outputs = output === 'logits' ? originOf(run)?.outputs : undefined;
  if (!outputs) return { run, output };
  return { run: (x, mode) => tf.tidy(() => outputs(x, mode).probabilities), output: 'probabilities' };
}

/** The probabilities of a classifier of typed arrays that the library made. */
function probabilitiesOf(outputs: TypedOutputsFn): TypedClassifier {
  return {
    classify: async (inputs, batch) => {
      const { logits, probabilities = logits } = await outputs(inputs, batch);
      return probabilities;
    },
  };
}

/** The argument that holds a model, and what the model returns, for error texts. */
interface ModelRole {
  readonly field: string;
  readonly result: string;
}

/** Any model with one output as a function. @internal */
export function adaptModel(call: string, model: Classifier | Denoiser, { field, result }: ModelRole): LogitsFn {
  if (typeof model === 'function') return model;
  // What goes wrong inside a model is most often the shape of its input.
  const taken = <T>(run: () => T, x: tf.Tensor): T => {
    try {
      return run();
    } catch (error) {
      throw notTaken(call, model as Partial<LayersModelLike>, { field, x, error });
    }
  };
  if (isLayersModel(model)) {
    const forms = modelForms(model);
    const run: LogitsFn = (x, { training, inferenceForm = true }) => {
      const inForm = training || inferenceForm ? forms.run : undefined;
      return tf.tidy(() =>
        onlyOutput(
          call,
          taken(() => inForm?.(x, { training }) ?? model.apply(x, { training }), x),
          { field, result },
        ),
      );
    };
    return withOrigin(run, { parts: [model] });
  }
  if (isGraphModel(model)) {
    const run: LogitsFn = (x, { training }) => {
      if (training) {
        const details = { call, field, value: model, got: 'a tf.GraphModel', way: 'it can be certified, not trained' };
        throw refusal(ClassifierError, details, 'must be a function or a tf.LayersModel for training');
      }
      return tf.tidy(() =>
        onlyOutput(
          call,
          taken(() => model.predict(x), x),
          { field, result },
        ),
      );
    };
    return withOrigin(run, { parts: [model] });
  }
  if (isTypedClassifier(model)) throw noTensors(call, field, model);
  throw noClassifier(call, field, model, result);
}

/** The error of an object that is none of the known kinds. @internal */
export function noClassifier(call: string, field: string, value: unknown, result = 'logits'): OptionError {
  const method = result === 'images' ? 'denoise' : 'classify';
  const must = `must be a function to ${result}, a tf.LayersModel, a tf.GraphModel or an object with a method \`${method}\``;
  return refusal(OptionError, { call, field, value }, must);
}

/** The error of a model that got an input of another shape than it declares; else the error itself. */
function notTaken(
  call: string,
  { inputs }: Partial<LayersModelLike>,
  { field, x, error }: { readonly field: string; readonly x: tf.Tensor; readonly error: unknown },
): unknown {
  const [wanted, [batch, ...shape]] = [shapeOfInput(inputs), x.shape];
  if (error instanceof CatrsError || wanted === undefined || fitsShape(shape, wanted)) return error;
  const got = `shape [${[batch, ...shape]}]`;
  const details = { call, field, value: x.shape, got, way: `each ${inputAdvice(shape, wanted)}` };
  const must = `must be given inputs of shape [B,${wanted.map((size) => size ?? 'any')}]`;
  return Object.assign(refusal(ClassifierError, details, must), { cause: error });
}

/** @internal */
export function isLayersModel(classifier: unknown): classifier is LayersModelLike {
  return hasMethod(classifier, 'apply') && typeof classifier === 'object' && 'trainableWeights' in classifier;
}

/** True for a classifier of typed arrays; the other kinds come first where an object is several. @internal */
export function isTypedClassifier(classifier: unknown): classifier is TypedClassifier {
  return hasMethod(classifier, 'classify') && !isModel(classifier);
}

/** @internal */
export function isModel(value: unknown): value is LayersModelLike | GraphModelLike {
  return isLayersModel(value) || isGraphModel(value);
}

/** True for a denoiser of typed arrays. @internal */
export function isTypedDenoiser(denoiser: unknown): denoiser is TypedDenoiser {
  return hasMethod(denoiser, 'denoise') && !isModel(denoiser);
}

/** The function to logits of a classifier that has none. @internal */
export function refusing(call: string, classifier: TypedClassifier): LogitsFn {
  return () => {
    throw noTensors(call, 'classifier', classifier);
  };
}

/** The error of a call that needs tensors, given a classifier of typed arrays. */
function noTensors(call: string, field: string, value: unknown): ClassifierError {
  const way = 'it has no gradient: it can be certified, not trained or attacked';
  const details = { call, field, value, got: 'a classifier of typed arrays', way };
  return refusal(ClassifierError, details, 'must be a function of tensors or a model of tfjs');
}

function isGraphModel(classifier: unknown): classifier is GraphModelLike {
  return hasMethod(classifier, 'predict') && hasMethod(classifier, 'execute');
}

function hasMethod(value: unknown, name: string): value is object {
  return typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[name] === 'function';
}

function onlyOutput(call: string, returned: unknown, { field, result }: ModelRole): tf.Tensor {
  if (isTensor(returned)) return returned;
  const outputs = Array.isArray(returned) ? (returned as tf.Tensor[]) : Object.values(returned as tf.NamedTensorMap);
  const [only] = outputs;
  if (only !== undefined && outputs.length === 1) return only;
  const way = `wrap it in a function that picks the ${result}`;
  throw refusal(ClassifierError, { call, field, value: outputs.length, way }, 'must have one output');
}

/** Logits of x + noise in one forward pass: x [B, ...], noise [M, B, ...] → [M, B, numClasses]. @internal */
export function noisyLogits(
  call: string,
  run: LogitsFn,
  { x, noise }: { readonly x: tf.Tensor; readonly noise: tf.Tensor },
  mode: ClassifyOptions,
): tf.Tensor3D {
  return logitsOfCopies(call, run, { shape: noise.shape, copies: () => tf.add(x, noise) }, mode);
}

/** Logits of noisy copies in one forward pass: [M, B, ...] → [M, B, numClasses]. @internal */
export function copiesLogits(call: string, run: LogitsFn, copies: tf.Tensor, mode: ClassifyOptions): tf.Tensor3D {
  return logitsOfCopies(call, run, { shape: copies.shape, copies: () => copies }, mode);
}

function logitsOfCopies(
  call: string,
  run: LogitsFn,
  {
    shape: [numNoise = 1, batch = 1, ...inputShape],
    copies,
  }: { readonly shape: readonly number[]; readonly copies: () => tf.Tensor },
  mode: ClassifyOptions,
): tf.Tensor3D {
  const shape = [numNoise * batch, ...inputShape];
  const logits = onBackend({ call, shape }, () => run(tf.reshape(copies(), shape), mode));
  assertLogitsShape(call, logits, numNoise * batch);
  return splitCopies(logits, numNoise);
}

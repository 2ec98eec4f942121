import { OptionError, refusal } from '../errors.ts';
import { isTypedClassifier, isTypedDenoiser } from './adapt-classifier.ts';
import { assertLogitsShape } from './check-logits.ts';
import { knownSize, shapeOfInput } from './input-advice.ts';
import { originOf } from './origin.ts';
import type { Classifier, Denoiser, GraphModelLike, LayersModelLike, TypedDenoiser } from './types.ts';

/** Shape of one example where the classifier declares it, `null` for free sizes. @internal */
export function declaredInputShape(
  classifier: Classifier | Denoiser | TypedDenoiser,
): readonly (number | null)[] | undefined {
  if (isTypedClassifier(classifier) || isTypedDenoiser(classifier)) return classifier.inputShape;
  const origin = originOf(classifier);
  if (origin) return origin.inputShape ?? (origin.parts[0] && declaredInputShape(origin.parts[0]));
  return shapeOfInput(modelOf(classifier)?.inputs);
}

/** Number of rows that a model declares for every batch. @internal */
export function declaredBatch(classifier: Classifier): number | undefined {
  return knownSize(modelOf(classifier)?.inputs?.[0]?.shape?.[0]) || undefined;
}

/**
 * The number of classes of a classifier: what the model declares, and else what is given.
 *
 * @throws ClassifierError if both are known and differ, OptionError if neither is
 * @internal
 */
export function classCount(call: string, classifier: Classifier, given: number | undefined): number {
  const declared = declaredClassCount(classifier);
  if (declared !== undefined) assertLogitsShape(call, { shape: [1, declared] }, 1, given);
  const numClasses = given ?? declared;
  if (numClasses !== undefined) return numClasses;
  const way = 'only a model with one output of known shape, or a classifier that declares it, says it itself';
  const details = { call, field: 'numClasses', value: numClasses, way };
  throw refusal(OptionError, details, 'must be an integer of at least 2');
}

/** What a classifier declares: size of the rows of the only output of a model, or of the first one of which the library made it. */
function declaredClassCount(classifier: unknown): number | undefined {
  const { parts: [first] = [], numClasses } = originOf(classifier) ?? {};
  if (numClasses !== undefined) return numClasses;
  if (first !== undefined) return declaredClassCount(first);
  if (isTypedClassifier(classifier)) return classifier.numClasses;
  const model = modelOf(classifier);
  const [output, another] = model?.outputs ?? [];
  if (output === undefined || another !== undefined) return undefined;
  const shape = output.shape ?? signatureShape(model?.modelSignature);
  return shape?.length === 2 ? (knownSize(shape[1]) ?? undefined) : undefined;
}

/** Shape of the only output by the signature of a graph model, which knows it where the node of the output does not. */
function signatureShape(signature: Signature = {}): readonly (number | null)[] | undefined {
  const [only, another] = Object.values(signature.outputs ?? {});
  return another === undefined ? only?.tensorShape?.dim?.map(({ size }) => Number(size)) : undefined;
}

/** The part of a TensorFlow signature that says what comes out; sizes are whole numbers, often as text. */
interface Signature {
  readonly outputs?: Readonly<
    Record<string, { readonly tensorShape?: { readonly dim?: readonly { readonly size?: unknown }[] } }>
  >;
}

function modelOf(classifier: unknown): Partial<LayersModelLike & GraphModelLike> | undefined {
  const isModel = typeof classifier === 'object' && classifier !== null && !isTypedClassifier(classifier);
  return isModel ? classifier : undefined;
}

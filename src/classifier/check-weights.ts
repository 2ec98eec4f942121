import type * as tf from '@tensorflow/tfjs';
import { ClassifierError } from '../errors.ts';
import { originOf } from './origin.ts';

/**
 * Throws at the first weight that is NaN or infinite, in a layers or graph model or in the models that a function of the library is made of.
 *
 * Some backends turn NaN into numbers on the way to the logits. Of a function of the host nothing is seen, nor of a classifier of typed
 * arrays. Weights are read back one after the other.
 *
 * @param known - the memory of weights that have been found finite; they are passed over, and others are added
 * @internal
 */
export async function assertFiniteWeights(call: string, classifier: unknown, known: WeakSet<object>): Promise<void> {
  const parts = originOf(classifier)?.parts;
  if (parts) {
    for (const part of parts) await assertFiniteWeights(call, part, known);
    return;
  }
  for (const { name, tensor } of weightsOf(classifier)) {
    // A variable that is given new values has another piece of memory.
    const { dataId } = tensor;
    if (tensor.dtype !== 'float32' || tensor.isDisposed || known.has(dataId)) continue;
    const wrong = firstNotFinite((await tensor.data()) as Float32Array);
    if (wrong !== undefined) throw notFinite(call, name, wrong);
    known.add(dataId);
  }
}

/** The weights of a model, or of the models that a function of the library is made of, as far as they can be seen. @internal */
export function visibleWeights(classifier: unknown): tf.Tensor[] {
  const parts = originOf(classifier)?.parts;
  return parts ? parts.flatMap(visibleWeights) : weightsOf(classifier).map(({ tensor }) => tensor);
}

interface NamedWeight {
  readonly name: string;
  readonly tensor: tf.Tensor;
}

function weightsOf(model: unknown): NamedWeight[] {
  if (typeof model !== 'object' || model === null) return [];
  const { weights, trainableWeights } = model as { readonly weights?: unknown; readonly trainableWeights?: unknown };
  const found = weights ?? trainableWeights;
  // A layers model has variables, a graph model lists of tensors by name.
  if (Array.isArray(found)) return found.flatMap((weight: unknown) => (isVariable(weight) ? [named(weight)] : []));
  return Object.entries(found ?? {}).flatMap(([name, tensors]) =>
    (Array.isArray(tensors) ? tensors : [tensors]).filter(isTensor).map((tensor) => ({ name, tensor })),
  );
}

interface Variable {
  readonly name?: string;
  readonly originalName?: string;
  readonly read: () => unknown;
}

function isVariable(weight: unknown): weight is Variable {
  return typeof (weight as Partial<Variable> | null)?.read === 'function' && isTensor((weight as Variable).read());
}

function named(weight: Variable): NamedWeight {
  return { name: weight.originalName ?? weight.name ?? '?', tensor: weight.read() as tf.Tensor };
}

function isTensor(value: unknown): value is tf.Tensor {
  const { dataId, data, dtype } = (value ?? {}) as Partial<tf.Tensor>;
  return typeof dataId === 'object' && typeof data === 'function' && typeof dtype === 'string';
}

function firstNotFinite(values: Float32Array): number | undefined {
  for (const value of values) if (value - value !== 0) return value;
  return undefined;
}

function notFinite(call: string, name: string, value: number): ClassifierError {
  return new ClassifierError(
    `\`classifier\` must have finite weights, got ${value} in "${name}" (load the weights again; a backend can turn NaN into a vote,` +
      ' so a model with such a constant on purpose must be given as a function)',
    { call, field: 'classifier', value },
  );
}

import type * as tf from '@tensorflow/tfjs';
import { ClassifierError, refusal } from '../errors.ts';
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
  return allWeights(classifier).map(({ tensor }) => tensor);
}

/**
 * Remembers where the weights are, and gives a function that throws once one of them has been given other values.
 *
 * A variable that is given values gets another piece of memory, so to compare the pieces finds every `assign` and every step of an optimizer,
 * and costs nothing. What is written into the memory itself (the array behind a tensor of the CPU backend) is not noticed, nor are the weights
 * of a function of the host.
 * @internal
 */
export function watchWeights(classifier: unknown): (call: string) => void {
  const before = allWeights(classifier).map(({ name, tensor }) => ({ name, dataId: tensor.dataId }));
  return (call) => {
    if (before.length === 0) return;
    const now = allWeights(classifier);
    const changed = before.find(({ name, dataId }, i) => now[i]?.name === name && now[i].tensor.dataId !== dataId);
    if (changed !== undefined) throw notTheSame(call, changed.name);
  };
}

function allWeights(classifier: unknown): NamedWeight[] {
  return originOf(classifier)?.parts.flatMap(allWeights) ?? weightsOf(classifier);
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

function notTheSame(call: string, name: string): ClassifierError {
  const way = 'its votes would be of several models: wait for the run before the next training step, or certify a copy';
  const details = { call, field: 'classifier', value: name, got: `new values for "${name}" in the middle`, way };
  return refusal(ClassifierError, details, 'must stay as it is until the run has ended');
}

function notFinite(call: string, name: string, value: number): ClassifierError {
  const way =
    'load the weights again; a backend can turn NaN into a vote, so a model with such a constant on purpose must be given as a function';
  const details = { call, field: 'classifier', value, got: `${value} in "${name}"`, way };
  return refusal(ClassifierError, details, 'must have finite weights');
}

import type * as tf from '@tensorflow/tfjs';

/** What a checkpoint is of: a model or named variables, and the optimizer that trains them. */
export interface CheckpointSubject {
  /**
   * The model. All its weights count, the running statistics of batch normalisation too. They go by the names that their layers give
   * them (`conv1/kernel`), so name the layers: names that TensorFlow.js makes up count the models of the process.
   */
  readonly model?: tf.LayersModel | undefined;
  /** In place of `model`: every variable of a classifier of your own by a name, those that are not trained included. */
  readonly variables?: Readonly<Record<string, tf.Variable>> | undefined;
  /** The optimizer, an `Sgd` or one of `tf.train`. */
  readonly optimizer?: tf.Optimizer | undefined;
}

/** One weight of a subject. @internal */
export interface Weight {
  readonly shape: readonly number[];
  readonly dtype: string;
  /** The current value; not the caller's. */
  readonly read: () => tf.Tensor;
  readonly write: (value: tf.Tensor) => void;
}

/** The weights of a subject by name; a name that comes again gets a number (`name#2`). @internal */
export function weightsOf({ model, variables }: CheckpointSubject): ReadonlyMap<string, Weight> {
  const found = new Map<string, Weight>();
  for (const weight of model?.weights ?? []) {
    const { originalName, dtype } = weight;
    let name = originalName;
    for (let n = 2; found.has(name); n++) name = `${originalName}#${n}`;
    const shape = weight.shape as number[];
    found.set(name, { shape, dtype, read: () => weight.read(), write: (value) => void weight.write(value) });
  }
  for (const [name, variable] of Object.entries(variables ?? {})) {
    const { shape, dtype } = variable;
    found.set(name, { shape, dtype, read: () => variable, write: (value) => variable.assign(value) });
  }
  return found;
}

import * as tf from '@tensorflow/tfjs';
import { foldsNormalization } from '../classifier/adapt-classifier.ts';
import { visibleWeights } from '../classifier/check-weights.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import { BackendError } from '../errors.ts';
import type { Domain } from '../noise/types.ts';
import { createKey } from '../random/key.ts';
import { fillUniforms } from '../random/fill-bits.ts';
import { onBackend, readBack } from '../tensors/backend-failure.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { InputRange } from '../types.ts';

/** Which form of its models votes in a run: decided with the first example, the same for all that follow. @internal */
export interface FormChoice {
  /** Decides it, for examples of the shape of `x`. */
  readonly decide: (call: string, x: tf.Tensor) => Promise<void>;
  /** True once the inference form has been chosen. */
  readonly inferenceForm: boolean;
}

/** What the choice looks at. */
interface FormOptions {
  /** False where the host wants the models themselves. */
  readonly inferenceForm: boolean;
  readonly inputRange: InputRange;
  readonly domain: Domain;
  /** Noisy copies of an example. */
  readonly copies: (x: tf.Tensor, range: { readonly start: number; readonly count: number }) => tf.Tensor;
}

/** Noisy copies of one image, on which model and form are compared. */
const PROBES = 4;

/** How far logits of the form may be from those of the model, as a share of the range of the model's logits. */
const TOLERANCE = 1e-4;

/**
 * Chooses between the inference form of the models inside a classifier and the models themselves.
 *
 * The form votes where it exists (some normalisation is folded) and its logits are those of the models up to 1e-4 of their range. Both are asked
 * for noisy copies of one image that does not depend on the data, so that every run, worker and later run with the same weights and backend chooses
 * the same: a certificate never mixes two functions.
 * @internal
 */
export class FormChooser {
  readonly #classifier: Classifier;
  readonly #run: LogitsFn;
  readonly #options: FormOptions;
  #known: { readonly state: readonly unknown[]; readonly isSame: Promise<boolean> } | undefined;

  constructor(classifier: Classifier, run: LogitsFn, options: FormOptions) {
    this.#classifier = classifier;
    this.#run = run;
    this.#options = options;
  }

  /** The choice of one run; `wanted` is false where it has to go on with the models themselves. */
  choice(wanted = true): FormChoice {
    let chosen: Promise<boolean> | undefined;
    const choice = {
      inferenceForm: false,
      decide: async (call: string, x: tf.Tensor): Promise<void> => {
        chosen ??= wanted ? this.#decide(call, x.shape) : Promise.resolve(false);
        choice.inferenceForm = await chosen;
      },
    };
    return choice;
  }

  async #decide(call: string, shape: readonly number[]): Promise<boolean> {
    if (!this.#options.inferenceForm || !foldsNormalization(this.#classifier)) return false;
    const state = [tf.getBackend(), String(shape), ...visibleWeights(this.#classifier).map(({ dataId }) => dataId)];
    const known = this.#known;
    if (known?.state.length === state.length && state.every((part, i) => part === known.state[i])) return known.isSame;
    const isSame = this.#isSame(call, shape);
    this.#known = { state, isSame };
    return isSame;
  }

  /** Whether both say the same of noisy copies of an image of noise. */
  async #isSame(call: string, shape: readonly number[]): Promise<boolean> {
    let logits: readonly [tf.Tensor, tf.Tensor];
    try {
      logits = this.#bothLogits(call, shape);
    } catch (error) {
      // What is wrong with the classifier or the noise is found again in the run, which has the words for it.
      if (error instanceof BackendError) throw error;
      return false;
    }
    try {
      const read = (tensor: tf.Tensor): Promise<Float32Array> =>
        readBack({ call, shape: tensor.shape }, () => tensor.data<'float32'>());
      return isNear(await read(logits[0]), await read(logits[1]));
    } finally {
      tf.dispose([...logits]);
    }
  }

  /** Logits of the models and of their inference form. */
  #bothLogits(call: string, shape: readonly number[]): readonly [tf.Tensor, tf.Tensor] {
    return onBackend({ call, shape: [PROBES, ...shape] }, () =>
      tf.tidy(() => {
        const noisy = this.#options.copies(this.#probe(shape), { start: 0, count: PROBES });
        const logits = (inferenceForm: boolean): tf.Tensor =>
          tf.clone(this.#run(noisy, { training: false, inferenceForm }));
        return [logits(false), logits(true)] as [tf.Tensor, tf.Tensor];
      }),
    );
  }

  /** An example of the domain: 8-bit levels, bits, or one and the same token, which every vocabulary has. */
  #probe(shape: readonly number[]): tf.Tensor {
    const [low, high] = this.#options.inputRange.every(Number.isFinite) ? this.#options.inputRange : [0, 1];
    const values = new Float32Array(tf.util.sizeFromShape([...shape]));
    fillUniforms(values, { key: createKey(0), start: 0, dimension: values.length });
    const levels = (value: number): number => low + (high - low) * (Math.round(255 * value) / 255);
    const inDomain = { binary: Math.round, tokens: () => 1, real: levels, unit: levels, uint8: levels };
    return tensorOver(
      values.map((value) => inDomain[this.#options.domain](value)),
      [...shape],
      'float32',
    );
  }
}

/** Entries may differ by a share of the range of all entries; what is not finite is never near. */
function isNear(model: Float32Array, form: Float32Array): boolean {
  let [least, most] = [Infinity, -Infinity];
  for (const value of model) [least, most] = [Math.min(least, value), Math.max(most, value)];
  return model.every((value, i) => Math.abs(value - form[i]!) <= TOLERANCE * (most - least));
}

import * as tf from '@tensorflow/tfjs';
import { isTypedClassifier } from '../classifier/adapt-classifier.ts';
import { declaredInputShape } from '../classifier/declared-shapes.ts';
import { inputAdvice } from '../classifier/input-advice.ts';
import { fitsShape } from '../classifier/input-fit.ts';
import type { Classifier } from '../classifier/types.ts';
import { OptionError, refusal, TensorError } from '../errors.ts';
import { domainText, isInDomain, TOKEN_IDS } from '../noise/domains.ts';
import type { Noise } from '../noise/types.ts';
import type { CallContext } from '../options/call-context.ts';
import { createKey } from '../random/key.ts';
import { assertFloat, isTensor, showShape } from '../tensors/assert-shapes.ts';
import { copyOf } from '../tensors/own-tensor.ts';
import type { InputRange, Key, Norm } from '../types.ts';
import { BatchSizes } from './batch-sizes.ts';
import { type FormChoice, FormChooser } from './form-choice.ts';
import type { RowSource } from './read-rows.ts';
import { RunLooks } from './run-looks.ts';

/** What {@link CheckedModel} needs of a noise. @internal */
export type AnyNoise = Pick<Noise, 'name' | 'norms' | 'domain' | 'copyShape' | 'assertValues'> & {
  perturb(x: tf.Tensor, request: { key: Key; start: number; count: number; onFailure: () => void }): tf.Tensor;
};

/** A model as its rows are read, and what is told of it, with all defaults. */
interface ModelOptions<N extends AnyNoise> extends Pick<RowSource, 'run' | 'typed' | 'layout'> {
  readonly noise: N;
  readonly inputRange: InputRange;
  readonly batchSize?: number | undefined;
  readonly inferenceForm: boolean;
}

/** A model with the noise that smooths it, checked: what everything smoothed is made of. @internal */
export class CheckedModel<N extends AnyNoise> {
  readonly noise: N;
  /** The model as its rows are read. */
  readonly source: Omit<RowSource, 'form'>;
  readonly #classifier: Classifier;
  readonly #inputRange: InputRange;
  readonly #forms: FormChooser;

  /** @param call - the constructor that was called, for error texts */
  constructor(call: string, classifier: Classifier, options: ModelOptions<N>) {
    const { noise, inputRange, batchSize, inferenceForm, layout, run, typed: typedRows } = options;
    const typed = isTypedClassifier(classifier) ? classifier : undefined;
    if (typed?.inputRange) assertRange(call, inputRange, typed.inputRange);
    this.#classifier = classifier;
    this.#inputRange = noise.domain === 'tokens' ? TOKEN_IDS : inputRange;
    this.noise = noise;
    const copies = (x: tf.Tensor, range: { start: number; count: number }): tf.Tensor =>
      noise.perturb(x, { key: createKey(0), ...range, onFailure: () => undefined });
    this.#forms = new FormChooser(classifier, run, {
      inferenceForm,
      inputRange,
      domain: noise.domain,
      copies,
    });
    this.source = {
      run,
      typed: typedRows,
      layout,
      looksOf: looksByRun(classifier),
      batches: new BatchSizes(batchSize, { isTyped: typed !== undefined }),
    };
  }

  /** The choice of the form that is asked in one run; `wanted` is false where it goes on with one of the models themselves. */
  form(wanted?: boolean): FormChoice {
    return this.#forms.choice(wanted);
  }

  /**
   * A copy of `x` for the caller to dispose, made before the host has its next turn. Throws unless `x` is one example that the model takes,
   * inside the input range and the domain of the noise.
   */
  async own(call: string, x: tf.Tensor, form: FormChoice): Promise<tf.Tensor> {
    assertOneExample(call, x, this.#classifier, this.noise);
    const own = tf.keep(copyOf(x)); // not for a tidy of the host to free
    try {
      await assertValues(call, own, this.#inputRange, this.noise);
      await form.decide(call, own);
      return own;
    } catch (error) {
      own.dispose();
      throw error;
    }
  }

  /** Works on a copy of an example (see {@link CheckedModel.own}), which is gone afterwards, with the model in the form that is asked. */
  async withOwnCopy<T>(
    { call, inferenceForm }: Pick<CallContext, 'call' | 'inferenceForm'>,
    x: tf.Tensor,
    work: (own: tf.Tensor, form: FormChoice) => Promise<T>,
  ): Promise<T> {
    const form = this.form(inferenceForm);
    const own = await this.own(call, x, form);
    try {
      return await work(own, form);
    } finally {
      own.dispose();
    }
  }

  /** The norm asked for, or the first one of the noise. */
  norm(call: string, asked: Norm | undefined): Norm {
    const { name, norms } = this.noise;
    const norm = asked ?? norms[0];
    if (norm !== undefined && norms.includes(norm)) return norm;
    const details = { call, field: 'norm', value: norm, got: String(norm) };
    throw refusal(OptionError, details, `must be one that ${name} noise certifies (${norms.join(', ')})`);
  }
}

/** Throws unless the declared range is that of a classifier that clips: its values would be of another scale. */
function assertRange(call: string, [low, high]: InputRange, [least, most]: InputRange): void {
  if (low === least && high === most) return;
  const way = 'sigma is in units of this range';
  const details = { call, field: 'inputRange', value: [low, high], way };
  throw refusal(OptionError, details, `must be [${least}, ${most}], the range of the values that the classifier takes`);
}

function looksByRun(classifier: Classifier): (run: object) => RunLooks {
  const [looks, finiteWeights] = [new WeakMap<object, RunLooks>(), new WeakSet()];
  return (run) => {
    const found = looks.get(run) ?? new RunLooks(classifier, finiteWeights);
    looks.set(run, found);
    return found;
  };
}

/** Throws unless `x` is one float32 example whose copies have the shape that the classifier declares, without a batch dimension. */
function assertOneExample(call: string, x: tf.Tensor, classifier: Classifier, noise: AnyNoise): void {
  const declared = declaredInputShape(classifier);
  const isExample = isTensor(x) && x.rank > 0 && x.size > 0;
  if (isExample && noise.copyShape !== undefined) {
    const copy = noise.copyShape(x.shape);
    if (declared !== undefined && !fitsShape(copy, declared)) {
      const way = 'build the model for copies of this noise';
      const got = `copies [${copy.join(',')}] of x [${x.shape.join(',')}]`;
      const must = `must be one example whose copies with ${noise.name} noise have the shape [${showDeclared(declared)}]`;
      throw refusal(TensorError, { call, field: 'x', value: x, got, way }, must);
    }
  } else if (!isExample || (declared !== undefined && !fitsShape(x.shape, declared))) {
    const shape = declared === undefined ? '...inputShape' : showDeclared(declared);
    const way = inputAdvice(isTensor(x) ? x.shape : [], isTensor(x) ? declared : undefined);
    const details = { call, field: 'x', value: x, got: showShape(x), way };
    throw refusal(TensorError, details, `must be one example, a tensor of shape [${shape}]`);
  }
  assertFloat(call, 'x', x);
}

/** Throws unless every value of `x` is finite, inside the declared input range and in the domain of the noise. */
async function assertValues(call: string, x: tf.Tensor, [low, high]: InputRange, noise: AnyNoise): Promise<void> {
  const values = await x.data<'float32'>();
  // The values are float32, so the ends are taken as float32 too: 0.1 is inside [0, 0.1].
  const [least, most] = [Math.fround(low), Math.fround(high)];
  const wrong = values.find((value) => !(value >= least && value <= most && value - value === 0));
  if (wrong !== undefined) {
    const way = 'sigma is in input units: scale the input, or declare `inputRange` and choose sigma for it';
    const must = `must have finite values in the declared input range [${low}, ${high}]`;
    throw refusal(TensorError, { call, field: 'x', value: wrong, way }, must);
  }
  const { name, domain } = noise;
  const outside = values.find((value) => !isInDomain(domain, value));
  if (outside === undefined) return noise.assertValues?.(call, values);
  const details = { call, field: 'x', value: outside, way: 'its certificate holds only there' };
  throw refusal(TensorError, details, `must have values ${domainText(domain)} for ${name} noise`);
}

function showDeclared(declared: readonly (number | null)[]): string {
  return declared.map((size) => size ?? 'any').join(',');
}

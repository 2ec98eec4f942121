import * as tf from '@tensorflow/tfjs';
import type { Variable } from '@tensorflow/tfjs';
import { OptionError, refusal, TensorError } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, type WithDefaults } from '../options/parse.ts';
import { sgdUpdate } from '../tensors/sgd-update.ts';

/** Options of {@link Sgd}. */
export interface SgdOptions {
  /** Step size, of at least 0. `Sgd.learningRate` can be set between steps. */
  readonly learningRate: number;
  /**
   * Part of the last direction that is kept.
   * @defaultValue 0
   */
  readonly momentum?: number | undefined;
  /**
   * Factor of the weights that is added to their gradients.
   * @defaultValue 0
   */
  readonly weightDecay?: number | undefined;
  /**
   * Part of the gradient that is left out of the momentum, from the second step on.
   * @defaultValue 0
   */
  readonly dampening?: number | undefined;
  /**
   * Look ahead along the momentum; needs `momentum` and no `dampening`.
   * @defaultValue false
   */
  readonly nesterov?: boolean | undefined;
  /**
   * Which variables `weightDecay` is for, for example `(variable) => variable.rank > 1`; absent: all, as PyTorch does, those of batch
   * normalisation and biases included.
   */
  readonly decays?: ((variable: tf.Variable) => boolean) | undefined;
}

const sgdOptions = optionsOf<SgdOptions>()({
  learningRate: fields.nonNegative,
  momentum: fields.withDefault(fields.nonNegative, 0),
  weightDecay: fields.withDefault(fields.nonNegative, 0),
  dampening: fields.withDefault(fields.finite, 0),
  nesterov: fields.withDefault(fields.boolean, false),
  decays: fields.optional(fields.callback<(variable: Variable) => boolean>('must be a function of a variable')),
});

function parseSgdOptions(call: string, given: SgdOptions): WithDefaults<SgdOptions, 'decays'> {
  const parsed = sgdOptions.parse(call, given);
  if (parsed.nesterov && (parsed.momentum === 0 || parsed.dampening !== 0)) {
    const got = `true with momentum ${parsed.momentum} and dampening ${parsed.dampening}`;
    const must = 'must be false where `momentum` is 0 or `dampening` is not 0';
    throw refusal(OptionError, { call, field: 'nesterov', value: true, got }, must);
  }
  return parsed;
}

type Gradients = Parameters<tf.Optimizer['applyGradients']>[0];
type NamedTensors = Awaited<ReturnType<tf.Optimizer['getWeights']>>;

/** A variable that takes part in a step: its place, its gradient and its momentum so far. */
interface Part {
  readonly variable: tf.Variable;
  readonly position: number;
  readonly gradient: tf.Tensor;
  readonly buffer: tf.Variable | undefined;
}

/**
 * Stochastic gradient descent with the update of `torch.optim.SGD`; an optimizer like those of TensorFlow.js, for every backend.
 *
 * For a weight w with gradient g, in float32:
 * - d = g + weightDecay · w
 * - with momentum: b = d in the first step, then b ← momentum · b + (1 − dampening) · d; and d ← b, or d + momentum · b with `nesterov`
 * - w ← w − learningRate · d
 *
 * It differs from `tf.train.momentum` by the decay. A variable without a gradient is left as it is. The momentum belongs to positions in
 * the list of variables that `minimize` is given: give it the same list in every step. It is the optimizer's; `dispose` frees it.
 *
 * @throws OptionError if an option is unknown or out of range.
 * @throws TensorError in a step, before any weight is changed, if a variable is gone or its momentum (`setWeights`) has another shape.
 * @see PyTorch 1.13, torch/optim/sgd.py
 * @example
 * ```ts
 * import { Sgd } from 'catrs/recipes';
 *
 * const sgd = new Sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 });
 * using prepared = loss.prepare({ x, labels, key });
 * sgd.minimize(() => prepared.value(), false, trainableVariables(model));
 * sgd.learningRate = 0.01;
 * ```
 */
export class Sgd extends tf.Optimizer {
  /** Name of the class in checkpoints. */
  static readonly className: string = 'Sgd';
  #options: ReturnType<typeof parseSgdOptions>;
  readonly #positions = new Map<tf.Variable, number>();
  #buffers = new Map<number, tf.Variable>();

  /** Checks the options. */
  constructor(options: SgdOptions) {
    super();
    this.#options = parseSgdOptions('Sgd', options);
  }

  /** Step size of the next step. */
  get learningRate(): number {
    return this.#options.learningRate;
  }

  /** Sets the step size, as a schedule does at the start of an epoch. Throws OptionError unless it is finite and at least 0. */
  set learningRate(learningRate: number) {
    this.#options = parseSgdOptions('Sgd', { ...(this.#options as SgdOptions), learningRate });
  }

  /** Makes one step from gradients by variable name; `minimize` calls it. The gradients are not disposed. */
  applyGradients(gradients: Gradients): void {
    const named = Array.isArray(gradients)
      ? gradients
      : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }));
    const parts = named.map(({ name, tensor }) => this.#part(name, tensor)).filter((part) => part !== undefined);
    for (const part of parts) tf.tidy(() => this.#move(part));
    this.incrementIterations();
  }

  /** The step count (`iter`, a new tensor of the caller) and the momenta (`momentum/0`, ..., variables of the optimizer). */
  override async getWeights(): Promise<NamedTensors> {
    const positions = [...this.#buffers.keys()].sort((a, b) => a - b);
    const momenta = positions.map((p) => ({ name: `momentum/${p}`, tensor: this.#buffers.get(p) as tf.Tensor }));
    return [await this.saveIterations(), ...momenta];
  }

  /**
   * Takes over what `getWeights` of another `Sgd` gave; the tensors are copied, not disposed.
   *
   * @throws TensorError, with nothing changed, if they are something else
   */
  override async setWeights(weights: NamedTensors): Promise<void> {
    const { iterations, buffers } = await parseMomentumBuffers('Sgd.setWeights', weights);
    this.#freeBuffers();
    this.#buffers = new Map([...buffers].map(([position, tensor]) => [position, tf.variable(tensor, false)]));
    this.iterations_ = iterations;
  }

  /** The options as plain data; `decays` is a function and not part of them. */
  override getConfig(): tf.serialization.ConfigDict {
    const { learningRate, momentum, weightDecay, dampening, nesterov } = this.#options;
    return { learningRate, momentum, weightDecay, dampening, nesterov };
  }

  /** Frees the momentum. */
  override dispose(): void {
    this.#freeBuffers();
    this.#positions.clear();
  }

  #part(name: string, gradient: tf.Tensor | null | undefined): Part | undefined {
    const variable = tf.engine().registeredVariables[name];
    if (variable === undefined) {
      const got = `${JSON.stringify(name)}, which has been disposed`;
      throw refusal(TensorError, { call: 'Sgd', field: 'variables', value: name, got }, 'must exist');
    }
    const position = this.#positions.get(variable) ?? this.#positions.size;
    this.#positions.set(variable, position);
    if (gradient === null || gradient === undefined) return undefined;
    const buffer = this.#buffers.get(position);
    if (buffer !== undefined && String(buffer.shape) !== String(variable.shape)) {
      const must = `must be in the order of the restored momentum, which has shape [${buffer.shape}] at position ${position}`;
      const got = `${JSON.stringify(name)} of shape [${variable.shape}]`;
      const way = 'give minimize the same list as before';
      throw refusal(TensorError, { call: 'Sgd', field: 'variables', value: name, got, way }, must);
    }
    return { variable, position, gradient, buffer };
  }

  #move({ variable, position, gradient, buffer }: Part): void {
    const { weightDecay, decays, ...numbers } = this.#options;
    const decay = weightDecay !== 0 && (decays?.(variable) ?? true) ? weightDecay : 0;
    const inputs = { weights: variable, gradient, buffer };
    const { weights, buffer: direction } = sgdUpdate(inputs, { ...numbers, weightDecay: decay });
    if (buffer && direction) buffer.assign(direction);
    else if (direction) this.#buffers.set(position, tf.variable(direction, false));
    variable.assign(weights);
  }

  #freeBuffers(): void {
    for (const buffer of this.#buffers.values()) buffer.dispose();
    this.#buffers.clear();
  }
}

/** The state of an `Sgd`, by position in its list of variables. */
interface MomentumBuffers {
  readonly iterations: number;
  readonly buffers: ReadonlyMap<number, tf.Tensor>;
}

/** Reads what `Sgd.getWeights` gives: `iter` first, then `momentum/<position>`. */
async function parseMomentumBuffers(call: string, weights: NamedTensors): Promise<MomentumBuffers> {
  const [first, ...others] = weights;
  if (first?.name !== 'iter' || first.tensor.size !== 1) throw otherWeights(call, first?.name);
  const buffers = new Map<number, tf.Tensor>();
  for (const { name, tensor } of others) {
    const position = Number(/^momentum\/(\d+)$/.exec(name)?.[1] ?? NaN);
    if (!Number.isSafeInteger(position) || buffers.has(position) || tensor.dtype !== 'float32')
      throw otherWeights(call, name);
    buffers.set(position, tensor);
  }
  const [iterations = 0] = await first.tensor.data();
  return { iterations, buffers };
}

function otherWeights(call: string, name: unknown): TensorError {
  const must = 'must be those that getWeights of an Sgd gives (iter, momentum/0, momentum/1, ...)';
  return refusal(TensorError, { call, field: 'weights', value: name }, must);
}

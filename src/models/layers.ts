import * as tf from '@tensorflow/tfjs';
import { showValue, TensorError } from '../errors.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

/** The one tensor that a layer is called with. */
function onlyTensor(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
  return Array.isArray(inputs) ? (inputs[0] as tf.Tensor) : inputs;
}

/** Size of the last dimension, in which the channels lie. */
function lastDimension(shape: tf.Shape | tf.Shape[]): number | null {
  return (shape.at(-1) as number | null | undefined) ?? null;
}

type Options = Parameters<typeof tf.layers.conv2d>[0];

/**
 * `tf.layers.conv2d` without bias and activation, whose gradients are made only when they are wanted.
 *
 * The layer of TensorFlow.js uses a fused operation that makes the gradients of input and weights together: an attack, which wants
 * the first, would pay for the second at every convolution. Saved models hold an ordinary `Conv2D`.
 * @internal
 */
export function plainConvolution(
  options: Pick<Options, 'name' | 'filters' | 'kernelSize' | 'strides' | 'padding'>,
): tf.layers.Layer {
  const { strides = 1, padding = 'valid' } = options;
  // The zeros are overwritten at once: the initialisers of tf.layers draw from Math.random.
  const layer = tf.layers.conv2d({ ...options, useBias: false, kernelInitializer: 'zeros' });
  const convolve = (x: tf.Tensor4D): tf.Tensor =>
    tf.conv2d(x, layer.weights[0]!.read() as tf.Tensor4D, strides as number, padding as 'valid' | 'same');
  layer.call = (inputs: tf.Tensor | tf.Tensor[]) => tf.tidy(() => convolve(onlyTensor(inputs) as tf.Tensor4D));
  return layer;
}

/** What a saved {@link NormalizeLayer} holds. */
interface NormalizeConfig {
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly name?: string;
  readonly inputShape?: number[];
}

/** (x − mean) / std for each channel; the layer behind `normalize`. @internal */
export class NormalizeLayer extends tf.layers.Layer {
  /** Name in saved models. */
  static readonly className: string = 'CatrsNormalize';
  readonly #mean: readonly number[];
  readonly #std: readonly number[];

  constructor(config: NormalizeConfig) {
    super(config);
    this.#mean = [...config.mean];
    this.#std = [...config.std];
    this.supportsMasking = true;
  }

  /** Checks the number of channels. */
  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const channels = lastDimension(inputShape);
    if (channels !== this.#mean.length) {
      throw new TensorError(
        `\`x\` must have ${this.#mean.length} channels in its last dimension, as many as \`mean\`, got ${showValue(channels)}`,
        { call: 'normalize', field: 'x', value: inputShape },
      );
    }
    super.build(inputShape);
  }

  /** Normalises. */
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() =>
      tf.div(
        tf.sub(onlyTensor(inputs), tensorOver(this.#mean, [this.#mean.length], 'float32')),
        tensorOver(this.#std, [this.#std.length], 'float32'),
      ),
    );
  }

  /** What `fromConfig` needs to make the layer again. */
  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), mean: [...this.#mean], std: [...this.#std] };
  }
}

/**
 * Batch normalisation with the batch's own mean and biased variance: γ (x − μ) / √(v + ε) + β over all but the last dimension.
 *
 * The gradient is written out, dx = γ/s · (dy − mean(dy) − x̂ · mean(dy · x̂)) with s = √(v + ε): differentiating the parts one by
 * one takes twice the time and memory. `seeStatistics` gets μ and v once, off the tape.
 * @internal
 */
export function normalizeByBatch(
  x: tf.Tensor,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  epsilon: number,
  seeStatistics: (mean: tf.Tensor, variance: tf.Tensor) => void,
): tf.Tensor {
  const axes = x.shape.map((_, axis) => axis).slice(0, -1);
  const normalized = tf.customGrad((...args) => {
    const [x, gamma, beta, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const mean = tf.mean(x, axes);
    const centred = tf.sub(x, mean);
    const variance = tf.mean(tf.square(centred), axes);
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    seeStatistics(mean, variance);
    save([x, gamma, mean, inverse]);
    return { value: tf.add(tf.mul(centred, tf.mul(gamma, inverse)), beta), gradFunc: gradient(axes) };
  });
  return normalized(x, gamma, beta);
}

function gradient(axes: number[]): (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[] {
  // The engine would keep what is made on the way until the whole gradient is done: in a ResNet 40 % of the memory of a step.
  return (dy, saved) => tf.tidy(() => gradients(dy, saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], axes));
}

function gradients(
  dy: tf.Tensor,
  [x, gamma, mean, inverse]: readonly [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor],
  axes: number[],
): tf.Tensor[] {
  const count = x.size / gamma.size;
  const centred = tf.sub(x, mean);
  const dBeta = tf.sum(dy, axes);
  const dGamma = tf.mul(tf.sum(tf.mul(dy, centred), axes), inverse);
  const slope = tf.mul(gamma, inverse);
  // dx = slope · dy − centred · perDeviation − slope · mean(dy)
  const perDeviation = tf.div(tf.mul(slope, tf.mul(dGamma, inverse)), count);
  const constant = tf.div(tf.mul(slope, dBeta), count);
  const dx = tf.sub(tf.mul(dy, slope), tf.add(tf.mul(centred, perDeviation), constant));
  return [dx, dGamma, dBeta];
}

/** What a saved {@link BatchNormalizationLayer} holds. */
interface BatchNormalizationConfig {
  readonly momentum: number;
  readonly epsilon: number;
  readonly name?: string;
}

type LayerVariable = ReturnType<tf.layers.Layer['addWeight']>;

/** Batch normalisation over the last dimension as PyTorch does it; the layer behind `torchBatchNormalization`. @internal */
export class BatchNormalizationLayer extends tf.layers.Layer {
  /** Name in saved models. */
  static readonly className: string = 'CatrsTorchBatchNormalization';
  readonly #momentum: number;
  readonly #epsilon: number;
  #gamma!: LayerVariable;
  #beta!: LayerVariable;
  #movingMean!: LayerVariable;
  #movingVariance!: LayerVariable;

  constructor(config: BatchNormalizationConfig) {
    super(config);
    this.#momentum = config.momentum;
    this.#epsilon = config.epsilon;
    this.supportsMasking = true;
  }

  /** Makes the four weights. */
  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const channels = lastDimension(inputShape);
    if (channels === null) {
      throw new TensorError('`x` must have a known number of channels in its last dimension, got null', {
        call: 'torchBatchNormalization',
        field: 'x',
        value: inputShape,
      });
    }
    const [zeros, ones] = [tf.initializers.zeros(), tf.initializers.ones()];
    this.#gamma = this.addWeight('gamma', [channels], 'float32', ones);
    this.#beta = this.addWeight('beta', [channels], 'float32', zeros);
    this.#movingMean = this.addWeight('moving_mean', [channels], 'float32', zeros, undefined, false);
    this.#movingVariance = this.addWeight('moving_variance', [channels], 'float32', ones, undefined, false);
    super.build(inputShape);
  }

  /** Normalises; in training mode it also moves the running statistics. */
  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { readonly training?: unknown }): tf.Tensor {
    const x = onlyTensor(inputs);
    return tf.tidy(() => (kwargs['training'] ? this.#byBatch(x) : this.#byRunningStatistics(x)));
  }

  /** What `fromConfig` needs to make the layer again. */
  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), momentum: this.#momentum, epsilon: this.#epsilon };
  }

  /** Two passes over x: x · scale + shift. */
  #byRunningStatistics(x: tf.Tensor): tf.Tensor {
    const scale = tf.mul(this.#gamma.read(), tf.rsqrt(tf.add(this.#movingVariance.read(), this.#epsilon)));
    const shift = tf.sub(this.#beta.read(), tf.mul(this.#movingMean.read(), scale));
    return tf.add(tf.mul(x, scale), shift);
  }

  #byBatch(x: tf.Tensor): tf.Tensor {
    const count = x.size / (x.shape.at(-1) as number);
    if (count < 2) {
      throw new TensorError(
        `\`x\` must have at least 2 values a channel in training mode, got shape ${showValue(x.shape)}`,
        { call: 'torchBatchNormalization', field: 'x', value: x.shape },
      );
    }
    return normalizeByBatch(x, this.#gamma.read(), this.#beta.read(), this.#epsilon, (mean, variance) => {
      this.#follow(this.#movingMean, mean);
      this.#follow(this.#movingVariance, tf.mul(variance, count / (count - 1)));
    });
  }

  #follow(running: LayerVariable, value: tf.Tensor): void {
    running.write(tf.add(tf.mul(running.read(), this.#momentum), tf.mul(value, 1 - this.#momentum)));
  }
}

/**
 * Tells TensorFlow.js about the layers of {@link normalize} and {@link torchBatchNormalization}, so that saved models with them can be
 * loaded.
 *
 * Needed by `tf.loadLayersModel` and `tf.models.modelFromJSON` only, once in a process; may be called again. Importing catrs
 * registers nothing. The names in saved files are `CatrsNormalize` and `CatrsTorchBatchNormalization`.
 *
 * @example
 * ```ts
 * registerLayers();
 * const model = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
 * ```
 */
export function registerLayers(): void {
  tf.serialization.registerClass(NormalizeLayer, 'catrs');
  tf.serialization.registerClass(BatchNormalizationLayer, 'catrs');
}

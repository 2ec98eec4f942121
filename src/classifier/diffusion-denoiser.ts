import * as tf from '@tensorflow/tfjs';
import { ClassifierError, OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { isTypedDenoiser } from './adapt-classifier.ts';
import { floatsInTurn } from './ask-rows.ts';
import { type DiffusionStep, type DiffusionStepOptions, stepFields, stepOf } from './diffusion-schedule.ts';
import type { DenoiseFn, TypedDenoiser } from './types.ts';

/** What a diffusion network predicts: the noise, the image, or v = √ᾱ noise − √(1 − ᾱ) image. */
export type DiffusionPrediction = 'epsilon' | 'x0' | 'v';

/** A diffusion network of tensors: x_t [batch, ...shape] in [−1, 1] units and its time → its prediction, of the same shape or with more channels, of which the first count. */
export type DiffusionFn = (x: tf.Tensor, options: { readonly time: number }) => tf.Tensor;

/** Options of {@link diffusionDenoiser}. */
export interface DiffusionDenoiserOptions extends DiffusionStepOptions {
  /**
   * What the network predicts.
   * @defaultValue 'epsilon'
   */
  readonly predicts?: DiffusionPrediction | undefined;
}

const diffusionDenoiserOptions = optionsOf<DiffusionDenoiserOptions>()({
  ...stepFields,
  predicts: fields.withDefault(fields.oneOf('epsilon', 'x0', 'v'), 'epsilon'),
});

const CALL = 'diffusionDenoiser';

/**
 * A diffusion network as a denoiser in one step, for `denoised`: images with noise of sigma → images without.
 *
 * With ᾱ of {@link diffusionStep} the network sees x_t = √ᾱ (2z − 1) of a noisy image z, and its guess of the image is 2z − 1 − √((1 − ᾱ)/ᾱ) · ε(x_t, t) (`'epsilon'`), its
 * output (`'x0'`), or √ᾱ x_t − √(1 − ᾱ) v (`'v'`), cut to [−1, 1] and brought to [0, 1]. Of networks that learn variances, with twice as many channels,
 * the first half counts. It is one fixed function of each row, so that every certificate of a smoothed classifier holds; the noise is added by catrs, never here.
 *
 * @param network - of tensors, or of typed arrays: a `TypedDenoiser` whose batch says the `time` (for example `onnxDenoiser` with `timeInput`)
 * @returns a denoiser of the kind of the network, for inputs in [0, 1]
 * @throws OptionError if the network is none, an option is unknown or wrong, or the schedule has no step that noisy
 * @throws ClassifierError (from the denoiser) if the network returns another shape
 * @example
 * ```ts
 * const denoiser = diffusionDenoiser((x) => tf.zerosLike(x), { schedule: 'cosine', steps: 4000, sigma: 0.5 });
 * const g = new SmoothedClassifier(denoised(model, denoiser), { noise: new GaussianNoise({ sigma: 0.5 }) });
 * ```
 * @see Carlini et al., "(Certified!!) Adversarial Robustness for Free!", ICLR 2023, algorithm 1
 */
export function diffusionDenoiser(network: TypedDenoiser, options: DiffusionDenoiserOptions): TypedDenoiser;
/** A diffusion network of tensors as a denoiser in one step. */
export function diffusionDenoiser(network: DiffusionFn, options: DiffusionDenoiserOptions): DenoiseFn;
export function diffusionDenoiser(
  network: TypedDenoiser | DiffusionFn,
  options: DiffusionDenoiserOptions,
): TypedDenoiser | DenoiseFn {
  const { predicts, ...asked } = diffusionDenoiserOptions.parse(CALL, options);
  const step = stepOf(CALL, asked);
  if (isTypedDenoiser(network)) return typedDenoiser(network, step, predicts);
  if (typeof network !== 'function') {
    const must = 'must be a function of tensors, or an object with a method `denoise`';
    throw refusal(OptionError, { call: CALL, field: 'network', value: network }, must);
  }
  return (x) => tf.tidy(() => denoisedTensor(network, x, step, predicts));
}

function denoisedTensor(
  network: DiffusionFn,
  x: tf.Tensor,
  { time, alphaBar, inputScale, noise }: DiffusionStep,
  predicts: DiffusionPrediction,
): tf.Tensor {
  const centred = tf.sub(tf.mul(x, 2), 1);
  const noisy = tf.mul(centred, inputScale);
  const output = network(noisy, { time });
  const channels = x.shape.at(-1) ?? 1;
  assertOutput([...output.shape], x.shape, output.shape.at(-1) ?? 0);
  const said =
    output.shape.at(-1) === channels
      ? output
      : tf.slice(
          output,
          x.shape.map(() => 0),
          [...x.shape],
        );
  const image =
    predicts === 'epsilon'
      ? tf.sub(centred, tf.mul(said, noise))
      : predicts === 'x0'
        ? said
        : tf.sub(tf.mul(noisy, inputScale), tf.mul(said, Math.sqrt(1 - alphaBar)));
  return tf.div(tf.add(tf.clipByValue(image, -1, 1), 1), 2);
}

function typedDenoiser(
  network: TypedDenoiser,
  { time, alphaBar, inputScale, noise }: DiffusionStep,
  predicts: DiffusionPrediction,
): TypedDenoiser {
  const rest = Math.sqrt(1 - alphaBar);
  const imageOf = (centred: number, said: number): number => {
    if (predicts === 'epsilon') return centred - noise * said;
    return predicts === 'x0' ? said : inputScale * (inputScale * centred) - rest * said;
  };
  return {
    denoise: async (inputs, { batch, shape }) => {
      const scaled = inputs.map((z) => inputScale * (2 * z - 1));
      const output = await floatsInTurn(CALL, 'network', network, () =>
        network.denoise(scaled, { batch, shape: [...shape], time }),
      );
      const channels = shape.at(-1) ?? 1;
      const all = (channels * output.length) / inputs.length;
      assertOutput([batch, ...shape.slice(0, -1), all], [batch, ...shape], all);
      return inputs.map((z, i) => {
        const said = output[Math.floor(i / channels) * all + (i % channels)] as number;
        return (Math.min(Math.max(imageOf(2 * z - 1, said), -1), 1) + 1) / 2;
      });
    },
    inputShape: network.inputShape,
    inputRange: [0, 1],
    engine: network.engine,
  };
}

/** Throws unless an output has the shape of its images, or twice as many channels. */
function assertOutput(output: readonly number[], images: readonly number[], channels: number): void {
  const own = images.at(-1) ?? 1;
  const isSame =
    output.length === images.length &&
    output.every((size, axis) => axis === output.length - 1 || size === images[axis]);
  if (isSame && (channels === own || channels === 2 * own)) return;
  const must = `must return the shape [${images.join(', ')}] of its images, or twice as many channels`;
  throw refusal(ClassifierError, { call: CALL, field: 'network', value: output, got: `[${output.join(', ')}]` }, must);
}

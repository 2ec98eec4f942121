import * as tf from '@tensorflow/tfjs';
import type { Classifier } from '../classifier/types.ts';
import { OptionError } from '../errors.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, type WithDefaults } from '../options/parse.ts';
import { shortenRows } from '../tensors/masks.ts';
import { withDispose } from '../tensors/own-tensor.ts';
import { assertOutsideTape, gradientOf } from '../tensors/tape.ts';
import type { InputRange } from '../types.ts';
import { guardedDirection } from './norm-geometry.ts';
import { projectedAscent } from './projected-ascent.ts';
import { parseInputAttackRequest, smoothedTarget } from './smoothed-target.ts';
import type { InputAttackRequest, MixAttack, MixPair } from './types.ts';

/** Options of {@link SmoothMixPgd}. */
export interface SmoothMixPgdOptions {
  /** The noise of the smoothed classifier that is attacked. */
  readonly noise: AdditiveNoise;
  /** ℓ2 length of one step, in input units. */
  readonly stepSize: number;
  /** Number of gradient steps, T. */
  readonly steps: number;
  /**
   * Number of steps after which the attack passes x_s, below `steps`; 0: x_s is x.
   * @defaultValue 0
   */
  readonly mixStep?: number | undefined;
  /**
   * Number of noisy copies whose mean softmax is attacked, M.
   * @defaultValue 1
   */
  readonly numNoise?: number | undefined;
  /** Largest ℓ2 length of x_adv − x, in input units; absent: no bound but that of the steps. */
  readonly epsilon?: number | undefined;
  /**
   * Range to which both images are clipped, which must hold x.
   * @defaultValue [0, 1]
   */
  readonly clip?: InputRange | undefined;
}

const smoothMixPgdOptions = optionsOf<SmoothMixPgdOptions>()({
  noise: fields.additiveNoise<AdditiveNoise>(),
  stepSize: fields.positive,
  steps: fields.positiveInteger,
  mixStep: fields.withDefault(fields.nonNegativeInteger, 0),
  numNoise: fields.withDefault(fields.positiveInteger, 1),
  epsilon: fields.optional(fields.positive),
  clip: fields.withDefault(fields.range, [0, 1]),
});

function parseSmoothMixPgdOptions(
  call: string,
  given: SmoothMixPgdOptions,
): WithDefaults<SmoothMixPgdOptions, 'epsilon'> {
  const parsed = smoothMixPgdOptions.parse(call, given);
  const { mixStep, steps } = parsed;
  if (mixStep < steps) return parsed;
  throw new OptionError(`\`mixStep\` must be below \`steps\` (${steps}), got ${mixStep}`, {
    call,
    field: 'mixStep',
    value: mixStep,
  });
}

const CALL = 'SmoothMixPgd.perturb';

/**
 * The attack that SmoothMix trains with: an adversary far from x, and what training takes as the clean image.
 *
 * Maximises −ln (1/M) Σ_i softmax(f(x + ε_i))_y by `steps` steps of ℓ2 length `stepSize` from x, the noises ε_i staying the same.
 * Every step shortens the way from x to `epsilon`, if given, then clips to `clip`. The end is the adversary x_adv. The image after
 * `mixStep` steps, brought back to at most `strength` · `stepSize` · `mixStep` from x, is x_s.
 *
 * `strength` scales the bound on x_s alone, as in the official code: the way to x_adv has its full length from the first epoch on.
 * The key drives the noise. The classifier runs in inference mode; where its gradient is exactly 0, the image stays.
 *
 * @see Jeong et al., "SmoothMix: Training Confidence-calibrated Smoothed Classifiers for Certified Robustness", NeurIPS 2021;
 * alinlab/smoothing-catrs, train_smoothmix.py
 * @example
 * ```ts
 * const attack = new SmoothMixPgd({ noise, stepSize: 1, steps: 4, mixStep: 1, numNoise: 2 });
 * using pair = attack.perturb(model, { x, labels, key: createKey(1) });
 * const halfway = tf.div(tf.add(pair.clean, pair.adversary), 2);
 * ```
 */
export class SmoothMixPgd implements MixAttack {
  readonly #options: ReturnType<typeof parseSmoothMixPgdOptions>;

  /** Checks the options. */
  constructor(options: SmoothMixPgdOptions) {
    this.#options = parseSmoothMixPgdOptions('SmoothMixPgd', options);
  }

  /**
   * Attacks a batch.
   *
   * @returns x_s and x_adv, each [B, ...inputShape]; dispose the pair
   * @throws TensorError if called inside a gradient tape or if the shapes do not fit
   * @throws OptionError if the key is missing or labels are out of range
   * @throws ClassifierError if the classifier does not return [batch, numClasses]
   */
  perturb(classifier: Classifier, request: InputAttackRequest): MixPair {
    assertOutsideTape(CALL);
    const given = parseInputAttackRequest(CALL, request);
    const { noise, stepSize, steps, mixStep, numNoise, epsilon, clip } = this.#options;
    return withDispose(() => {
      const target = smoothedTarget(CALL, classifier, given, { noise, numNoise, key: given.key });
      const { x } = target;
      const clipped = (rows: tf.Tensor2D): tf.Tensor2D => tf.clipByValue(rows, ...clip);
      const within = (rows: tf.Tensor2D, length: number): tf.Tensor2D =>
        clipped(tf.add(x, shortenRows(tf.sub(rows, x), length)));
      const start = { rows: x, memory: { passed: x } };
      const { rows, memory } = projectedAscent(start, steps, {
        look: (rows, { passed }, step) => ({
          gradient: gradientOf(CALL, (moved) => target.loss(target.logits(moved)), rows),
          memory: { passed: step === mixStep ? rows : passed },
        }),
        direction: guardedDirection,
        stepLength: () => stepSize,
        project: (moved) => (epsilon === undefined ? clipped(moved) : within(moved, epsilon)),
      });
      const clean = within(memory.passed, given.strength * stepSize * mixStep);
      return { clean: target.attacked(clean), adversary: target.attacked(rows) };
    });
  }
}

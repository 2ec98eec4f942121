import * as tf from '@tensorflow/tfjs';
import type { MixPair, StartedAttack } from '../attacks/types.ts';
import { noisyLogits } from '../classifier/adapt-classifier.ts';
import type { LogitsFn } from '../classifier/types.ts';
import { assertLike } from '../tensors/assert-shapes.ts';
import { assertLabelsFit } from '../tensors/labels.ts';
import { copyOf, keeping, withDispose } from '../tensors/own-tensor.ts';
import { placesAmong, placesIn, type Places, putBack, rowsOf, takeOut } from '../tensors/rows.ts';
import { voteFrequency } from './confidence-aware-terms.ts';
import { noisyCrossEntropy } from './gaussian-loss.ts';
import { preparedStep } from './prepared-step.ts';
import { mix, type PreparedSmoothMix, type SmoothMixTensors } from './smooth-mix-step.ts';
import { correctMask, mixTargets, mixupKl } from './smooth-mix-terms.ts';

type Drawn = Pick<PreparedSmoothMix, 'x' | 'labels' | 'noise' | 'largestLabel' | 'mixing'>;

/** What a sparse step is made from. @internal */
export interface SparseMixStep {
  /** The public call, for error texts. */
  readonly call: string;
  readonly run: LogitsFn;
  /** η · w. */
  readonly weight: number;
  /** The batch with its draws, as new tensors. */
  readonly draw: () => Drawn;
  /** Begins the attack, whose x_s is x. */
  readonly start: (drawn: Drawn) => StartedAttack<MixPair>;
}

const VALUE = 'SmoothMixLoss.value';

/**
 * A SmoothMix step that attacks and mixes only the images that the mean softmax gets right, for a classifier whose rows are independent in
 * training mode too: the others have no gradient in the second pass. All divisors are those of the whole batch.
 * @internal
 */
export function sparseMixStep(given: SparseMixStep): Promise<Omit<PreparedSmoothMix, 'warmUp'>> {
  return keeping(async (keep, disposeAll) => {
    const { call, run, weight } = given;
    const drawn = keep(withDispose(given.draw));
    const { x, labels, noise, largestLabel, mixing } = drawn;
    using started = given.start(drawn);
    assertLabelsFit(call, largestLabel, started.logits.shape[2]);
    const { mask } = keep(withDispose(() => ({ mask: correctMask(started.logits, labels) })));
    const attacked = placesIn(await mask.data());
    const ends = keep(withDispose(() => endsOf(call, x, attacked, started)));
    const mixed = keep(withDispose(() => mixedCopies(drawn, attacked, ends.adversary)));
    const step = preparedStep(
      'SmoothMixLoss',
      () => ({ x, labels, noise, largestLabel, mixing, clean: ends.clean, adversary: ends.adversary }),
      () => {
        const logits = noisyLogits(VALUE, run, { x: ends.clean, noise }, { training: true });
        const divergence = mixupTerm(run, mixTargets(logits, mixing), mixed);
        return {
          terms: {
            crossEntropy: noisyCrossEntropy(logits, labels),
            mixup: tf.mul<tf.Tensor1D>(weight, divergence ?? tf.zeros([labels.size])),
          },
          numbers: { accuracy: voteFrequency(logits, labels), mask },
        };
      },
    );
    const dispose = (): void => {
      step.dispose();
      disposeAll();
    };
    return { ...step, attacked, dispose, [Symbol.dispose]: dispose };
  });
}

/** x_s of all images, and x_adv of those that are attacked. */
function endsOf(
  call: string,
  x: tf.Tensor,
  attacked: readonly number[],
  started: StartedAttack<MixPair>,
): Pick<SmoothMixTensors, 'clean' | 'adversary'> {
  const clean = copyOf(x);
  if (attacked.length === 0) return { clean, adversary: tf.zeros([0, ...x.shape.slice(1)]) };
  const { clean: end, adversary } = started.finish(attacked);
  end.dispose();
  assertLike(call, 'adversary', adversary, rowsOf(x, attacked));
  return { clean, adversary };
}

/** The mixed images with their noises; without any: none is mixed. */
interface MixedCopies extends Partial<Places> {
  /** [N, ...inputShape] */
  readonly images?: tf.Tensor;
  /** [M, N, ...inputShape] */
  readonly noise?: tf.Tensor;
}

function mixedCopies(
  { x, noise, mixing }: Drawn,
  attacked: readonly number[],
  adversary: tf.Tensor,
): MixedCopies & tf.TensorContainerObject {
  if (attacked.length === 0) return {};
  const images = mix(rowsOf(x, attacked), adversary, rowsOf(mixing, attacked));
  return { images, noise: rowsOf(noise, attacked, 1), ...placesAmong(mixing.size, attacked) };
}

/** The mean divergence of the mixed copies from their targets, [B], 0 for the other images. */
function mixupTerm(
  run: LogitsFn,
  targets: tf.Tensor2D,
  { images, noise, of, at }: MixedCopies,
): tf.Tensor1D | undefined {
  if (!images || !noise || !of || !at) return undefined;
  const logits = noisyLogits(VALUE, run, { x: images, noise }, { training: true });
  return putBack(mixupKl(logits, takeOut(targets, { of, at })), { of, at });
}

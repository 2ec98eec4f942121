import * as tf from '@tensorflow/tfjs';
import type { NoiseAttack, StartedAttack } from '../attacks/types.ts';
import { noisyLogits } from '../classifier/adapt-classifier.ts';
import { assertLogitsShape } from '../classifier/check-logits.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import { assertSoftTargets } from '../tensors/assert-shapes.ts';
import { onBackend } from '../tensors/backend-failure.ts';
import { crossEntropyRows, klRows } from '../tensors/cross-entropy.ts';
import { assertLabelsFit } from '../tensors/labels.ts';
import { keeping, withDispose } from '../tensors/own-tensor.ts';
import { placesAmong, placesIn, type Places, putBack, rowsOf } from '../tensors/rows.ts';
import {
  confidenceNumbers,
  type ConfidenceAwareTensors,
  type PreparedConfidenceAware,
} from './confidence-aware-step.ts';
import { bottomK, bottomKCrossEntropy } from './confidence-aware-terms.ts';
import { preparedStep } from './prepared-step.ts';

type Drawn = Omit<ConfidenceAwareTensors, 'noiseAdv'>;

/** What a sparse step is made from. @internal */
export interface SparseStep {
  /** The public call, for error texts. */
  readonly call: string;
  readonly classifier: Classifier;
  readonly run: LogitsFn;
  readonly start: NonNullable<NoiseAttack['start']>;
  readonly strength: number;
  readonly lambda: number;
  readonly confidenceMask: boolean;
  /** The batch with its draws, as new tensors. */
  readonly draw: () => Drawn;
}

const VALUE = 'ConfidenceAwareLoss.value';

/**
 * A CAT-RS step that computes no row without a gradient, for a classifier whose rows are independent in training mode too.
 *
 * The first look of the attack is the clean pass: p̂, K and the mask are read from it, and soft targets are its mean softmax. Then only images
 * with K = M are attacked further. Of their M copies the one with the largest divergence enters the tape, and of the clean copies the K with the
 * smallest losses: the others have no gradient in the dense step. All divisors are those of the whole batch.
 * @internal
 */
export function sparseStep(given: SparseStep): Promise<PreparedConfidenceAware> {
  return keeping(async (keep, disposeAll) => {
    const drawn = keep(withDispose(given.draw));
    const { x, labels, noise, largestLabel, uniforms } = drawn;
    using started = given.start(given.classifier, requestOf(drawn, given.strength));
    assertFits(given.call, drawn, started.logits);
    const clean = keep(withDispose(() => confidenceNumbers(started.logits, drawn, given.confidenceMask)));
    const { softTargets, k, accuracy, pHat, mask } = clean;
    const { counted, attacked } = await placesToCompute(started.logits, labels, clean);
    const high = keep(withDispose(() => worstCopies(given, { x, softTargets, started, attacked })));
    const low = keep(withDispose(() => lowCopies(counted, drawn)));
    const step = preparedStep(
      'ConfidenceAwareLoss',
      () => ({ x, labels, noise, largestLabel, uniforms, softTargets, k, noiseAdv: high.noiseAdv }),
      () => ({
        terms: {
          low: lowTerm(given.run, { x, labels, noise, k }, low),
          high: tf.mul<tf.Tensor1D>(given.lambda, worstTerm(given.run, high, labels.size)),
        },
        numbers: { accuracy, pHat, k, mask },
      }),
    );
    const dispose = (): void => {
      step.dispose();
      disposeAll();
    };
    return { ...step, attacked, dispose, [Symbol.dispose]: dispose };
  });
}

const requestOf = ({ x, noise, softTargets }: Drawn, strength: number) => ({ x, noise, softTargets, strength });

function assertFits(call: string, { largestLabel, softTargets }: Drawn, { shape }: tf.Tensor3D): void {
  const [, batch, numClasses] = shape;
  assertLabelsFit(call, largestLabel, numClasses);
  if (softTargets) assertSoftTargets(call, softTargets, batch, numClasses);
}

/** Which of the M · B clean copies L_low counts, and which images are attacked. */
interface PlacesToCompute {
  readonly counted: readonly number[];
  readonly attacked: readonly number[];
}

async function placesToCompute(
  logits: tf.Tensor3D,
  labels: tf.Tensor1D,
  { k, mask }: { readonly k: tf.Tensor1D; readonly mask: tf.Tensor1D },
): Promise<PlacesToCompute> {
  using smallest = withDispose(() => ({ of: bottomK(crossEntropyRows(logits, labels) as tf.Tensor2D, k) }));
  const [counted, attacked] = await Promise.all([smallest.of.data(), mask.data()]);
  return { counted: placesIn(counted), attacked: placesIn(attacked) };
}

/** Clean copies on the tape; without places: all of them. */
interface LowCopies extends Partial<Places> {
  /** The label of each. */
  readonly rowLabels?: tf.Tensor1D;
}

function lowCopies(counted: readonly number[], { labels, noise }: Drawn): LowCopies & tf.TensorContainerObject {
  const copies = labels.size * (noise.shape[0] ?? 1);
  // None: a `k` of the host's below 1, whose loss is 0 and still has a gradient.
  if (counted.length === copies || counted.length === 0) return {};
  const rowLabels = rowsOf(
    labels,
    counted.map((place) => place % labels.size),
  );
  return { ...placesAmong(copies, counted), rowLabels };
}

/** L_low of each image, [B]. */
function lowTerm(
  run: LogitsFn,
  { x, labels, noise, k }: { readonly [Name in 'x' | 'noise']: tf.Tensor } & Record<'labels' | 'k', tf.Tensor1D>,
  { of, at, rowLabels }: LowCopies,
): tf.Tensor1D {
  if (!of || !at || !rowLabels) {
    return bottomKCrossEntropy(noisyLogits(VALUE, run, { x, noise }, { training: true }), labels, k);
  }
  const [numNoise = 1, batch = 1, ...shape] = noise.shape;
  const all = tf.reshape(tf.add(x, noise), [numNoise * batch, ...shape]);
  const losses = crossEntropyRows(trainingLogits(run, tf.gather(all, of)), rowLabels) as tf.Tensor1D;
  return tf.mean(tf.reshape(putBack(losses, { of, at }), [numNoise, batch]), 0) as tf.Tensor1D;
}

/** The attacked images on the tape, one copy of each; without any: none is attacked. */
interface WorstCopies extends Partial<Places> {
  /** The attacked noise, [M, N, ...inputShape]. */
  readonly noiseAdv?: tf.Tensor;
  /** The copy of each image with the largest divergence, with its noise, [N, ...inputShape]. */
  readonly copies?: tf.Tensor;
  readonly targets?: tf.Tensor2D;
  /** 0, or NaN where the divergence of any copy is not finite: what a sum over all copies would hand on. */
  readonly guard?: tf.Tensor1D;
}

/** Attacks the chosen images, and finds the copy of each that counts. */
function worstCopies(
  { call, run }: SparseStep,
  given: Readonly<{ x: tf.Tensor; softTargets: tf.Tensor2D; started: StartedAttack<tf.Tensor> }> &
    Pick<PlacesToCompute, 'attacked'>,
): WorstCopies & tf.TensorContainerObject {
  const { attacked, started } = given;
  if (attacked.length === 0) return {};
  const x = rowsOf(given.x, attacked);
  const targets = rowsOf(given.softTargets, attacked);
  const noiseAdv = started.finish(attacked);
  const [numNoise = 1, images = 1, ...shape] = noiseAdv.shape;
  const divergences = klRows(noisyLogits(call, run, { x, noise: noiseAdv }, { training: false }), targets);
  // The first on a tie. The copies are the outer axis.
  const worst = tf.add(tf.mul(tf.argMax(divergences, 0), images), tf.range(0, images));
  const noise = tf.gather(tf.reshape(noiseAdv, [numNoise * images, ...shape]), tf.cast(worst as tf.Tensor1D, 'int32'));
  const guard = tf.mul<tf.Tensor1D>(tf.sum(divergences, 0), 0);
  return { noiseAdv, copies: tf.add(x, noise), targets, guard, ...placesAmong(given.x.shape[0] ?? 1, attacked) };
}

/** 1[K = M] · L_high of each image, [B]. */
function worstTerm(run: LogitsFn, { copies, targets, guard, of, at }: WorstCopies, batch: number): tf.Tensor1D {
  if (!copies || !targets || !guard || !of || !at) return tf.zeros([batch]);
  const divergences = klRows(trainingLogits(run, copies), targets);
  return putBack(tf.add<tf.Tensor1D>(divergences, guard), { of, at });
}

function trainingLogits(run: LogitsFn, x: tf.Tensor): tf.Tensor {
  const logits = onBackend({ call: VALUE, shape: x.shape }, () => run(x, { training: true }));
  assertLogitsShape(VALUE, logits, x.shape[0] ?? 0);
  return logits;
}

import * as tf from '@tensorflow/tfjs';
import { copiesLogits } from '../classifier/adapt-classifier.ts';
import { OptionError, refusal } from '../errors.ts';
import type { DeterministicNoise, DrawRequest } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { foldIn } from '../random/key.ts';
import { searchKeys } from '../random/purposes.ts';
import { assertBatch } from '../tensors/assert-shapes.ts';
import { labelEntries } from '../tensors/cross-entropy.ts';
import { assertLabelsFit, checkLabels } from '../tensors/labels.ts';
import { assertOutsideTape } from '../tensors/tape.ts';
import type { Key } from '../types.ts';
import { parseInputAttackRequest } from './smoothed-rows.ts';
import type { AttackTarget, InputAttackRequest } from './types.ts';

/** One example under a greedy attack. @internal */
export interface GreedyExample {
  /** The example as it is now, [...inputShape]. */
  readonly x: tf.Tensor;
  /** The example as it was before any change. */
  readonly original: tf.Tensor;
  /** Number of the change, from 0. */
  readonly step: number;
  /** Drives what is tried. */
  readonly key: Key;
  /** −ln of the mean probability of its label over the copies of one version of it, a scalar. Differentiable where the noise is. */
  readonly loss: (version: tf.Tensor) => tf.Tensor;
}

/** What a greedy attack tries for its next change: versions of the example, [T, ...inputShape], each with one more change. @internal */
export type Tries = (example: GreedyExample) => tf.Tensor;

/**
 * A greedy attack: one change after the other, each the one of those tried that lowers the mean probability of the label over the noisy copies most, or
 * none. All versions of an example are asked with the same copies. Nothing is read back: the choice stays in tensors.
 *
 * @returns the attacked inputs, [B, ...inputShape], owned by the caller
 * @internal
 */
export function greedySearch(
  call: string,
  target: AttackTarget,
  request: InputAttackRequest,
  { changes, numNoise }: { readonly changes: number; readonly numNoise: number },
  tries: Tries,
): tf.Tensor {
  assertOutsideTape(call);
  const given = parseInputAttackRequest(call, request);
  if (given.noise !== undefined) {
    const way = 'its copies are those of `noise.perturb`, by the key';
    throw refusal(OptionError, { call, field: 'noise', value: given.noise, way }, 'must be left out');
  }
  assertBatch(call, given.x);
  const { noise: noiseKey, direction } = searchKeys(given.key);
  const steps = Math.floor(changes * given.strength);
  return tf.tidy(() => {
    const { labels, largest } = checkLabels(call, given.labels, given.x.shape[0] ?? 0);
    const attacked = tf.unstack(given.x).map((image, b) => {
      const number = given.firstImage + b;
      const label = tf.slice(labels, [b], [1]);
      let numClasses = 0;
      const losses = (versions: tf.Tensor[]): tf.Tensor => {
        const settings = { largest, key: foldIn(noiseKey, number), numNoise };
        const logProbabilities = copyLogProbabilities(call, target, versions, settings);
        numClasses = logProbabilities.shape[2];
        const own = labelEntries(logProbabilities, tf.tile(label, [versions.length]));
        return tf.sub(Math.log(own.shape[0] ?? 1), tf.logSumExp(own, 0));
      };
      const loss = (version: tf.Tensor): tf.Tensor => tf.squeeze(losses([version]));
      let x = image;
      for (let step = 0; step < steps; step++) {
        x = tf.tidy(() => {
          const tried = tries({ x, original: image, step, key: foldIn(direction, number), loss });
          const versions = tf.concat([tf.expandDims(x), tried]);
          const best = tf.argMax(losses(tf.unstack(versions)));
          return tf.squeeze(tf.gather(versions, tf.reshape(best, [1])), [0]);
        });
      }
      if (numClasses === 0) loss(x);
      // NaN where a label in a tensor is no class: such an example must not pass for one that could not be turned.
      return tf.add(x, tf.squeeze(labelEntries(tf.zeros([1, numClasses]), label)));
    });
    return tf.stack(attacked);
  });
}

/** What the copies of the versions of one example depend on. */
interface CopySettings {
  readonly largest: number | undefined;
  readonly key: Key;
  readonly numNoise: number;
}

/** ln softmax of the same copies of each version, [M, T, C], in one forward pass. */
function copyLogProbabilities(
  call: string,
  { logits: run, noise }: AttackTarget,
  versions: readonly tf.Tensor[],
  { largest, key, numNoise }: CopySettings,
): tf.Tensor3D {
  // A noise that enumerates its copies takes no key, and all of them are asked.
  const { copies: all } = noise as Partial<Pick<DeterministicNoise, 'copies'>>;
  const request = all === undefined ? { key, start: 0, count: numNoise } : { start: 0, count: all };
  const copies = versions.map((version) => noise.perturb(version, request as DrawRequest));
  const logits = copiesLogits(call, run, tf.stack(copies, 1), { training: false });
  assertLabelsFit(call, largest, logits.shape[2]);
  return tf.logSoftmax(logits);
}

/** Throws unless the target has what a greedy attack asks of it. @internal */
export function assertTarget(call: string, target: AttackTarget): void {
  if (fields.hasMethods(target, ['logits']) && fields.hasMethods(target.noise, ['perturb'])) return;
  const must = 'must be a smoothed classifier, or what an attack needs of one, { logits, noise, inputRange }';
  throw refusal(OptionError, { call, field: 'target', value: target }, must);
}

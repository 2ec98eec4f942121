import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { asConstant, indicator, oneHot } from '../tensors/masks.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import { adaptMembers, type MemberOutputs, voteOf, weightedSum } from './adapt-members.ts';
import { logarithmsOf, originOf, withOrigin } from './origin.ts';
import type { Classifier, ClassifyOptions, LogitsFn } from './types.ts';

/** Options of {@link kConsensus}. */
export interface KConsensusOptions {
  /** How many members, the first ones of the list, must agree; from 1 to the number of members. */
  readonly k: number;
}

const kConsensusOptions = optionsOf<KConsensusOptions>()({ k: fields.positiveInteger });

const CALL = 'kConsensus';

/**
 * Makes one classifier of several, where the agreement of the first k decides.
 *
 * If the first k members vote for the same class (by their probabilities, where they have any), the logits are the average of theirs, whose largest is at
 * that class too. Otherwise they are the average over all members. Each row is decided on its own, nothing is random, so every
 * certificate of a smoothed classifier holds for it.
 *
 * All members run on all rows. The purpose of k-consensus, to leave the others out where the first k agree, needs the votes to
 * be read back in the middle of a forward pass; a classifier here is synchronous and cannot wait for them. What this adapter
 * gives is the classifier of k-consensus, for comparison, not its saving of time.
 *
 * @param members - functions to logits, layers models, graph models; all with the same classes
 * @returns a function x [batch, ...inputShape] → logits [batch, numClasses]; the caller owns the result. Gradients flow through
 * the average that was chosen.
 * @throws OptionError if `members` is empty or holds no classifier, or `k` is wrong
 * @throws ClassifierError (from the function) if the members' logits differ in shape
 * @see Horváth, Müller, Fischer, Vechev, "Boosting Randomized Smoothing with Variance Reduced Classifiers", ICLR 2022
 * @example
 * ```ts
 * const f = kConsensus([modelA, modelB, modelC, modelD], { k: 2 });
 * ```
 */
export function kConsensus(members: readonly Classifier[], options: KConsensusOptions): LogitsFn {
  const { k } = kConsensusOptions.parse(CALL, options);
  const run = adaptMembers(CALL, members);
  if (k > members.length) {
    const must = `must be an integer from 1 to ${members.length}, the number of members`;
    throw refusal(OptionError, { call: CALL, field: 'k', value: k }, must);
  }
  const combined = (x: tf.Tensor, mode: ClassifyOptions): Combined => {
    const all = run(x, mode);
    const first = all.slice(0, k);
    const agree = asConstant(agreement, ...first.map(voteOf));
    const logits = tf.where(tf.cast(agree, 'bool'), mean(first), mean(all));
    return { logits, agree, vote: first[0] && voteOf(first[0]) };
  };
  // Are the members' logits logarithms of probabilities, the mean of those may be equal for several classes.
  if (members.every((member) => originOf(member)?.outputs)) {
    return logarithmsOf((x, mode) => {
      const found = combined(x, mode);
      return { probabilities: probabilitiesOf(found), logits: () => found.logits };
    }, members);
  }
  return withOrigin((x, mode) => tf.tidy(() => combined(x, mode).logits), { parts: members });
}

/** Logits of a batch, 1 in the rows where the first members agree, and one of those to say on which class. */
interface Combined {
  readonly logits: tf.Tensor;
  readonly agree: tf.Tensor;
  readonly vote: tf.Tensor | undefined;
}

/** By so much, relative, are the other classes lowered where members agree: more than the errors of logarithm and softmax in float32. */
const LOWERED = 1e-6;

/** softmax(logits), largest at the class that members agree on. */
function probabilitiesOf({ logits, agree, vote = logits }: Combined): tf.Tensor {
  const others = tf.sub(1, oneHot(tf.argMax(vote, 1), logits.shape[1] ?? 0));
  return tf.mul(tf.softmax(logits), tf.sub(1, tf.mul(LOWERED, tf.mul(agree, others))));
}

/** 1 in the whole row where all have their largest entry at the same class, else 0. */
function agreement(...rows: tf.Tensor[]): tf.Tensor {
  const [labels = tensorOver([], [0], 'float32'), ...others] = rows.map((z) => tf.argMax(z, 1));
  const agree = others.reduce(
    (so, other) => tf.mul(so, indicator(tf.equal(labels, other))),
    tf.onesLike(tf.cast(labels, 'float32')),
  );
  return tf.mul(tf.expandDims(agree, 1), tf.ones(rows[0]?.shape ?? []));
}

function mean(members: readonly MemberOutputs[]): tf.Tensor {
  return weightedSum(
    members.map(({ logits }) => logits),
    members.map(() => 1 / members.length),
  );
}

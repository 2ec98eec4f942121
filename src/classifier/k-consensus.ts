import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { asConstant, indicator, oneHot } from '../tensors/masks.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import { assertMembers, combine, type MemberOutputs, voteOf, weightedSum } from './adapt-members.ts';
import { originOf } from './origin.ts';
import type { Classifier, LogitsFn, TensorClassifier, TypedClassifier } from './types.ts';

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
 * Of classifiers of typed arrays the others are asked only for the rows on which the first k do not agree: that is what k-consensus is for. A
 * function of tensors is synchronous and cannot wait for votes in the middle of a forward pass, so there all members run on all
 * rows: the same classifier, without its saving of time.
 *
 * @param members - functions to logits, layers models, graph models, or classifiers of typed arrays alone; all with the same classes
 * @returns a function x [batch, ...inputShape] → logits [batch, numClasses]; the caller owns the result. Gradients flow through
 * the average that was chosen. Of typed arrays it is a classifier of typed arrays.
 * @throws OptionError if `members` is empty or holds no classifier, or `k` is wrong
 * @throws ClassifierError (from the function) if the members' logits differ in shape
 * @see Horváth, Müller, Fischer, Vechev, "Boosting Randomized Smoothing with Variance Reduced Classifiers", ICLR 2022
 * @example
 * ```ts
 * const f = kConsensus([modelA, modelB, modelC, modelD], { k: 2 });
 * ```
 */
export function kConsensus(members: readonly TypedClassifier[], options: KConsensusOptions): TypedClassifier;
/** Makes one classifier of several of tensors. */
export function kConsensus(members: readonly TensorClassifier[], options: KConsensusOptions): LogitsFn;
/** Makes one classifier of several, all of tensors or all of typed arrays. */
export function kConsensus(members: readonly Classifier[], options: KConsensusOptions): LogitsFn | TypedClassifier;
export function kConsensus(members: readonly Classifier[], options: KConsensusOptions): LogitsFn | TypedClassifier {
  const { k } = kConsensusOptions.parse(CALL, options);
  assertMembers(CALL, members);
  if (k > members.length) {
    const must = `must be an integer from 1 to ${members.length}, the number of members`;
    throw refusal(OptionError, { call: CALL, field: 'k', value: k }, must);
  }
  // Are the members' logits logarithms of probabilities, the mean of those may be equal for several classes.
  const areLogarithms = members.every((member) => originOf(member)?.outputs ?? originOf(member)?.typedOutputs);
  return combine(CALL, members, {
    logits: (all) => combined(all, k).logits,
    probabilities: areLogarithms ? (all) => probabilitiesOf(combined(all, k)) : undefined,
    exit: {
      after: k < members.length ? [k] : [],
      isDecided: (first) => tf.squeeze(tf.slice(agreement(...first.map(voteOf)), [0, 0], [-1, 1]), [1]),
    },
  });
}

function combined(all: readonly MemberOutputs[], k: number): Combined {
  const first = all.slice(0, k);
  const agree = asConstant(agreement, ...first.map(voteOf));
  const logits = tf.where(tf.cast(agree, 'bool'), mean(first), mean(all));
  return { logits, agree, vote: first[0] && voteOf(first[0]) };
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

import * as tf from '@tensorflow/tfjs';
import { ClassifierError, OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { oneHot } from '../tensors/masks.ts';
import { isTypedClassifier } from './adapt-classifier.ts';
import { assertMembers, combine, type Combination, type MemberOutputs, voteOf, weightedSum } from './adapt-members.ts';
import type { Classifier, LogitsFn, TensorClassifier, TypedClassifier } from './types.ts';

/** What an ensemble averages. */
export type EnsembleAverage = 'logits' | 'probabilities' | 'votes';

/** Options of {@link ensemble}. */
export interface EnsembleOptions {
  /**
   * What is averaged: the members' logits, their softmax probabilities, or their votes (one for each member's largest
   * logit). Votes have no gradient.
   * @defaultValue 'logits'
   */
  readonly average?: EnsembleAverage | undefined;
  /**
   * A weight greater than 0 for each member; only their ratios matter.
   * @defaultValue equal weights
   */
  readonly weights?: readonly number[] | undefined;
  /**
   * `'lossless'`: of classifiers of typed arrays, with averages of probabilities or votes, a row is not shown to the members that cannot change its vote any more:
   * where the leader is ahead by more than all that is left. Every **vote** is that of the whole ensemble; the logits of such a row are those of an average in
   * which the members left out repeat the first, so scores (`SoftSmoothedClassifier`) are others.
   * @defaultValue every member sees every row
   */
  readonly exit?: 'lossless' | undefined;
}

const averages: readonly unknown[] = ['logits', 'probabilities', 'votes'] satisfies EnsembleAverage[];

const isWeight = (v: unknown): boolean =>
  typeof v === 'number' && Math.fround(v) > 0 && Number.isFinite(Math.fround(v));

const ensembleOptions = optionsOf<EnsembleOptions>()({
  average: fields.withDefault(
    fields.field<EnsembleAverage>("must be 'logits', 'probabilities' or 'votes'", (v) => averages.includes(v)),
    'logits',
  ),
  weights: fields.optional(
    fields.field<readonly number[]>(
      'must be a list of numbers greater than 0 that float32 can hold',
      (v) => Array.isArray(v) && v.every(isWeight),
    ),
  ),
  exit: fields.optional(fields.field<'lossless'>("must be 'lossless', or left out", (v) => v === 'lossless')),
});

const CALL = 'ensemble';

/**
 * Makes one classifier of several.
 *
 * With weights w_i of sum 1 the logits are Σ w_i z_i (`'logits'`), ln Σ w_i softmax(z_i) (`'probabilities'`), or the number of
 * votes minus the number of members, weighted as given (`'votes'`; among equals the lowest class wins, as everywhere). Votes, also those of a
 * smoothed classifier, are taken of probabilities and not of their logarithms, where there are any. The
 * result is an ordinary classifier, one fixed function of each row as long as every member is one. So every certificate of a
 * smoothed classifier holds for it. A member whose logits are NaN or infinite makes the row NaN or infinite, never a vote.
 *
 * @param members - functions to logits, layers models, graph models, or classifiers of typed arrays alone; all with the same classes. `toLogitsFn`
 * adapts those that return probabilities.
 * @returns a function x [batch, ...inputShape] → logits [batch, numClasses], the caller owns the result; of typed arrays a classifier of typed arrays
 * @throws OptionError if `members` is empty or holds no classifier, or an option is unknown or wrong
 * @throws ClassifierError (from the function) if the members' logits differ in shape, or votes are asked for inside a gradient
 * tape
 * @see Horváth, Müller, Fischer, Vechev, "Boosting Randomized Smoothing with Variance Reduced Classifiers", ICLR 2022
 * @example
 * ```ts
 * const g = new SmoothedClassifier(ensemble([modelA, modelB, modelC]), { noise });
 * ```
 */
export function ensemble(members: readonly TypedClassifier[], options?: EnsembleOptions): TypedClassifier;
/** Makes one classifier of several of tensors. */
export function ensemble(members: readonly TensorClassifier[], options?: EnsembleOptions): LogitsFn;
/** Makes one classifier of several, all of tensors or all of typed arrays. */
export function ensemble(members: readonly Classifier[], options?: EnsembleOptions): LogitsFn | TypedClassifier;
export function ensemble(members: readonly Classifier[], options: EnsembleOptions = {}): LogitsFn | TypedClassifier {
  const { average, weights: given, exit } = ensembleOptions.parse(CALL, options);
  assertMembers(CALL, members);
  const weights = given ?? members.map(() => 1);
  if (weights.length !== members.length) {
    const details = { call: CALL, field: 'weights', value: weights, got: String(weights.length) };
    throw refusal(OptionError, details, `must hold one number for each of the ${members.length} members`);
  }
  const combination = combinations[average](weights);
  if (exit === undefined) return combine(CALL, members, combination);
  return combine(CALL, members, { ...combination, exit: losslessExit(weights, boundedAverage(members, average)) });
}

type BoundedAverage = Exclude<EnsembleAverage, 'logits'>;

/** What is averaged. Throws unless members may be left out without a change of a vote. */
function boundedAverage(members: readonly Classifier[], average: EnsembleAverage): BoundedAverage {
  const details = { call: CALL, field: 'exit', value: 'lossless' };
  if (average === 'logits') {
    const way = "choose average: 'probabilities' or 'votes'";
    throw refusal(OptionError, { ...details, way }, 'must be left out for averages of logits, which have no bounds');
  }
  if (members.every(isTypedClassifier)) return average;
  const way = 'a function of tensors cannot wait for what members say';
  throw refusal(OptionError, { ...details, way }, 'must be left out for members of tensors');
}

/** Sums of float32 probabilities may be off by so much for each member. */
const FLOAT_SLACK = 1e-5;

/** Where the members so far decide: the leader is ahead of every class by more than the weights that are left; of votes an equal lead over a class after it will do. */
function losslessExit(weights: readonly number[], average: BoundedAverage): Combination['exit'] {
  const left = weights.map((_, m) => totalOf(weights.slice(m)));
  const after = weights.map((_, m) => m).filter((m) => m > 0 && totalOf(weights.slice(0, m)) >= (left[m] ?? 0));
  const isDecided = (members: readonly MemberOutputs[]): tf.Tensor => {
    const rest = left[members.length] ?? 0;
    const sums = weightedSum(
      members.map((member) => (average === 'votes' ? votes(member) : probabilitiesOf(member))),
      weights.slice(0, members.length),
    );
    const [rows = 0, classes = 0] = sums.shape;
    const leader = tf.expandDims(tf.argMax(sums, 1), 1);
    const lead = tf.sub(tf.max(sums, 1, true), sums);
    const column = tf.range(0, classes, 1, 'int32');
    // Rounding in sums of weights and of probabilities is paid for; whole votes have none.
    const isWhole = average === 'votes' && weights.every(Number.isInteger);
    const needed = isWhole ? rest : rest + FLOAT_SLACK * totalOf(weights);
    const isAhead = isWhole
      ? tf.logicalOr(tf.greater(lead, needed), tf.logicalAnd(tf.greaterEqual(lead, needed), tf.greater(column, leader)))
      : tf.greater(lead, needed);
    const isOwn = tf.equal(tf.broadcastTo(column, [rows, classes]), leader);
    return tf.cast(tf.all(tf.logicalOr(isAhead, isOwn), 1), 'float32');
  };
  return { after, isDecided };
}

function probabilitiesOf({ logits, probabilities }: MemberOutputs): tf.Tensor {
  return probabilities ?? tf.softmax(logits);
}

/** How members become one, by what is averaged. */
const combinations: Readonly<Record<EnsembleAverage, (weights: readonly number[]) => Combination>> = {
  logits: (weights) => {
    const shares = sharesOf(weights);
    return {
      logits: (members) =>
        weightedSum(
          members.map(({ logits }) => logits),
          shares,
        ),
    };
  },
  probabilities: (weights) => {
    const shares = sharesOf(weights);
    return {
      probabilities: (members) => weightedSum(members.map(probabilitiesOf), shares),
      logits: (members) => {
        const logarithms = members.map(({ logits }, i) => tf.add(tf.logSoftmax(logits), Math.log(shares[i] ?? 0)));
        return tf.logSumExp(tf.stack(logarithms), 0);
      },
    };
  },
  votes: (weights) => ({
    logits: (members) => {
      assertNoGradient();
      // Minus the total, lest shares of votes be taken for probabilities.
      return tf.sub(weightedSum(members.map(votes), weights), totalOf(weights));
    },
  }),
};

const totalOf = (weights: readonly number[]): number => weights.reduce((sum, weight) => sum + weight, 0);

function sharesOf(weights: readonly number[]): number[] {
  const total = totalOf(weights);
  return weights.map((weight) => weight / total);
}

/** Indicator rows of the largest entry. z − z is 0, or NaN where z is NaN or infinite: such a row must not vote. */
function votes(member: MemberOutputs): tf.Tensor {
  const z = voteOf(member);
  return tf.add(oneHot(tf.argMax(z, 1), z.shape[1] ?? 0), tf.sub(z, z));
}

function assertNoGradient(): void {
  if (tf.engine().state.gradientDepth === 0) return;
  const details = { call: CALL, field: 'average', value: 'votes', got: "'votes'", way: 'votes have no gradient' };
  throw refusal(ClassifierError, details, "must be 'logits' or 'probabilities' inside a gradient tape");
}

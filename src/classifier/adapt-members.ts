import * as tf from '@tensorflow/tfjs';
import { ClassifierError, OptionError, refusal } from '../errors.ts';
import { adaptModel } from './adapt-classifier.ts';
import { originOf } from './origin.ts';
import type { Classifier, ClassifyOptions } from './types.ts';

/** What a member says of a batch. @internal */
export interface MemberOutputs {
  /** Its logits, [batch, numClasses]. */
  readonly logits: tf.Tensor;
  /** Its probabilities, where it has them and its logits are their logarithms. */
  readonly probabilities: tf.Tensor | undefined;
}

/** Outputs of all members on one batch, in their order. */
type MemberOutputsFn = (x: tf.Tensor, options: ClassifyOptions) => MemberOutputs[];

/** The members of an ensemble as one function, for use inside a tidy; their logits must have one shape. @internal */
export function adaptMembers(call: string, members: readonly Classifier[]): MemberOutputsFn {
  if (!Array.isArray(members) || members.length === 0) {
    throw refusal(OptionError, { call, field: 'members', value: members }, 'must be a list of at least one classifier');
  }
  const runs = members.map((member: Classifier) => adaptModel(call, member, { field: 'members', result: 'logits' }));
  return (x, mode) => {
    const found = runs.map((run): MemberOutputs => {
      const outputs = originOf(run)?.outputs?.(x, mode);
      return { logits: outputs?.logits() ?? run(x, mode), probabilities: outputs?.probabilities };
    });
    const [batch] = x.shape;
    const [first] = found;
    for (const {
      logits: { rank, shape },
    } of found) {
      if (rank === 2 && shape[0] === batch && shape[1] === first?.logits.shape[1]) continue;
      const got = `[${shape}] beside [${first?.logits.shape}] for ${batch} rows`;
      const must = 'must return logits of one shape [batch, numClasses]';
      throw refusal(ClassifierError, { call, field: 'members', value: shape, got }, must);
    }
    return found;
  };
}

/** Of which entries a member's vote is taken: logarithms of nearly equal probabilities can be equal. @internal */
export function voteOf({ logits, probabilities }: MemberOutputs): tf.Tensor {
  return probabilities ?? logits;
}

/** Σ_i w_i t_i of tensors of one shape. @internal */
export function weightedSum(tensors: readonly tf.Tensor[], weights: readonly number[]): tf.Tensor {
  const [first, ...others] = tensors.map((tensor, i) => tf.mul(tensor, weights[i] ?? 0));
  return others.reduce((sum, tensor) => tf.add(sum, tensor), first ?? tf.scalar(0));
}

import type * as tf from '@tensorflow/tfjs';
import { ClassifierError, OptionError, showValue } from '../errors.ts';
import { adaptModel } from './adapt-classifier.ts';
import type { Classifier, ClassifyOptions } from './types.ts';

/** Logits of all members on one batch, in their order. @internal */
export type MemberLogitsFn = (x: tf.Tensor, options: ClassifyOptions) => tf.Tensor[];

/** The members of an ensemble as one function; their logits must have one shape. @internal */
export function adaptMembers(call: string, members: readonly Classifier[]): MemberLogitsFn {
  if (!Array.isArray(members) || members.length === 0) {
    throw new OptionError(`\`members\` must be a list of at least one classifier, got ${showValue(members)}`, {
      call,
      field: 'members',
      value: members,
    });
  }
  const runs = members.map((member: Classifier) => adaptModel(call, member, { field: 'members', result: 'logits' }));
  return (x, mode) => {
    const logits = runs.map((run) => run(x, mode));
    const [batch] = x.shape;
    const [first] = logits;
    for (const { rank, shape } of logits) {
      if (rank === 2 && shape[0] === batch && shape[1] === first?.shape[1]) continue;
      throw new ClassifierError(
        `\`members\` must return logits of one shape [batch, numClasses], got [${shape}] beside [${first?.shape}] for ${batch} rows`,
        { call, field: 'members', value: shape },
      );
    }
    return logits;
  };
}

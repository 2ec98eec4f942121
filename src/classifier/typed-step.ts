import { inTurn } from '../host/turns.ts';
import type { TypedBatch, TypedClassifier } from './types.ts';

/** What is done before and after a classifier of typed arrays. @internal */
export interface TypedSteps {
  /** Shape of an input before the steps, where it is known. */
  readonly inputShape: TypedClassifier['inputShape'];
  /** What the classifier gets; the array is the step's to keep and change. */
  readonly before?: ((inputs: Float32Array<ArrayBuffer>, batch: TypedBatch) => Float32Array<ArrayBuffer>) | undefined;
  /** The shape of an input in which it gets it. */
  readonly shape?: readonly number[] | undefined;
  /** What is made of its outputs. */
  readonly after?: ((outputs: Float32Array, batch: TypedBatch) => Float32Array) | undefined;
}

/** A classifier of typed arrays between two steps. Several may have the same classifier: its calls stand in one line. @internal */
export function typedSteps(
  classifier: TypedClassifier,
  { inputShape, before, shape: to, after }: TypedSteps,
): TypedClassifier {
  return {
    inputShape,
    classify: async (inputs, { batch, shape }) => {
      const given = before ? before(inputs, { batch, shape }) : inputs;
      const own = await inTurn(classifier, async () => {
        // Copied before the next call, which may use the array again.
        const output: unknown = classifier.classify(given, { batch, shape: to ?? shape });
        return output instanceof Float32Array ? output.slice() : copied(await output);
      });
      return after && own instanceof Float32Array ? after(own, { batch, shape }) : own;
    },
  };
}

/** Whoever asked looks at what is no Float32Array. */
function copied(output: unknown): Float32Array {
  return output instanceof Float32Array ? output.slice() : (output as Float32Array);
}

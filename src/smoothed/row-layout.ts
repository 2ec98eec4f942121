import { assertFiniteLogits, assertLogitsShape, assertSameRows, outputJudge } from '../classifier/check-logits.ts';
import type { ClassifierOutput } from '../classifier/types.ts';

/** When rows were asked again, and what helps where they differ: for error texts. @internal */
export interface AskedAgain {
  readonly when: string;
  readonly way: string;
}

/** What the rows of a model's output are, and how they are checked. @internal */
export interface RowLayout {
  /** What the option for the numbers in a row is called. */
  readonly name: string;
  /** Numbers in a row: once {@link RowLayout.assertShape} has seen an output. */
  readonly size: number;
  /** Throws ClassifierError unless an output of this shape holds so many rows, all like those before. */
  assertShape(call: string, shape: readonly number[], rows: number): void;
  /**
   * A function that is shown the values batch by batch and throws ClassifierError for those that cannot be; it returns true once whoever checks
   * what follows otherwise need not show them.
   */
  judge(call: string): (values: Float32Array) => boolean;
  /** Throws ClassifierError unless two outputs of the same rows are the same but for rounding. */
  assertSame(call: string, asked: AskedAgain, one: Float32Array, other: Float32Array): void;
}

/** Rows of logits or probabilities. @internal */
export function logitsLayout(numClasses: number, output: ClassifierOutput): RowLayout {
  return {
    name: 'numClasses',
    size: numClasses,
    assertShape: (call, shape, rows) => assertLogitsShape(call, { shape }, rows, numClasses),
    judge: (call) => {
      const judge = outputJudge(call, numClasses, output);
      return (values) => {
        assertFiniteLogits(call, values);
        return judge(values);
      };
    },
    assertSame: (call, asked, one, other) => assertSameRows(call, { numClasses, ...asked }, one, other),
  };
}

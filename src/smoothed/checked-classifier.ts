import type * as tf from '@tensorflow/tfjs';
import type { Certificate } from '../certify/types.ts';
import {
  adaptClassifier,
  inGivenForm,
  isTypedClassifier,
  refusing,
  votingRows,
} from '../classifier/adapt-classifier.ts';
import { classCount } from '../classifier/declared-shapes.ts';
import type { Classifier, ClassifierOutput, LogitsFn } from '../classifier/types.ts';
import type { CallContext } from '../options/call-context.ts';
import { exampleKey } from '../random/purposes.ts';
import type { InputRange, Key } from '../types.ts';
import { type AnyNoise, CheckedModel } from './checked-model.ts';
import type { VotingClassifier } from './read-rows.ts';
import { logitsLayout } from './row-layout.ts';
import type { StreamExample, TimedCertificate } from './types.ts';

/** What a smoothed classifier is told, with all defaults. */
interface CheckedOptions<N extends AnyNoise> {
  readonly noise: N;
  readonly numClasses?: number | undefined;
  readonly inputRange: InputRange;
  readonly output: ClassifierOutput;
  readonly batchSize?: number | undefined;
  readonly inferenceForm: boolean;
}

/** A base classifier with the noise that smooths it, checked: what all smoothed classifiers are made of. @internal */
export class CheckedClassifier<N extends AnyNoise> extends CheckedModel<N> {
  /** The classifier as votes are taken of it. */
  readonly voting: Omit<VotingClassifier, 'form'>;
  /** The classifier as a function to logits: what an attack moves. It throws where the classifier takes typed arrays. */
  readonly logits: LogitsFn;

  /** @param call - the constructor that was called, for error texts */
  constructor(call: string, classifier: Classifier, options: CheckedOptions<N>) {
    const { numClasses: given, output, ...others } = options;
    const typed = isTypedClassifier(classifier) ? classifier : undefined;
    const rows = votingRows(call, classifier, output);
    const numClasses = classCount(call, classifier, given);
    super(call, classifier, { ...others, ...rows, layout: logitsLayout(numClasses, rows.output) });
    this.logits = typed
      ? refusing(`${call}.logits`, typed)
      : inGivenForm(adaptClassifier(call, classifier, output), others.inferenceForm);
    this.voting = { ...this.source, output: rows.output, numClasses };
  }

  /** Works on a copy of an example (see {@link CheckedModel.own}), which is gone afterwards, with the classifier in the form that votes. */
  async withOwn<T>(
    context: Pick<CallContext, 'call' | 'inferenceForm'>,
    x: tf.Tensor,
    work: (own: tf.Tensor, voting: VotingClassifier) => Promise<T>,
  ): Promise<T> {
    return this.withOwnCopy(context, x, (own, form) => work(own, { ...this.voting, form }));
  }
}

/** Certifies the examples of a stream one after the other, example i with the key `foldIn(key, i)`. @internal */
export async function* certifyOneByOne(
  examples: AsyncIterable<StreamExample>,
  key: Key,
  certify: (example: StreamExample, key: Key) => Promise<Certificate>,
): AsyncGenerator<TimedCertificate, void, undefined> {
  for await (const example of examples) {
    const { index, kept } = example;
    const begun = performance.now();
    const certificate = await certify(example, exampleKey(key, index));
    yield { certificate, milliseconds: performance.now() - begun + (kept?.earlier?.milliseconds ?? 0) };
  }
}

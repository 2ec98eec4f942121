import type { TypedClassifier } from '../classifier/types.ts';
import { optionsOf } from '../options/parse.ts';
import { ClassifierError, refusal } from '../errors.ts';
import { optionalName, type OnnxSession, type OnnxSessionOptions, sessionFields } from './onnx-session.ts';
import { assertSession } from './session-ports.ts';
import { sessionRunner } from './session-runner.ts';

/** Options of {@link onnxClassifier}. */
export interface OnnxClassifierOptions extends OnnxSessionOptions {
  /**
   * The output that holds the logits.
   * @defaultValue the only output of floats with two axes, [batch, numClasses]
   */
  readonly outputName?: string | undefined;
}

const onnxClassifierOptions = optionsOf<OnnxClassifierOptions>()({ ...sessionFields, outputName: optionalName });

const CALL = 'onnxClassifier';

/**
 * A session of onnxruntime as a base classifier: certified at the speed of that runtime.
 *
 * The model must take a batch [batch, ...inputShape] and return logits [batch, numClasses] (or probabilities, with
 * `output: 'probabilities'` of the smoothed classifier), and be in inference mode. The noise is that of every
 * other classifier, so counts differ from those of TensorFlow.js by near-ties only. It has no gradient.
 *
 * What the runtime says of its model is used: the shape of an input (another example is refused), the number of classes, the size of the batch
 * where it is fixed (the last batch is filled up), and the type of the numbers. A model may take float32, float16, float64 or uint8: noisy
 * values are rounded to the nearest one of the type, a fixed function of each value that leaves certificates as they are. Bytes are numbers from 0 to 255, below and above which they are clipped, so
 * the smoothed classifier must have `inputRange: [0, 255]`. float16 and float64 logits are read as float32.
 *
 * @param session - an `InferenceSession`; the host's, never released here
 * @throws OptionError if `session` is none, an option is unknown or wrong, or a name must be given
 * @throws ClassifierError (from certification) if the output is no [batch, numClasses], or with the words of the runtime if it cannot run
 * @example
 * ```ts
 * import { InferenceSession, Tensor } from 'onnxruntime-node';
 *
 * const classifier = onnxClassifier(await InferenceSession.create('model.onnx'), { Tensor, layout: 'nchw' });
 * const g = new SmoothedClassifier(classifier, { noise });
 * ```
 */
export function onnxClassifier(session: OnnxSession, options: OnnxClassifierOptions): TypedClassifier {
  const parsed = onnxClassifierOptions.parse(CALL, options);
  assertSession(CALL, session);
  const wanted = { rank: 2, text: 'floats [batch, numClasses]' };
  const { run, inputShape, outputShape, inputType } = sessionRunner(CALL, session, parsed, () => wanted);
  const classes = outputShape?.[1] ?? 0;
  return {
    classify: async (inputs, batch) => {
      const { name, values, dims } = await run(inputs, batch);
      if (dims.length === 2) return values;
      const must = `must return ${wanted.text} as output "${name}"`;
      throw refusal(ClassifierError, { call: CALL, field: 'classifier', value: dims, got: `[${dims}]` }, must);
    },
    inputShape,
    numClasses: classes >= 2 ? classes : undefined,
    inputRange: inputType === 'uint8' ? [0, 255] : undefined,
    engine: parsed.engine,
  };
}

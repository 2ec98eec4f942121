import type { TypedClassifier } from '../classifier/types.ts';
import { optionsOf } from '../options/parse.ts';
import { optionalName, type OnnxSession, type OnnxSessionOptions, sessionFields } from './onnx-session.ts';
import { assertSession } from './session-ports.ts';
import { sessionRunner } from './session-runner.ts';

/** Options of {@link onnxRows}. */
export interface OnnxRowsOptions extends OnnxSessionOptions {
  /**
   * The output that holds the numbers.
   * @defaultValue the only output of floats
   */
  readonly outputName?: string | undefined;
}

const onnxRowsOptions = optionsOf<OnnxRowsOptions>()({ ...sessionFields, outputName: optionalName });

const CALL = 'onnxRows';

/**
 * A session of onnxruntime as a model of rows of numbers, whatever their shape: for `SmoothedRegressor` and `CenterSmoothed`.
 *
 * The model takes a batch [batch, ...inputShape] and returns floats [batch, ...shape]; a row is flattened as the session lays it out, channels first where the
 * model has them so. Batches, layouts and types of the input are those of {@link onnxClassifier}. It has no gradient.
 *
 * @param session - an `InferenceSession`; the host's, never released here
 * @throws OptionError if `session` is none, an option is unknown or wrong, or a name must be given
 * @throws ClassifierError (from certification) if the output has not one row for each input, or with the words of the runtime if it cannot run
 * @example
 * ```ts
 * import { InferenceSession, Tensor } from 'onnxruntime-node';
 *
 * const model = onnxRows(await InferenceSession.create('depth.onnx'), { Tensor, layout: 'nchw' });
 * const g = new SmoothedRegressor(model, { noise, outputs: 64 * 64 });
 * ```
 */
export function onnxRows(session: OnnxSession, options: OnnxRowsOptions): TypedClassifier {
  const parsed = onnxRowsOptions.parse(CALL, options);
  assertSession(CALL, session);
  const wanted = { rank: undefined, text: 'floats [batch, ...]' };
  const { run, inputShape, inputType } = sessionRunner(CALL, session, parsed, () => wanted);
  return {
    classify: async (inputs, batch) => (await run(inputs, batch)).values,
    inputShape,
    inputRange: inputType === 'uint8' ? [0, 255] : undefined,
    engine: parsed.engine,
  };
}

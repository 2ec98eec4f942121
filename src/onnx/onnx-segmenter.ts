import type { ImageLayout, TypedSegmenter } from '../classifier/types.ts';
import { ClassifierError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { optionalName, type OnnxSession, type OnnxSessionOptions, sessionFields } from './onnx-session.ts';
import { assertSession } from './session-ports.ts';
import { sessionRunner } from './session-runner.ts';

/** Options of {@link onnxSegmenter}. */
export interface OnnxSegmenterOptions extends OnnxSessionOptions {
  /**
   * The output that holds the logits of all components.
   * @defaultValue the only output of floats with as many axes as the input
   */
  readonly outputName?: string | undefined;
  /**
   * Where the classes are in that output: the second axis, `'nchw'`, or the last one, `'nhwc'`.
   * @defaultValue as `layout` says of the input
   */
  readonly outputLayout?: ImageLayout | undefined;
}

const onnxSegmenterOptions = optionsOf<OnnxSegmenterOptions>()({
  ...sessionFields,
  outputName: optionalName,
  outputLayout: fields.optional(fields.oneOf('nhwc', 'nchw')),
});

const CALL = 'onnxSegmenter';

/**
 * A session of onnxruntime as a base model of `SmoothedSegmenter`: logits [batch, numClasses, ...mask], as PyTorch exports them, or with the classes last.
 *
 * The mask may be smaller than the image, as that of SegFormer: a certificate then speaks of its components. Of several outputs (`out` and `aux` of torchvision's
 * models) one must be named. A model of one channel is read with `threshold` of the smoothed segmenter. Batches, layouts of the input and types are those of
 * {@link onnxClassifier}. Logits are read where they lie, without a copy in another order.
 *
 * @param session - an `InferenceSession`; the host's, never released here
 * @throws OptionError if `session` is none, or a name must be given
 * @throws ClassifierError (from certification) if the model cannot run on the images, with the words of the runtime
 * @example
 * ```ts
 * import { InferenceSession, Tensor } from 'onnxruntime-node';
 *
 * const session = await InferenceSession.create('deeplab.onnx');
 * const model = onnxSegmenter(session, { Tensor, layout: 'nchw', outputName: 'out' });
 * const g = new SmoothedSegmenter(model, { noise, numClasses: 21 });
 * ```
 */
export function onnxSegmenter(session: OnnxSession, options: OnnxSegmenterOptions): TypedSegmenter {
  const { outputLayout, ...parsed } = onnxSegmenterOptions.parse(CALL, options);
  assertSession(CALL, session);
  const layout = outputLayout ?? parsed.layout;
  const text = layout === 'nchw' ? 'floats [batch, numClasses, ...mask]' : 'floats [batch, ...mask, numClasses]';
  const runner = sessionRunner(CALL, session, parsed, ({ shape }) => ({ rank: shape?.length, text }));
  const { inputShape, inputType } = runner;
  let maskShape = maskOf(runner.outputShape, layout);
  return {
    classify: async (inputs, batch) => {
      const { name, values, dims } = await runner.run(inputs, batch);
      const found = maskOf(dims, layout);
      if (found === undefined) {
        const must = `must return ${text} as output "${name}"`;
        throw refusal(ClassifierError, { call: CALL, field: 'model', value: dims, got: `[${dims.join(', ')}]` }, must);
      }
      maskShape = found;
      return values;
    },
    inputShape,
    inputRange: inputType === 'uint8' ? [0, 255] : undefined,
    engine: parsed.engine,
    outputLayout: layout,
    get maskShape() {
      return maskShape;
    },
  };
}

/** The shape of a mask by that of an output with its batch, where it is known. */
function maskOf(dims: readonly (number | null)[] | undefined, layout: ImageLayout): readonly number[] | undefined {
  if (dims === undefined || dims.length < 3) return undefined;
  const mask = layout === 'nchw' ? dims.slice(2) : dims.slice(1, -1);
  return mask.every((length) => length !== null) ? (mask as readonly number[]) : undefined;
}

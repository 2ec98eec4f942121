import type { TypedDenoiser } from '../classifier/types.ts';
import { ClassifierError, OptionError, refusal, showValue } from '../errors.ts';
import { optionsOf } from '../options/parse.ts';
import { optionalName, type OnnxSession, type OnnxSessionOptions, sessionFields } from './onnx-session.ts';
import { assertSession } from './session-ports.ts';
import { channelsLast, channelsLastShape, sessionRunner } from './session-runner.ts';

/** Options of {@link onnxDenoiser}. */
export interface OnnxDenoiserOptions extends OnnxSessionOptions {
  /**
   * The output that holds the images.
   * @defaultValue the only output of floats with as many axes as the input
   */
  readonly outputName?: string | undefined;
  /**
   * Of a diffusion network (`diffusionDenoiser`): the input that takes the time of the step, one number a row, as int64 or float as the runtime says (float32
   * where it says nothing).
   * @defaultValue the network takes no time
   */
  readonly timeInput?: string | undefined;
}

const onnxDenoiserOptions = optionsOf<OnnxDenoiserOptions>()({
  ...sessionFields,
  outputName: optionalName,
  timeInput: optionalName,
});

const CALL = 'onnxDenoiser';

/**
 * A session of onnxruntime as a denoiser, for `denoised`.
 *
 * The model takes noisy images [batch, ...inputShape] in units of the input and returns images of the same shape, or of another one that
 * the runtime knows: then it is the shape that the classifier gets. Batches, layouts and types are those of {@link onnxClassifier}; further
 * inputs, such as a noise level, come from `feeds`.
 *
 * @param session - an `InferenceSession`; the host's, never released here
 * @throws OptionError if `session` is none, an option is unknown or wrong, or a name must be given
 * @throws ClassifierError (from certification) if the model cannot run on the images, with the words of the runtime
 * @example
 * ```ts
 * import { InferenceSession, Tensor } from 'onnxruntime-node';
 *
 * const session = async (file: string) => InferenceSession.create(file);
 * const denoiser = onnxDenoiser(await session('denoiser.onnx'), { Tensor, layout: 'nchw' });
 * const classifier = onnxClassifier(await session('classifier.onnx'), { Tensor, layout: 'nchw' });
 * const g = new SmoothedClassifier(denoised(classifier, denoiser), { noise });
 * ```
 */
export function onnxDenoiser(session: OnnxSession, options: OnnxDenoiserOptions): TypedDenoiser {
  const { timeInput, ...given } = onnxDenoiserOptions.parse(CALL, options);
  assertSession(CALL, session);
  const parsed = timeInput === undefined ? given : { ...given, ...withTime(session, timeInput, given) };
  const { layout } = parsed;
  const runner = sessionRunner(CALL, session, parsed, ({ shape }) => ({
    rank: shape?.length,
    text: 'floats [batch, ...inputShape]',
  }));
  const outputShape = knownShape(runner.outputShape && channelsLastShape(runner.outputShape.slice(1), layout));
  return {
    denoise: async (inputs, batch) => {
      const { name, values, dims } = await runner.run(inputs, batch);
      const found = channelsLastShape(dims.slice(1), layout);
      const shape = outputShape ?? batch.shape;
      const isSame = found.length === shape.length && found.every((size, axis) => size === shape[axis]);
      // A diffusion network that learns variances has twice as many channels; diffusionDenoiser takes the first half.
      const mayBeWide = timeInput !== undefined && found.length === shape.length;
      if (!isSame && !(mayBeWide && sizeOf(found) === 2 * sizeOf(shape))) {
        const must = `must return images of the shape [${shape.join(', ')}] as output ${showValue(name)}`;
        throw refusal(
          ClassifierError,
          { call: CALL, field: 'denoiser', value: found, got: `[${found.join(', ')}]` },
          must,
        );
      }
      return layout === 'nchw' ? channelsLast(values, found) : values;
    },
    inputShape: runner.inputShape,
    outputShape,
    inputRange: runner.inputType === 'uint8' ? [0, 255] : undefined,
    engine: parsed.engine,
  };
}

/** Feeds with the time of a diffusion step, and the input that takes the images. */
function withTime(
  session: OnnxSession,
  timeInput: string,
  { Tensor, feeds, inputName }: OnnxSessionOptions,
): Pick<OnnxSessionOptions, 'feeds' | 'inputName'> {
  if (!session.inputNames.includes(timeInput)) {
    const must = `must name an input of the session (${session.inputNames.join(', ')})`;
    throw refusal(OptionError, { call: CALL, field: 'timeInput', value: timeInput }, must);
  }
  const { type = 'float32' } = session.inputMetadata?.find(({ name }) => name === timeInput) ?? {};
  const [only, ...more] = session.inputNames.filter((name) => name !== timeInput);
  const timed: NonNullable<OnnxSessionOptions['feeds']> = (batch) => {
    const { batch: rows, time } = batch;
    if (time === undefined) {
      const way = 'put the network into diffusionDenoiser';
      throw refusal(ClassifierError, { call: CALL, field: 'timeInput', value: timeInput, way }, 'must be given a time');
    }
    const data =
      type === 'int64' ? new BigInt64Array(rows).fill(BigInt(Math.round(time))) : new Float32Array(rows).fill(time);
    return { ...feeds?.(batch), [timeInput]: new Tensor(type as 'float32', data as Float32Array, [rows]) };
  };
  return { feeds: timed, inputName: inputName ?? (more.length === 0 ? only : undefined) };
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** A shape without free sizes. */
function knownShape(shape: readonly (number | null)[] | undefined): readonly number[] | undefined {
  return shape?.every((size) => size !== null) ? (shape as readonly number[]) : undefined;
}

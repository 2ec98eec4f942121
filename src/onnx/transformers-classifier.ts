import type { TypedBatch, TypedClassifier } from '../classifier/types.ts';
import { ClassifierError, OptionError, refusal } from '../errors.ts';
import { inTurn } from '../host/turns.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';

/** A tensor of transformers.js, as far as catrs uses it. */
export interface TransformersTensor {
  /** The values. */
  readonly data: unknown;
  /** The sizes. */
  readonly dims: readonly number[];
}

/** What makes a tensor: the class `Tensor` of transformers.js. */
export type TransformersTensorConstructor = new (
  type: 'float32',
  data: Float32Array,
  dims: number[],
) => TransformersTensor;

/** Images as a model takes them. */
export interface TransformersPixels {
  /** [batch, channels, height, width], or one image [channels, height, width]. */
  readonly pixel_values: TransformersTensor;
}

/** What a model returns. */
export interface TransformersLogits {
  /** [batch, numClasses]; absent for a model of another kind. */
  readonly logits?: TransformersTensor;
}

/** What catrs needs of a model of transformers.js for image classification; recognised by its shape. */
export interface TransformersModel {
  /** Runs the model. */
  (inputs: TransformersPixels): Promise<TransformersLogits>;
  /** The file `config.json`. */
  readonly config?: object;
}

/** What catrs needs of an image processor of transformers.js: the settings of `preprocessor_config.json`, and what resizes and crops. */
export interface TransformersProcessor {
  /** Resizes, crops, rescales and normalises an image as its own settings say. */
  preprocess(image: never): Promise<TransformersPixels>;
  /** Whether bytes are multiplied by `rescale_factor`. */
  readonly do_rescale?: boolean | undefined;
  /** Usually 1/255. */
  readonly rescale_factor?: number | undefined;
  /** Whether the mean is subtracted and the rest divided by the standard deviation. */
  readonly do_normalize?: boolean | undefined;
  /** Mean of each channel, after rescaling. */
  readonly image_mean?: number | readonly number[] | undefined;
  /** Standard deviation of each channel, after rescaling. */
  readonly image_std?: number | readonly number[] | undefined;
  /** Whether the model wants blue before green and red. */
  readonly do_flip_channel_order?: boolean | undefined;
}

/** A processor of several kinds of input, as `AutoProcessor` gives it. */
export interface WithImageProcessor {
  /** The one for images. */
  readonly image_processor: TransformersProcessor;
}

/** Options of {@link transformersClassifier}. */
export interface TransformersClassifierOptions {
  /** What `AutoImageProcessor.from_pretrained` or `AutoProcessor.from_pretrained` gave for the folder of the model. */
  readonly processor: TransformersProcessor | WithImageProcessor;
  /** The class `Tensor` of transformers.js. */
  readonly Tensor: TransformersTensorConstructor;
}

const transformersClassifierOptions = optionsOf<TransformersClassifierOptions>()({
  processor: fields.field<TransformersClassifierOptions['processor']>(
    'must be what AutoImageProcessor.from_pretrained gives',
    (v) => isProcessor(v) || isProcessor((v as { image_processor?: unknown } | undefined)?.image_processor),
  ),
  Tensor: fields.callback<TransformersTensorConstructor>('must be the class `Tensor` of transformers.js'),
});

/** An image as the smoothed classifier takes it. */
export interface PreparedImage {
  /** Values in [0, 1], row after row, the channels of a pixel together; the caller's. */
  readonly x: Float32Array<ArrayBuffer>;
  /** [height, width, channels]. */
  readonly shape: readonly [number, number, number];
}

/** A model of transformers.js as a classifier of typed arrays. */
export interface TransformersClassifier extends TypedClassifier {
  /** Names of the classes by `config.json`, where it has them. */
  readonly labels: readonly string[] | undefined;
  /**
   * Resizes and crops an image as the processor does: what comes before the noise.
   *
   * @param image - a `RawImage` of transformers.js
   * @throws ClassifierError for a processor that does not make one image of numbers of it
   */
  prepare(image: object): Promise<PreparedImage>;
}

const CALL = 'transformersClassifier';

/**
 * An image classifier of the Hugging Face hub, run by transformers.js, as a base classifier.
 *
 * The processor of a model resizes and crops an image, then rescales, normalises and transposes it. Noise belongs between the two:
 * `prepare` does the first part, and gives values in [0, 1], in whose units `sigma` and the radius are; the classifier does the second
 * part to each noisy copy, (255 · factor · x − mean) / std with the channels first, and runs the model. It has no gradient: it can be certified, and predict.
 * A certificate speaks of the image after resizing and cropping.
 *
 * @param model - what `AutoModelForImageClassification.from_pretrained` gave; the host's, never disposed here
 * @throws OptionError if `model` or an option is something else, or the processor pads images after rescaling them
 * @throws ClassifierError (from certification) if the model returns no logits [batch, numClasses]
 * @see https://huggingface.co/docs/transformers.js
 * @example
 * ```ts
 * import { AutoImageProcessor, AutoModelForImageClassification, RawImage, Tensor } from '@huggingface/transformers';
 *
 * const model = await AutoModelForImageClassification.from_pretrained(folder);
 * const processor = await AutoImageProcessor.from_pretrained(folder);
 * const vit = transformersClassifier(model, { processor, Tensor });
 * const g = new SmoothedClassifier(vit, { noise });
 * const { x, shape } = await vit.prepare(await RawImage.read('cat.jpg'));
 * const { label, radius } = await g.certify(tf.tensor(x, [...shape]), { key });
 * console.log(vit.labels?.[label], radius);
 * ```
 */
export function transformersClassifier(
  model: TransformersModel,
  options: TransformersClassifierOptions,
): TransformersClassifier {
  const { processor: given, Tensor } = transformersClassifierOptions.parse(CALL, options);
  if (typeof (model as unknown) !== 'function') {
    const must = 'must be what AutoModelForImageClassification.from_pretrained gives';
    throw refusal(OptionError, { call: CALL, field: 'model', value: model }, must);
  }
  const processor = 'image_processor' in given ? given.image_processor : given;
  assertNoPadding(processor);
  const labels = labelsOf(model.config);
  return {
    classify: async (inputs, batch) => {
      const values = behindNoise(inputs, batch, processor);
      const [height = 0, width = 0, channels = 0] = batch.shape;
      // Others may have the same model, whose session may use its output again.
      return inTurn(model, async () => {
        const { logits } = await model({
          pixel_values: new Tensor('float32', values, [batch.batch, channels, height, width]),
        });
        return logitsOf(logits, batch);
      });
    },
    inputShape: shapeBy(processor),
    numClasses: labels?.length,
    inputRange: [0, 1],
    labels,
    prepare: async (image) => preparedImage(processor, image),
  };
}

function isProcessor(value: unknown): value is TransformersProcessor {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isObject && typeof (value as { preprocess?: unknown }).preprocess === 'function';
}

/** Settings of processors that only some have. */
interface FurtherSettings {
  readonly do_pad?: boolean;
  readonly pad_size?: unknown;
  readonly size_divisibility?: number;
  readonly do_resize?: boolean;
  readonly do_center_crop?: boolean;
  readonly size?: unknown;
  readonly crop_size?: unknown;
}

/** Padding after normalisation is a border that the noise would not reach, where the processor puts it. */
function assertNoPadding(processor: TransformersProcessor & FurtherSettings): void {
  const { do_pad: doPad, pad_size: padSize, size_divisibility: divisor } = processor;
  if (doPad !== true || (!padSize && !divisor)) return;
  const way = 'resize and pad the images yourself, and write a classifier with `classify`';
  const details = { call: CALL, field: 'processor', value: padSize, got: 'do_pad', way };
  throw refusal(OptionError, details, 'must not pad images after rescaling them');
}

/** The shape that all images have behind a processor that crops, or resizes to a height and a width. */
function shapeBy(processor: TransformersProcessor & FurtherSettings): readonly (number | null)[] | undefined {
  const { do_center_crop: crops, crop_size: cropSize, do_resize: resizes, size } = processor;
  const given = crops === true ? cropSize : resizes === true ? size : undefined;
  if (typeof given === 'number' && crops === true) return [given, given, null];
  const { height, width } = (given ?? {}) as { readonly height?: number; readonly width?: number };
  return height !== undefined && width !== undefined ? [height, width, null] : undefined;
}

/** Names of the classes, if there is one for each number from 0. */
function labelsOf(config: object | undefined): string[] | undefined {
  const { id2label } = (config ?? {}) as { readonly id2label?: Readonly<Record<string, string>> };
  const names = Array.from({ length: Object.keys(id2label ?? {}).length }, (_, i) => id2label?.[i]);
  return names.length >= 2 && names.every((name) => name !== undefined) ? names : undefined;
}

/** A batch of images in [0, 1] as the model wants it: rescaled, normalised, channels first. */
function behindNoise(
  inputs: Float32Array,
  { batch, shape }: TypedBatch,
  processor: TransformersProcessor,
): Float32Array {
  const [height = 0, width = 0, channels = 0] = shape;
  if (shape.length !== 3) {
    const got = `inputs of shape [${shape.join(', ')}]`;
    const details = { call: CALL, field: 'x', value: shape, got };
    throw refusal(ClassifierError, details, 'must be images [height, width, channels]');
  }
  const scale = 255 * (processor.do_rescale === false ? 1 : (processor.rescale_factor ?? 1 / 255));
  const isNormalized = processor.do_normalize === true;
  const mean = isNormalized ? channelNumbers('image_mean', processor.image_mean, channels) : [];
  const std = isNormalized ? channelNumbers('image_std', processor.image_std, channels) : [];
  const places = height * width;
  const out = new Float32Array(inputs.length);
  for (let c = 0; c < channels; c++) {
    // Normalised first, as transformers.js does, then the order of the channels is turned.
    const to = processor.do_flip_channel_order === true ? channels - 1 - c : c;
    for (let image = 0; image < batch; image++) {
      const begin = (image * channels + to) * places;
      for (let place = 0; place < places; place++) {
        const value = (inputs[(image * places + place) * channels + c] as number) * scale;
        out[begin + place] = isNormalized ? (value - (mean[c] as number)) / (std[c] as number) : value;
      }
    }
  }
  return out;
}

function channelNumbers(field: string, given: number | readonly number[] | undefined, channels: number): number[] {
  const values = typeof given === 'number' ? Array<number>(channels).fill(given) : [...(given ?? [])];
  if (values.length === channels && values.every((value) => Number.isFinite(value))) return values;
  const got = `${values.length} numbers for ${channels} channels`;
  const details = { call: CALL, field, value: given, got };
  throw refusal(ClassifierError, details, 'of the processor must have a number for each channel');
}

function logitsOf(logits: TransformersTensor | undefined, { batch }: TypedBatch): Float32Array {
  const { data, dims = [] } = logits ?? {};
  if (dims.length === 2 && dims[0] === batch && data instanceof Float32Array) return new Float32Array(data);
  const got = logits === undefined ? 'no output `logits`' : `[${dims.join(', ')}]`;
  const must = `must return logits of shape [batch, numClasses] = [${batch}, C] in float32`;
  throw refusal(ClassifierError, { call: CALL, field: 'model', value: dims, got }, must);
}

/** An image after what the processor does before it rescales, in [0, 1] with the channels last. */
async function preparedImage(processor: TransformersProcessor, image: object): Promise<PreparedImage> {
  const off = { do_rescale: false, do_normalize: false, do_pad: false, do_flip_channel_order: false };
  const withoutThem = Object.assign(Object.create(processor) as TransformersProcessor, off);
  const { pixel_values: pixels } = await withoutThem.preprocess(image as never);
  const [channels = 0, height = 0, width = 0] = pixels.dims;
  const values = pixels.data as ArrayLike<number>;
  const places = height * width;
  if (pixels.dims.length !== 3 || values.length !== places * channels) {
    const details = { call: `${CALL}.prepare`, field: 'image', value: pixels.dims, got: `[${pixels.dims.join(', ')}]` };
    throw refusal(ClassifierError, details, 'must become one array [channels, height, width]');
  }
  const x = new Float32Array(values.length);
  for (let c = 0; c < channels; c++) {
    for (let place = 0; place < places; place++) x[place * channels + c] = (values[c * places + place] as number) / 255;
  }
  return { x, shape: [height, width, channels] };
}

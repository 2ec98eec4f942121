import * as tf from '@tensorflow/tfjs';
import { createKey, GaussianNoise, normalizeInput, SmoothedClassifier } from 'catrs';
import {
  onnxClassifier,
  type OnnxSession,
  type OnnxTensorConstructor,
  transformersClassifier,
  type TransformersClassifierOptions,
  type TransformersModel,
  type TransformersProcessor,
  type TransformersTensor,
} from 'catrs/onnx';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { requireGuest } from '../helpers/guests.ts';

const key = createKey(21);
const noise = new GaussianNoise({ sigma: 0.1 });

/** The part of transformers.js that is used here. */
interface Transformers {
  readonly env: { allowRemoteModels: boolean; localModelPath: string };
  readonly AutoModelForImageClassification: {
    from_pretrained(
      name: string,
      options: object,
    ): Promise<TransformersModel & { readonly sessions: { readonly model: OnnxSession } }>;
  };
  readonly AutoImageProcessor: {
    from_pretrained(
      name: string,
    ): Promise<TransformersProcessor & ((image: object) => Promise<{ pixel_values: TransformersTensor }>)>;
  };
  readonly RawImage: new (data: Uint8ClampedArray, width: number, height: number, channels: number) => object;
  readonly Tensor: TransformersClassifierOptions['Tensor'];
}

const transformers = requireGuest<Transformers>('@huggingface/transformers');
const runtime = requireGuest<{ readonly Tensor: OnnxTensorConstructor }>('onnxruntime-node');

/** Pixels without a pattern. */
const pixels = (count: number): Uint8ClampedArray =>
  Uint8ClampedArray.from({ length: count }, (_, i) => (i * 7919) % 256);

describe('a vision transformer in the layout of the Hugging Face hub', () => {
  if ('reason' in transformers || 'reason' in runtime) {
    const { reason } = 'reason' in transformers ? transformers : (runtime as { readonly reason: string });
    it('is certified', ({ skip }) => skip(reason));
    return;
  }
  const { AutoImageProcessor, AutoModelForImageClassification, env, RawImage, Tensor } = transformers.found;
  const open = async () => {
    env.allowRemoteModels = false;
    env.localModelPath = fileURLToPath(new URL('../fixtures/', import.meta.url));
    const model = await AutoModelForImageClassification.from_pretrained('tiny-vit', { dtype: 'fp32' });
    const processor = await AutoImageProcessor.from_pretrained('tiny-vit');
    return { model, processor, vit: transformersClassifier(model, { processor, Tensor }) };
  };

  it.each([
    [16, 16],
    [24, 20],
    [9, 31],
  ])('gives the logits of transformers.js for an image of %i x %i pixels', async (width, height) => {
    const { model, processor, vit } = await open();
    const image = new RawImage(pixels(width * height * 3), width, height, 3);
    const { x, shape } = await vit.prepare(image);
    expect(shape).toEqual([16, 16, 3]);
    expect(Math.min(...x)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...x)).toBeLessThanOrEqual(1);
    const { logits } = await model(await processor(image));
    const expected = [...(logits?.data as Float32Array)];
    const actual = await vit.classify(x, { batch: 1, shape });
    [...actual].forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 4));
  });

  it('is certified with the votes of its session behind a normalisation', async () => {
    const { model, vit } = await open();
    expect(vit.labels).toEqual(['sky', 'sea', 'sand', 'snow', 'soil']);
    const { x, shape } = await vit.prepare(new RawImage(pixels(24 * 20 * 3), 24, 20, 3));
    const image = tf.tensor(x, [...shape]);
    const session = onnxClassifier(model.sessions.model, { Tensor: runtime.found.Tensor, layout: 'nchw' });
    const twin = normalizeInput(session, { mean: [0.5, 0.4, 0.3], std: [0.5, 0.25, 0.2] });
    const options = { key, n0: 50, n: 500 };
    const found = await new SmoothedClassifier(vit, { noise }).certify(image, options);
    expect(found).toEqual(await new SmoothedClassifier(twin, { noise }).certify(image, options));
    expect(found.abstained).toBe(false);
    image.dispose();
  });
});

class FakeTensor implements TransformersTensor {
  readonly type: string;
  readonly data: Float32Array;
  readonly dims: number[];
  constructor(type: string, data: Float32Array, dims: number[]) {
    this.type = type;
    this.data = data;
    this.dims = dims;
  }
}

/** A processor that neither resizes nor crops an image {data, width, height}. */
const processorOf = (settings: Partial<TransformersProcessor> & object): TransformersProcessor => ({
  preprocess: (image: { readonly data: number[] }) =>
    Promise.resolve({ pixel_values: new FakeTensor('float32', Float32Array.from(image.data), [3, 1, 2]) }),
  ...settings,
});

/** Returns what it got as its logits. */
const echo: TransformersModel = ({ pixel_values: { data } }) =>
  Promise.resolve({ logits: new FakeTensor('float32', data as Float32Array, [1, 6]) });

describe('transformersClassifier', () => {
  const shape = [1, 2, 3];
  const classify = async (settings: object, values: readonly number[]): Promise<number[]> => {
    const f = transformersClassifier(echo, { processor: processorOf(settings), Tensor: FakeTensor });
    return [...(await f.classify(Float32Array.from(values), { batch: 1, shape }))];
  };

  it('rescales, normalises and transposes behind the noise as the settings say', async () => {
    const values = [0, 0.5, 1, 0.25, 0.75, 0.125];
    expect(await classify({}, values)).toEqual([0, 0.25, 0.5, 0.75, 1, 0.125]);
    expect(await classify({ do_rescale: false }, values)).toEqual([0, 63.75, 127.5, 191.25, 255, 31.875]);
    expect(await classify({ do_rescale: true, rescale_factor: 2 / 255 }, values)).toEqual([0, 0.5, 1, 1.5, 2, 0.25]);
    const normalized = { do_normalize: true, image_mean: [0, 0.5, 1], image_std: [1, 0.5, 0.25] };
    expect(await classify(normalized, values)).toEqual([0, 0.25, 0, 0.5, 0, -3.5]);
    expect(await classify({ ...normalized, do_flip_channel_order: true }, values)).toEqual([0, -3.5, 0, 0.5, 0, 0.25]);
    expect(await classify({ do_normalize: true, image_mean: 0.5, image_std: 0.5 }, values)).toEqual([
      -1, -0.5, 0, 0.5, 1, -0.75,
    ]);
  });

  it('prepares an image in [0, 1] with the channels last, whatever the settings are', async () => {
    const processor = processorOf({ do_rescale: true, do_normalize: true, image_mean: 9, image_std: 9 });
    const f = transformersClassifier(echo, { processor: { image_processor: processor }, Tensor: FakeTensor });
    const found = await f.prepare({ data: [0, 255, 51, 102, 204, 153] });
    expect(found.shape).toEqual([1, 2, 3]);
    expect([...found.x]).toEqual([0, 51, 204, 255, 102, 153].map((byte) => Math.fround(byte / 255)));
  });

  it('says what is wrong', async () => {
    const processor = processorOf({});
    expect(() => transformersClassifier({} as never, { processor, Tensor: FakeTensor })).toThrow(
      'transformersClassifier: `model` must be what AutoModelForImageClassification.from_pretrained gives',
    );
    expect(() => transformersClassifier(echo, { processor: {} as never, Tensor: FakeTensor })).toThrow(
      'transformersClassifier: `processor` must be what AutoImageProcessor.from_pretrained gives',
    );
    const padding = processorOf({ do_pad: true, pad_size: { width: 9, height: 9 } } as object);
    expect(() => transformersClassifier(echo, { processor: padding, Tensor: FakeTensor })).toThrow(
      'transformersClassifier: `processor` must not pad images after rescaling them, got do_pad',
    );
    await expect(classify({ do_normalize: true, image_mean: [1, 2] }, [1, 2, 3, 4, 5, 6])).rejects.toThrow(
      'transformersClassifier: `image_mean` of the processor must have a number for each channel, got 2 numbers for 3 channels',
    );
    const silent = transformersClassifier(() => Promise.resolve({}), { processor, Tensor: FakeTensor });
    await expect(silent.classify(new Float32Array(6), { batch: 1, shape })).rejects.toThrow(
      'transformersClassifier: `model` must return logits of shape [batch, numClasses] = [1, C] in float32, got no output `logits`',
    );
    const f = transformersClassifier(echo, { processor, Tensor: FakeTensor });
    await expect(f.classify(new Float32Array(6), { batch: 1, shape: [6] })).rejects.toThrow('must be images');
  });
});

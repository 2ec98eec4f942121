import * as tf from '@tensorflow/tfjs';
import { createKey, GaussianNoise, OptionError, SmoothedSegmenter, type SegmentationCertificate } from 'catrs';
import { onnxSegmenter, type OnnxSession, type OnnxTensor, type OnnxValueMetadata } from 'catrs/onnx';
import { describe, expect, it } from 'vitest';
import { expectError } from '../helpers/errors.ts';
import { requireGuest } from '../helpers/guests.ts';
import { tinyOnnx } from './tiny-onnx.ts';

class Tensor implements OnnxTensor {
  readonly type: string;
  readonly data: unknown;
  readonly dims: readonly number[];

  constructor(type: string, data: unknown, dims: readonly number[]) {
    [this.type, this.data, this.dims] = [type, data, dims];
  }
}

const [HEIGHT, WIDTH, CLASSES] = [4, 6, 3];
const noise = new GaussianNoise({ sigma: 0.125 });
const port = (name: string, shape: readonly (number | string)[]): OnnxValueMetadata => ({
  name,
  isTensor: true,
  type: 'float32',
  shape,
});

/** Logits 0, x and 2x − 0.7 of the first of two channels, at every second pixel, classes first. */
const session = (outputs: readonly string[] = ['logits'], told = true): OnnxSession => ({
  inputNames: ['image'],
  outputNames: outputs,
  ...(told && {
    inputMetadata: [port('image', ['batch', 2, HEIGHT, WIDTH])],
    outputMetadata: outputs.map((name) => port(name, ['batch', CLASSES, 'height', 'width'])),
  }),
  run: ({ image }, fetches) => {
    const { data, dims } = image as { data: Float32Array; dims: readonly number[] };
    const [batch = 1] = dims;
    const size = (HEIGHT * WIDTH) / 4;
    const logits = new Float32Array(batch * CLASSES * size);
    for (let row = 0; row < batch; row++) {
      for (let i = 0; i < size; i++) {
        const [y, x] = [2 * Math.floor(i / (WIDTH / 2)), 2 * (i % (WIDTH / 2))];
        const value = data[row * 2 * HEIGHT * WIDTH + y * WIDTH + x]!;
        [0.1, value, 2 * value - 0.7].forEach((logit, c) => (logits[(row * CLASSES + c) * size + i] = logit));
      }
    }
    const tensor = new Tensor('float32', logits, [batch, CLASSES, HEIGHT / 2, WIDTH / 2]);
    return Promise.resolve(Object.fromEntries(fetches.map((name) => [name, tensor])));
  },
});

async function certify(g: SmoothedSegmenter): Promise<SegmentationCertificate> {
  const x = tf.tensor3d(
    Array.from({ length: HEIGHT * WIDTH * 2 }, (_, i) => ((31 * i) % 256) / 255),
    [HEIGHT, WIDTH, 2],
  );
  return g.certify(x, { key: createKey(0), n: 60, alpha: 0.05, tau: 0.6 }).finally(() => x.dispose());
}

/** The same of tensors. */
const twin = new SmoothedSegmenter(
  (x) =>
    tf.tidy(() => {
      const value = tf.stridedSlice(x, [0, 0, 0, 0], [x.shape[0]!, HEIGHT, WIDTH, 1], [1, 2, 2, 1]);
      return tf.concat([tf.fill(value.shape, Math.fround(0.1)), value, tf.sub(tf.mul(value, 2), 0.7)], -1);
    }),
  { noise, numClasses: CLASSES },
);

describe('onnxSegmenter', () => {
  it('reads logits with the classes first, of masks smaller than the image', async () => {
    const plain = await certify(twin);
    expect(plain.labels.shape).toEqual([2, 3]);
    expect(plain.certified).toBeGreaterThan(1);
    for (const told of [true, false]) {
      const model = onnxSegmenter(session(['logits'], told), { Tensor, layout: 'nchw' });
      expect(model.outputLayout).toBe('nchw');
      expect(await certify(new SmoothedSegmenter(model, { noise, numClasses: CLASSES }))).toEqual(plain);
      expect(model.maskShape).toEqual([2, 3]);
    }
  });

  it('takes one of several outputs by its name', async () => {
    const several = session(['out', 'aux']);
    await expectError(
      () => onnxSegmenter(several, { Tensor, layout: 'nchw' }),
      OptionError,
      'onnxSegmenter: `outputName` must name the one of several outputs of floats [batch, numClasses, ...mask] (out (float32 [any, 3, any, any]), aux (float32 [any, 3, any, any])), got none',
    );
    const model = onnxSegmenter(several, { Tensor, layout: 'nchw', outputName: 'out' });
    expect((await certify(new SmoothedSegmenter(model, { noise, numClasses: CLASSES }))).labels.shape).toEqual([2, 3]);
  });

  it('says which logits there must be', async () => {
    const model = onnxSegmenter(session(), { Tensor, layout: 'nchw' });
    await expect(certify(new SmoothedSegmenter(model, { noise, numClasses: 4 }))).rejects.toThrow(
      'SmoothedSegmenter.certify: `model` must return logits of shape [10, 4, ...mask], got [10, 18] (`numClasses` is the number of logits of each component',
    );
  });

  it('runs in onnxruntime as the same function of tensors', async ({ skip }) => {
    const runtime = requireGuest<{ InferenceSession: { create(bytes: Uint8Array): Promise<OnnxSession> }; Tensor: typeof Tensor }>('onnxruntime-node'); // prettier-ignore
    if ('reason' in runtime) return skip(runtime.reason);
    const bytes = tinyOnnx({
      inputs: [{ name: 'image', shape: ['batch', 1, 'height', 'width'] }],
      outputs: [{ name: 'logits', shape: ['batch', 2, 'height', 'width'] }],
      nodes: [
        { op: 'Sub', inputs: ['half', 'image'], output: 'below' },
        { op: 'Concat', inputs: ['below', 'image'], output: 'logits', integers: { axis: 1 } },
      ],
      constants: [{ name: 'half', shape: [1], values: Float32Array.of(0.5) }],
    });
    const model = onnxSegmenter(await runtime.found.InferenceSession.create(bytes), { Tensor: runtime.found.Tensor, layout: 'nchw' }); // prettier-ignore
    const x = tf.tensor3d(Array.from({ length: 24 }, (_, i) => i / 24), [4, 6, 1]); // prettier-ignore
    const options = { key: createKey(4), n: 60, alpha: 0.05, tau: 0.6 };
    const c = await new SmoothedSegmenter(model, { noise, numClasses: 2 }).certify(x, options);
    const same = new SmoothedSegmenter((image) => tf.concat([tf.sub(0.5, image), image], -1), { noise, numClasses: 2 });
    expect(c).toEqual(await same.certify(x, options));
    x.dispose();
  });
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ClassifierError, OptionError } from '../../src/errors.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { onnxClassifier, type OnnxClassifierOptions } from '../../src/onnx/onnx-classifier.ts';
import type { OnnxSession, OnnxTensor } from '../../src/onnx/onnx-session.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';
import { typedTwin } from '../helpers/typed.ts';

class Tensor implements OnnxTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
  constructor(_: string, data: unknown, dims: readonly number[]) {
    this.data = data as Float32Array;
    this.dims = dims;
  }
}

const noise = new GaussianNoise({ sigma: 0.5 });
const weights = [0.5, -1, 0.2, 0.9, -0.7, 0.1, 1, -0.3, 0.4, -0.6, 0.8, -0.2];
const { logits } = linearClassifier(weights, 0.1);

/** A session that runs a function of tensors; it wants its input in the layout that the function wants. */
function sessionOf(model: (x: tf.Tensor) => tf.Tensor, more: Partial<OnnxSession> = {}): OnnxSession {
  const { classify } = typedTwin(model);
  return {
    inputNames: ['pixels'],
    outputNames: ['scores'],
    run: async ({ pixels }, [name = '']) => {
      const { data, dims } = pixels as Tensor;
      const [batch = 0, ...shape] = dims;
      const values = await classify(Float32Array.from(data), { batch, shape });
      return { [name]: new Tensor('float32', values, [batch, values.length / batch]) };
    },
    ...more,
  };
}

describe('onnxClassifier', () => {
  beforeAll(() => useBackend('cpu'));
  const key = createKey(1);
  const certify = async (f: ConstructorParameters<typeof SmoothedClassifier>[0]): Promise<unknown> => {
    const x = tf.tensor(weights.map(Math.abs), [2, 2, 3]);
    const certificate = await new SmoothedClassifier(f, { noise, numClasses: 2 }).certify(x, { key, n: 200 });
    x.dispose();
    return certificate;
  };

  it('gives the certificate of the model behind the session, in either layout', async () => {
    const expected = await certify(logits);
    expect(await certify(onnxClassifier(sessionOf(logits), { Tensor }))).toEqual(expected);
    const nchw = sessionOf((x) => {
      expect(x.shape.slice(1)).toEqual([3, 2, 2]);
      return tf.tidy(() => logits(tf.transpose(x, [0, 2, 3, 1])));
    });
    expect(await certify(onnxClassifier(nchw, { Tensor, layout: 'nchw' }))).toEqual(expected);
  });

  it('takes the names where the session has several', async () => {
    const several = sessionOf(logits, { inputNames: ['mask', 'pixels'], outputNames: ['features', 'scores'] });
    const mask = new Tensor('float32', Float32Array.of(1), [1]);
    const options = { Tensor, inputName: 'pixels', outputName: 'scores', feeds: () => ({ mask }) };
    expect(await certify(onnxClassifier(several, options))).toEqual(await certify(logits));
  });

  const refuses = (session: unknown, options: object, text: string): Promise<void> =>
    expectError(
      () => onnxClassifier(session as OnnxSession, options as OnnxClassifierOptions),
      OptionError,
      `onnxClassifier: ${text}`,
    );

  it.each([
    [{}, { Tensor }, '`session` must be an InferenceSession of onnxruntime, got an object (Object)'],
    [sessionOf(logits), {}, "`Tensor` must be the class `Tensor` of the runtime's package, got undefined"],
    [sessionOf(logits), { Tensor, layout: 'hwc' }, "`layout` must be 'nhwc' or 'nchw', got \"hwc\""],
    [sessionOf(logits), { Tensor, inputName: 'x' }, '`inputName` must be one of the session\'s (pixels), got "x"'],
    [
      sessionOf(logits, { inputNames: ['mask', 'pixels'] }),
      { Tensor, inputName: 'pixels' },
      '`feeds` must give the other inputs of the session (mask), got none',
    ],
    [
      sessionOf(logits),
      { Tensor, ouputName: 'a' },
      'unknown option `ouputName`; known options: `Tensor`, `inputName`, `layout`, `fixedBatch`, `engine`, `feeds`, `outputName`',
    ],
  ])('refuses %o with %o', refuses);

  it('refuses outputs of another rank, and channels first for what is no image', async () => {
    const x = tf.zeros([12]);
    const run = (session: OnnxSession, layout?: 'nchw') => (): unknown => {
      const f = onnxClassifier(session, { Tensor, ...(layout && { layout }) });
      return new SmoothedClassifier(f, { noise, numClasses: 2, batchSize: 8 }).certify(x, { key, n: 200, n0: 8 });
    };
    await expectError(
      run(
        sessionOf(logits, {
          run: async (_, [name = '']) =>
            Promise.resolve({ [name]: new Tensor('float32', new Float32Array(16), [8, 2, 1]) }),
        }),
      ),
      ClassifierError,
      'onnxClassifier: `classifier` must return floats [batch, numClasses] as output "scores", got [8,2,1]',
    );
    await expectError(
      run(sessionOf(logits), 'nchw'),
      OptionError,
      "onnxClassifier: `layout` must be 'nhwc' for inputs that are no images [height, width, channels], got 'nchw' for inputs of shape [12]",
    );
    x.dispose();
  });
});

import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  createKey,
  denoised,
  diffusionDenoiser,
  type DiffusionDenoiserOptions,
  diffusionStep,
  GaussianNoise,
  SmoothedClassifier,
  type TypedDenoiser,
} from 'catrs';
import { onnxDenoiser, type OnnxSession } from 'catrs/onnx';

const options: DiffusionDenoiserOptions = { schedule: 'linear', sigma: 0.25 };
/** The score of images that are 0.5 everywhere but for Gaussian deviations: exact, and linear. */
const spread = 0.1;

/** E[noise | x_t] where pixels are N(0.5, spread²). */
function exactNoise(x: tf.Tensor): tf.Tensor {
  const { alphaBar } = diffusionStep(options);
  const variance = alphaBar * (2 * spread) ** 2 + 1 - alphaBar;
  return tf.mul(x, Math.sqrt(1 - alphaBar) / variance);
}

describe('diffusionDenoiser', () => {
  it('gives the mean of the image given its noisy copy, where the network knows it', async () => {
    const denoise = diffusionDenoiser(exactNoise, options);
    const z = tf.tensor2d([[0.2, 0.5, 0.9]]);
    const images = denoise(z, { training: false });
    const { noise } = diffusionStep(options);
    const share = (2 * spread) ** 2 / ((2 * spread) ** 2 + noise ** 2);
    const [values, noisy] = [await images.data(), await z.data()];
    noisy.forEach((value, i) => expect(values[i]).toBeCloseTo(0.5 + share * (value - 0.5), 5));
    tf.dispose([z, images]);
  });

  it('takes the first half of the channels of a network that learns variances', async () => {
    const wide = diffusionDenoiser((x) => tf.concat([exactNoise(x), tf.onesLike(x)], -1), options);
    const plain = diffusionDenoiser(exactNoise, options);
    const z = tf.randomUniform([2, 3, 3, 3], 0, 1, 'float32', 7);
    const [a, b] = [wide(z, { training: false }), plain(z, { training: false })];
    expect(await a.data()).toEqual(await b.data());
    const typed: TypedDenoiser = {
      denoise: (inputs) => Float32Array.from({ length: 2 * inputs.length }, (_, i) => (i % 6 < 3 ? 0.5 : 9)),
    };
    const half: TypedDenoiser = { denoise: (inputs) => inputs.map(() => 0.5) };
    const values = (await z.data<'float32'>()) as Float32Array<ArrayBuffer>;
    const batch = { batch: 2, shape: [3, 3, 3] };
    const of = async (network: TypedDenoiser): Promise<Float32Array> =>
      diffusionDenoiser(network, options).denoise(Float32Array.from(values), batch);
    const [wideImages, images] = [await of(typed), await of(half)];
    expect(wideImages).toEqual(images);
    tf.dispose([z, a, b]);
  });

  it('votes as the bare classifier where the network predicts the images as they are', async () => {
    const classify = (x: tf.Tensor): tf.Tensor =>
      tf.matMul(
        tf.clipByValue(x, 0, 1) as tf.Tensor2D,
        tf.tensor2d([
          [1, -1],
          [-1, 1],
        ]),
      );
    const noise = new GaussianNoise({ sigma: 0.25 });
    const { inputScale } = diffusionStep(options);
    const denoiser = diffusionDenoiser((x) => tf.div(x, inputScale), { ...options, predicts: 'x0' });
    const x = tf.tensor1d([0.6, 0.4]);
    const [own, bare] = await Promise.all(
      [denoised(classify, denoiser), classify].map((f) =>
        new SmoothedClassifier(f, { noise, numClasses: 2 }).sampleCounts(x, { key: createKey(3), n: 500 }),
      ),
    );
    expect(own).toEqual(bare);
    x.dispose();
  });

  it.each([
    ['int64', [145n, 145n]],
    ['float32', [145, 145]],
  ] as const)('feeds a network of onnxruntime with its time as %s', async (type, times) => {
    const fed: unknown[] = [];
    const session: OnnxSession = {
      inputNames: ['x', 'timesteps'],
      outputNames: ['noise'],
      inputMetadata: [
        { name: 'x', isTensor: true, type: 'float32', shape: ['n', 2, 3, 3] },
        { name: 'timesteps', isTensor: true, type, shape: ['n'] },
      ],
      run: (feeds) => {
        fed.push([feeds['timesteps']?.type, [...(feeds['timesteps']?.data as Float32Array)], feeds['timesteps']?.dims]);
        const { dims = [], data } = feeds['x'] ?? {};
        return Promise.resolve({ noise: { type: 'float32', dims, data: (data as Float32Array).map(() => 0) } });
      },
    };
    class Tensor {
      readonly type: string;
      readonly data: Float32Array;
      readonly dims: readonly number[];
      constructor(type: string, data: Float32Array, dims: readonly number[]) {
        [this.type, this.data, this.dims] = [type, data, dims];
      }
    }
    const network = onnxDenoiser(session, { Tensor: Tensor as never, layout: 'nchw', timeInput: 'timesteps' });
    const denoiser = diffusionDenoiser(network, options);
    const inputs = Float32Array.from({ length: 36 }, (_, i) => (i % 10) / 10);
    const images = await denoiser.denoise(Float32Array.from(inputs), { batch: 2, shape: [3, 3, 2] });
    images.forEach((value, i) => expect(value).toBeCloseTo(inputs[i] ?? NaN, 6));
    expect(fed).toEqual([[type, times, [2]]]);
    await expect(async () => network.denoise(inputs, { batch: 2, shape: [3, 3, 2] })).rejects.toThrow(
      'onnxDenoiser: `timeInput` must be given a time, got "timesteps" (put the network into diffusionDenoiser)',
    );
    expect(() => onnxDenoiser(session, { Tensor: Tensor as never, timeInput: 't' })).toThrow(
      'onnxDenoiser: `timeInput` must name an input of the session (x, timesteps), got "t"',
    );
  });

  it.each<[string, unknown, unknown, string]>([
    ['no network', 3, {}, 'diffusionDenoiser: `network` must be a function of tensors, or an object with a method `denoise`, got 3'],
    ['a rising schedule', exactNoise, { schedule: [0.5, 0.6] }, "diffusionDenoiser: `schedule` must be 'linear', 'cosine', or the cumulative products of all steps: falling numbers in (0, 1)"],
    ['too much noise', exactNoise, { schedule: [0.9, 0.8] }, 'diffusionDenoiser: `sigma` must be one that the schedule reaches, got 0.25 (its last step has sigma 0.25)'],
    ['another number of steps', exactNoise, { schedule: [0.9, 0.1], steps: 3 }, 'diffusionDenoiser: `steps` must be left out, or be the length of `schedule`, 2, got 3'],
  ])('refuses %s', (_name, network, change, text) => {
    expect(() => diffusionDenoiser(network as never, { ...options, ...(change as object) })).toThrow(text);
  }); // prettier-ignore

  it('refuses a network of another shape', () => {
    const denoise = diffusionDenoiser((x) => tf.slice(x, [0, 0], [-1, 1]), options);
    const z = tf.zeros([2, 3]);
    expect(() => denoise(z, { training: false })).toThrow(
      'diffusionDenoiser: `network` must return the shape [2, 3] of its images, or twice as many channels, got [2, 1]',
    );
    z.dispose();
  });
});

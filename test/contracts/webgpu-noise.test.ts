import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { CatrsError } from '../../src/errors.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { fillBits } from '../../src/random/fill-bits.ts';
import { fillNormals } from '../../src/random/fill-normals.ts';
import { BITS_KERNEL, NORMALS_KERNEL, type NormalsAttributes, runKernel } from '../../src/tensors/device-kernels.ts';
import type { Key } from '../../src/types.ts';
import { describeBackends } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

/** Largest difference of a device's standard normal from the CPU's: 2 units of last place of the largest ones, near 6.66. Found: 2.4e-7. */
const TOLERANCE = 9.6e-7;

/** A key whose words use all 32 bits, one with a small seed, and one beyond 2^32. */
const keys: readonly Key[] = [[0xdeadbeef, 0x9e3779b9], createKey(3), createKey(11n << 40n)];
const key = keys[0]!;
const sigma = 0.25;
const noise = new GaussianNoise({ sigma });

/** The place of samples: at the beginning, at the last of all indices, and with dimensions that are odd or 1. */
const places = [
  { start: 0, rows: 5, dimension: 6 },
  { start: 77, rows: 3, dimension: 785 },
  { start: 2 ** 30 - 4, rows: 4, dimension: 33 },
  { start: 12_345, rows: 130, dimension: 1 },
  { start: 1, rows: 1, dimension: 3072 },
];

type Place = (typeof places)[number];

const attributes = (place: Place, drawKey = key): NormalsAttributes => ({
  ...place,
  key: drawKey,
  images: 0,
  firstImage: 0,
  scale: 1,
  call: 'test',
  field: 'rows',
});

async function valuesOf(tensor: tf.Tensor): Promise<ArrayLike<number>> {
  const values = await tensor.data();
  tensor.dispose();
  return values;
}

function hostNormals({ start, rows, dimension }: Place, drawKey = key, scale = 1): Float32Array {
  const out = new Float32Array(rows * dimension);
  fillNormals(out, { key: drawKey, start, dimension, scale });
  return out;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, i) => {
    const difference = Math.abs(value - b[i]!);
    return difference <= most ? most : difference; // NaN stays
  }, 0);
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
const image = (shape: number[]): tf.Tensor => tf.tidy(() => tf.reshape(tf.linspace(0, 1, sizeOf(shape)), shape));

describeBackends('noise drawn on the device', (backend) => {
  if (backend !== 'webgpu') {
    it('is for WebGPU: elsewhere there is no kernel', () => {
      expect(tf.getKernel(NORMALS_KERNEL, backend)).toBeUndefined();
    });
    return;
  }

  beforeAll(async () => {
    const { useWebgpu } = await import('../../src/webgpu/index.ts');
    await useWebgpu();
  });

  it('is set up by useWebgpu, which may be called again and then changes nothing', async () => {
    const { registerWebgpuKernels, useWebgpu } = await import('../../src/webgpu/index.ts');
    const functions = (): unknown[] => tf.getKernelsForBackend('webgpu').map(({ kernelFunc }) => kernelFunc);
    const [instance, kernels] = [tf.backend(), functions()];
    await tf.setBackend('cpu');
    await useWebgpu({ powerPreference: 'low-power' });
    registerWebgpuKernels();
    expect(tf.getBackend()).toBe('webgpu');
    expect(tf.backend()).toBe(instance);
    expect(functions()).toEqual(kernels);
  });

  it.each(places)('has the bits of the CPU: $rows samples of $dimension from $start', async (place) => {
    for (const drawKey of keys) {
      const words = new Uint32Array(place.rows * place.dimension);
      fillBits(words, { key: drawKey, ...place });
      const device = await valuesOf(runKernel(BITS_KERNEL, {}, attributes(place, drawKey)));
      expect(Array.from(device, (word) => word >>> 0)).toEqual(Array.from(words));
    }
  });

  it.each(places)(
    'has the normals of the CPU within rounding: $rows samples of $dimension from $start',
    async (place) => {
      for (const drawKey of keys) {
        const device = await valuesOf(runKernel(NORMALS_KERNEL, {}, attributes(place, drawKey)));
        expect(largestDifference(device, hostNormals(place, drawKey))).toBeLessThan(TOLERANCE);
      }
    },
  );

  it('rounds a few of two hundred thousand normals differently, by a relative error of at most 1e-6', async () => {
    const place = { start: 0, rows: 64, dimension: 3072 };
    const device = await valuesOf(runKernel(NORMALS_KERNEL, {}, attributes(place)));
    const host = hostNormals(place);
    expect(largestDifference(device, host)).toBeLessThan(TOLERANCE);
    const relative = host.map((value, i) => (device[i]! - value) / value);
    expect(largestDifference(relative, new Float32Array(host.length))).toBeLessThan(1e-6);
  });

  it.each([[[6]], [[2, 3, 1]], [[3, 5, 1]], [[1, 2, 1, 2, 1, 3]]])('adds it to the image, shape %j', async (shape) => {
    const x = image(shape);
    const noisy = noise.perturb(x, { key, start: 9, count: 4 });
    expect(noisy.shape).toEqual([4, ...shape]);
    expect(noisy.dtype).toBe('float32');
    const clean = await x.data();
    const host = hostNormals({ start: 9, rows: 4, dimension: x.size }, key, sigma);
    const sums = host.map((value, i) => value + clean[i % x.size]!);
    expect(largestDifference(await valuesOf(noisy), sums)).toBeLessThan(5e-7);
    x.dispose();
  });

  it('scales each coordinate by its own, in copies, batches and gradients', async () => {
    const scales = [0.25, 3, 0, 40, 0.001];
    const own = new GaussianNoise({ sigma: scales });
    const x = image([5]);
    const clean = await x.data();
    const noisy = await valuesOf(own.perturb(x, { key, start: 9, count: 4 }));
    const host = hostNormals({ start: 9, rows: 4, dimension: 5 });
    const off = host.map((value, i) => (noisy[i]! - (clean[i % 5]! + value * scales[i % 5]!)) / (scales[i % 5]! + 1));
    expect(largestDifference(off, new Float32Array(20))).toBeLessThan(2 * TOLERANCE);
    expect(Array.from({ length: 4 }, (_, row) => noisy[5 * row + 2])).toEqual(Array(4).fill(clean[2]));
    const batch = await valuesOf(own.sampleBatch({ key, numNoise: 1, shape: [2, 5] }));
    for (const b of [0, 1]) {
      const expected = hostNormals({ start: 0, rows: 1, dimension: 5 }, foldIn(key, b));
      const relative = expected.map((value, j) => (batch[5 * b + j]! - value * scales[j]!) / (scales[j]! || 1));
      expect(largestDifference(relative, new Float32Array(5))).toBeLessThan(2 * TOLERANCE);
    }
    const gradient = tf.tidy(() => tf.grad((z) => tf.sum(own.perturb(z, { key, start: 0, count: 3 })))(x));
    expect(Array.from(await valuesOf(gradient))).toEqual([3, 3, 3, 3, 3]);
    x.dispose();
  });

  it('makes copy i from the key and i alone, however the copies are batched', async () => {
    const x = image([3, 5]);
    const draw = (start: number, count: number): Promise<ArrayLike<number>> =>
      valuesOf(noise.perturb(x, { key, start, count }));
    const whole = Array.from(await draw(3, 5));
    const pieces = [await draw(3, 2), await draw(5, 3)].flatMap((piece) => Array.from(piece));
    expect(pieces).toEqual(whole);
    expect(new Set(whole).size).toBe(whole.length);
    x.dispose();
  });

  it.each([
    [[2, 5, 1], 0],
    [[1, 4], 0],
    [[3, 7], 0],
    [[3, 7], 12],
  ])('draws a batch [M, B, ...], shape %j, from image %i on', async (shape, first) => {
    const batch = noise.sampleBatch({ key, numNoise: 3, shape, firstImage: first });
    expect(batch.shape).toEqual([3, ...shape]);
    const [images, ...rest] = shape as [number, ...number[]];
    const dimension = sizeOf(rest);
    const expected: number[] = [];
    for (let m = 0; m < 3; m++) {
      for (let b = 0; b < images; b++) {
        expected.push(...hostNormals({ start: m, rows: 1, dimension }, foldIn(key, first + b), sigma));
      }
    }
    expect(largestDifference(await valuesOf(batch), expected)).toBeLessThan(TOLERANCE * sigma);
  });

  it('has a gradient with respect to the image, as the noise of the CPU', async () => {
    const x = image([2, 3]);
    const weights = image([4, 2, 3]);
    const gradient = tf.tidy(() =>
      tf.grad((z) => tf.sum(tf.mul(weights, noise.perturb(z, { key, start: 0, count: 4 }))))(x),
    );
    expect(gradient.shape).toEqual([2, 3]);
    const expected = tf.sum(weights, 0);
    expect(largestDifference(await valuesOf(gradient), await valuesOf(expected))).toBeLessThan(1e-6);
    tf.dispose([x, weights]);
  });

  it('owns its result, leaves the image alone and leaks no tensor', () =>
    expectNoLeak(async () => {
      const x = image([2, 3]);
      const noisy = noise.perturb(x, { key, start: 0, count: 2 });
      const batch = noise.sampleBatch({ key, numNoise: 2, shape: [2, 3] });
      expect(x.isDisposed).toBe(false);
      x.dispose();
      expect((await noisy.data()).length).toBe(12);
      tf.dispose([noisy, batch]);
    }));

  it('refuses samples that do not exist, with the error of the CPU', async () => {
    const x = image([6]);
    for (const request of [
      { key, start: 2 ** 30 - 1, count: 2 },
      { key, start: -1, count: 2 },
    ]) {
      const onDevice = (await thrownBy(() => noise.perturb(x, request))) as Error;
      const current = tf.getBackend();
      await tf.setBackend('cpu');
      const y = image([6]);
      const onCpu = (await thrownBy(() => noise.perturb(y, request))) as Error;
      y.dispose();
      await tf.setBackend(current);
      expect(onDevice.message).toBe(onCpu.message);
    }
    x.dispose();
  });

  it('refuses what no buffer of the device can hold, and draws nothing', async () => {
    const error = (await thrownBy(() => noise.sampleBatch({ key, numNoise: 2 ** 20, shape: [1024, 1024] }))) as Error;
    expect(error).toBeInstanceOf(CatrsError);
    expect(error.message).toMatch(
      /^Noise\.sampleBatch: `numNoise` must keep the noise within the \d+ bytes of one buffer of this device, got \d+ bytes for \d+ copies \(use smaller batches\)$/,
    );
  });
});

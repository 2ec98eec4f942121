import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { nativeTensorflow } from '../helpers/guests.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const native = nativeTensorflow();
const reason = 'reason' in native ? `: ${native.reason}` : '';

const above6 = 6.000000476837158; // the next float32
const below6 = 5.999999523162842;
const points = [-3, -0, 0, 1e-30, 0.5, 2, below6, 6, above6, 7, 1e30, -1e30, Infinity, -Infinity];

/** Values, and the derivative of sum(w f(x)²), at the points. */
function derivative(f: (x: tf.Tensor) => tf.Tensor): {
  readonly x: tf.Tensor;
  readonly first: (x: tf.Tensor) => tf.Tensor;
} {
  const x = tf.tensor1d(points.filter(Number.isFinite).map((v) => Math.max(-1e3, Math.min(1e3, v))));
  const w = tf.range(1, x.size + 1);
  return { x, first: tf.grad((v: tf.Tensor) => tf.sum(tf.mul(w, tf.square(f(v))))) };
}

async function firstDerivatives(f: (x: tf.Tensor) => tf.Tensor): Promise<number[][]> {
  const { x, first } = derivative(f);
  return Promise.all([f(x), first(x)].map(async (one) => Array.from(await one.data())));
}

const operations: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  relu: (x) => tf.relu(x),
  relu6: (x) => tf.relu6(x),
};

describe.skipIf('reason' in native)(`gradients on TensorFlow${reason}`, () => {
  let before: number[][][] = [];
  let plain: number[][] = [];

  beforeAll(async () => {
    await tf.setBackend('cpu');
    before = await Promise.all(Object.values(operations).map(firstDerivatives));
    plain = await Promise.all(Object.values(operations).map(atNaN));
    await useBackend('tensorflow');
  });

  async function atNaN(f: (x: tf.Tensor) => tf.Tensor): Promise<number[]> {
    return Array.from(
      await tf
        .grad((x: tf.Tensor) => tf.sum(f(x)))(tf.tensor1d([NaN, 1]))
        .data(),
    );
  }

  it.each(Object.keys(operations))('%s: the derivative is that of cpu, at the kinks too', async (name) => {
    const i = Object.keys(operations).indexOf(name);
    await useBackend('tensorflow');
    const kernels: string[] = [];
    const profile = await tf.profile(async () => {
      const found = await firstDerivatives(operations[name]!);
      found.forEach((values, order) =>
        values.forEach((v, at) => expect(v, `${order} at ${at}`).toBeCloseTo(before[i]![order]![at]!, 4)),
      );
      return tf.scalar(0);
    });
    kernels.push(...profile.kernelNames);
    expect(kernels).toContain(name === 'relu' ? 'CatrsReluGrad' : 'CatrsRelu6Grad');
    expect(kernels).not.toContain('Step');
  });

  // TensorFlow.js has no second derivative of relu6.
  it.each(Object.entries(operations))('%s: the second derivative is right', async (name, f) => {
    const { x, first } = derivative(f);
    const most = name === 'relu' ? Infinity : 6;
    const second = tf.grad((v: tf.Tensor) => tf.sum(first(v)))(x);
    const expected = ((await x.array()) as number[]).map((v, i) => (v > 0 && v <= most ? 2 * (i + 1) : 0));
    expect(Array.from(await second.data())).toEqual(expected);
  });

  it('are on cpu what they were, NaN included', async () => {
    await tf.setBackend('cpu');
    expect(await Promise.all(Object.values(operations).map(firstDerivatives))).toEqual(before);
    expect(await Promise.all(Object.values(operations).map(atNaN))).toEqual(plain);
    expect(plain[0]).toEqual([NaN, 1]);
    await useBackend('tensorflow');
  });

  it('of NaN is 0, where the value is NaN', async () => {
    expect(await atNaN(operations['relu']!)).toEqual([0, 1]);
    expect(Array.from(await tf.relu(tf.tensor1d([NaN])).data())).toEqual([NaN]);
  });

  it('a step is 0, 1 or NaN, for other numbers and types as shipped', async () => {
    const x = tf.tensor1d([...points, NaN]);
    expect(Array.from(await tf.step(x).data())).toEqual([...points.map((v) => (v > 0 ? 1 : 0)), NaN]);
    expect(Array.from(await tf.step(x, 0.5).data())).toEqual([...points.map((v) => (v > 0 ? 1 : 0.5)), NaN]);
    x.dispose();
  });

  it('leave no tensor behind', async () => {
    await expectNoLeak(() =>
      tf.tidy(() => void tf.grad((x: tf.Tensor) => tf.sum(tf.relu6(tf.relu(x))))(tf.range(0, 9))),
    );
  });
});

/** Batch normalisation of rows by the batch in float64, with its gradient. */
function twin(x: number[][], dy: number[][], scale: number[], offset: number[], epsilon: number) {
  const n = x.length;
  const by = (f: (c: number) => number): number[] => scale.map((_, c) => f(c));
  const sum = (f: (row: number) => number): number => x.reduce((total, _, row) => total + f(row), 0);
  const mean = by((c) => sum((r) => x[r]![c]!) / n);
  const variance = by((c) => sum((r) => (x[r]![c]! - mean[c]!) ** 2) / n);
  const z = (r: number, c: number): number => (x[r]![c]! - mean[c]!) / Math.sqrt(variance[c]! + epsilon);
  const doffset = by((c) => sum((r) => dy[r]![c]!));
  const dscale = by((c) => sum((r) => dy[r]![c]! * z(r, c)));
  const y = x.map((_, r) => by((c) => z(r, c) * scale[c]! + offset[c]!));
  const dx = x.map((_, r) =>
    by(
      (c) => (scale[c]! / Math.sqrt(variance[c]! + epsilon)) * (dy[r]![c]! - (doffset[c]! + z(r, c) * dscale[c]!) / n),
    ),
  );
  return { y, mean, variance, dx, dscale, doffset };
}

describe.skipIf('reason' in native)(`batch normalisation on TensorFlow${reason}`, () => {
  beforeAll(() => useBackend('tensorflow'));

  it.each([[[5, 3]], [[1, 3]], [[2, 3, 4, 5]], [[64, 16, 16, 16]]])(
    'of shape %j is that of plain loops, forward and backward',
    async (shape) => {
      const channels = shape.at(-1)!;
      const epsilon = 1e-3;
      const noise = (seed: number): tf.Tensor => tf.randomNormal(shape, 0.3, 2, 'float32', seed);
      const [x, dy] = [noise(1), noise(2)];
      const scale = tf.linspace(0.5, 2, channels);
      const offset = tf.linspace(-1, 1, channels);
      const rows = async (t: tf.Tensor): Promise<number[][]> => (await t.reshape([-1, channels]).array()) as number[][];
      const numbers = async (t: tf.Tensor): Promise<number[]> => Array.from(await t.data());
      const expected = twin(await rows(x), await rows(dy), await numbers(scale), await numbers(offset), epsilon);
      const [y, mean, variance] = tf
        .engine()
        .runKernel('CatrsBatchNormTraining', { x, scale, offset }, { epsilon }) as unknown as tf.Tensor[];
      const [dx, dscale, doffset] = tf
        .engine()
        .runKernel(
          'CatrsBatchNormTrainingGrad',
          { dy, x, scale, mean: mean!, variance: variance! },
          { epsilon },
        ) as unknown as tf.Tensor[];
      expect(y!.shape).toEqual(shape);
      expect(dx!.shape).toEqual(shape);
      const near = async (found: tf.Tensor, wanted: number[], tolerance: number): Promise<void> => {
        const values = await numbers(found);
        expect(values.length).toBe(wanted.length);
        const worst = Math.max(
          ...values.map((v, i) => Math.abs(v - wanted[i]!) / (1 + Math.abs(wanted[i]!))).slice(0, 1e5),
        );
        expect(worst).toBeLessThan(tolerance);
      };
      await near(y!, expected.y.flat(), 1e-5);
      await near(mean!, expected.mean, 1e-5);
      await near(variance!, expected.variance, 1e-5);
      await near(dx!, expected.dx.flat(), shape[0] === 1 ? 1e-3 : 1e-5);
      await near(dscale!, expected.dscale, 1e-4);
      await near(doffset!, expected.doffset, 1e-4);
    },
  );
});

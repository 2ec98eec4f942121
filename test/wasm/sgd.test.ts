import * as tf from '@tensorflow/tfjs';
import type { TensorInfo } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKey } from '../../src/random/key.ts';
import { fillNormals } from '../../src/random/fill-normals.ts';
import { Sgd } from '../../src/recipes/sgd.ts';
import type { SgdNumbers } from '../../src/tensors/device-kernels.ts';
import { type SgdInputs, sgdOperations, type SgdResults, sgdUpdate } from '../../src/tensors/sgd-update.ts';
import type { WasmBackend } from '../../src/wasm/backend.ts';
import { useWasm } from '../../src/wasm/index.ts';
import type { KernelCall } from '../../src/wasm/kernels/kernel.ts';
import { sgd } from '../../src/wasm/kernels/sgd.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

beforeAll(() => useWasm());

const published: SgdNumbers = {
  learningRate: 0.1,
  momentum: 0.9,
  weightDecay: 1e-4,
  dampening: 0,
  nesterov: false,
};
const settings: readonly (readonly [string, SgdNumbers])[] = [
  ['published', published],
  ['no decay', { ...published, weightDecay: 0 }],
  ['dampening', { ...published, dampening: 0.3 }],
  ['nesterov', { ...published, nesterov: true, weightDecay: 0.05 }],
  ['no momentum', { ...published, momentum: 0 }],
  ['nothing but a rate', { ...published, momentum: 0, weightDecay: 0 }],
];
const special = [NaN, Infinity, -Infinity, 0, -0, 1e-45, -1e-40, 3.4e38, -3.4e38, 1];

/** Normals of all magnitudes. */
function normals(size: number, seed: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(size);
  fillNormals(values, { key: createKey(seed), start: 0, dimension: size });
  return values.map((value, i) => value * 10 ** ((i % 9) - 4));
}

const random = (size: number): SgdInputs => {
  const [weights, gradient, buffer] = [1, 2, 3].map((seed) => tf.tensor1d(normals(size, seed)));
  return { weights: weights!, gradient: gradient!, buffer };
};

/** Every special value as weight, with every other as gradient, and so on. */
const unusual = (): SgdInputs => {
  const [count, square] = [special.length, special.length ** 2];
  const [weights, gradient, buffer] = [1, count, square].map((step) =>
    tf.tensor1d(Array.from({ length: count ** 3 }, (_, i) => special[Math.floor(i / step) % count]!)),
  );
  return { weights: weights!, gradient: gradient!, buffer };
};

/** The bits of results; all NaNs are one. */
async function bitsOf({ weights, buffer }: SgdResults): Promise<number[][]> {
  const arrays = await Promise.all([weights, ...(buffer ? [buffer] : [])].map((each) => each.data<'float32'>()));
  tf.dispose([weights, ...(buffer ? [buffer] : [])]);
  return arrays.map((values) => [...new Int32Array(Float32Array.from(values, (v) => v).buffer)]).map(canonical);
}

const canonical = (bits: number[]): number[] =>
  bits.map((word) => ((word & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : word));

describe('a step of SGD in one kernel', () => {
  describe.each(settings)('%s', (_, numbers) => {
    it.each([1, 3, 4, 1023, 4096])('has the bits of the operations: %d weights', (size) =>
      expectNoLeak(async () => {
        const inputs = random(size);
        const expected = await bitsOf(tf.tidy(() => ({ ...sgdOperations(inputs, numbers) })));
        expect(await bitsOf(sgdUpdate(inputs, numbers))).toEqual(expected);
        expect(expected).toHaveLength(numbers.momentum === 0 ? 1 : 2);
        tf.dispose({ ...inputs });
      }),
    );

    it('has them for values that are not finite, and zeros with a sign', () =>
      expectNoLeak(async () => {
        const inputs = unusual();
        const expected = await bitsOf(tf.tidy(() => ({ ...sgdOperations(inputs, numbers) })));
        expect(await bitsOf(sgdUpdate(inputs, numbers))).toEqual(expected);
        tf.dispose({ ...inputs });
      }));

    it('has them without SIMD', () => {
      const { weights, gradient, buffer } = unusual();
      const backend = tf.backend() as unknown as WasmBackend;
      const inputs = { weights, gradient, ...(numbers.momentum !== 0 && { buffer: buffer! }) };
      const call = { backend, inputs, attrs: numbers as unknown as KernelCall['attrs'] };
      const shipped = tf.getKernel('CatrsSgd', 'wasm').kernelFunc as unknown as (call: KernelCall) => TensorInfo[];
      const [plain, fast] = [sgd.build(undefined, () => undefined), shipped].map((run) =>
        [run(call)].flat().map((result) => {
          const bits = [...new Int32Array((backend.readSync(result.dataId) as Float32Array).slice().buffer)];
          backend.disposeData(result.dataId);
          return canonical(bits);
        }),
      );
      expect(fast).toEqual(plain);
      tf.dispose([weights, gradient, buffer!]);
    });
  });

  it('is what Sgd runs, once a variable, from the second step on', () =>
    expectNoLeak(async () => {
      const variable = tf.tidy(() => tf.variable(tf.ones([7])));
      const gradient = tf.ones([7]);
      const optimizer = new Sgd(published);
      optimizer.applyGradients({ [variable.name]: gradient });
      const { kernelNames } = await tf.profile(() => {
        optimizer.applyGradients({ [variable.name]: gradient });
        return [];
      });
      expect(kernelNames).toEqual(['CatrsSgd']);
      optimizer.dispose();
      tf.dispose([variable, gradient]);
    }));

  it('leaves clones of the variable as they are', async () => {
    const variable = tf.tidy(() => tf.variable(tf.ones([7])));
    const [gradient, before] = [tf.ones([7]), tf.clone(variable)];
    const optimizer = new Sgd(published);
    for (let step = 0; step < 2; step++) optimizer.applyGradients({ [variable.name]: gradient });
    expect([...(await before.data())]).toEqual(Array(7).fill(1));
    optimizer.dispose();
    tf.dispose([variable, gradient, before]);
  });
});

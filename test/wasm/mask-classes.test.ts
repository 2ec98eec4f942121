import * as tf from '@tensorflow/tfjs';
import type { TensorInfo } from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasKernel, MASK_CLASSES_KERNEL, runKernel } from '../../src/tensors/device-kernels.ts';
import { integersInMemory } from '../../src/tensors/own-tensor.ts';
import type { WasmBackend } from '../../src/wasm/backend.ts';
import { useWasm } from '../../src/wasm/index.ts';
import type { KernelCall } from '../../src/wasm/kernels/kernel.ts';
import { maskClasses } from '../../src/wasm/kernels/mask-classes.ts';

beforeAll(() => useWasm());

interface Masks {
  readonly rows: number;
  readonly components: number;
  readonly classes: number;
  readonly last: boolean;
}

/** The slow and obvious way. */
function slow(values: Float32Array, { rows, components, classes, last }: Masks): number[] {
  const size = components * classes;
  return Array.from({ length: rows }, (_, row) => {
    const logits = values.subarray(row * size, (row + 1) * size);
    const found = Array.from({ length: components }, (__, i) => {
      const own = Array.from({ length: classes }, (___, c) => logits[last ? i * classes + c : c * components + i]!);
      return own.findIndex((value) => own.every((other) => other <= value));
    });
    const isFinite = logits.every((value) => Number.isFinite(value));
    // Of a row with NaN or infinities no class means anything.
    return isFinite ? [...found, 1] : [0];
  }).flat();
}

function found(values: Float32Array, masks: Masks, run: (x: tf.Tensor) => TensorInfo): number[] {
  const { rows, components } = masks;
  const backend = tf.backend() as unknown as WasmBackend;
  const x = tf.tensor(values, [rows, values.length / rows]);
  const before = tf.memory().numTensors;
  const result = run(x);
  const all = Int32Array.from(backend.typedArrayFromHeap(result) as Int32Array);
  if (result instanceof tf.Tensor) result.dispose();
  else backend.disposeData(result.dataId);
  expect(tf.memory().numTensors).toBe(before);
  x.dispose();
  expect(all.length).toBe(rows * (components + 1));
  return Array.from({ length: rows }, (_, row) => {
    const own = all.subarray(row * (components + 1), (row + 1) * (components + 1));
    return own[components] === 1 ? [...own] : [own[components]!];
  }).flat();
}

const bySimd =
  ({ components, classes, last }: Masks) =>
  (x: tf.Tensor): TensorInfo =>
    runKernel(MASK_CLASSES_KERNEL, { x }, { components, classes, last });
const plainly =
  ({ components, classes, last }: Masks) =>
  (x: tf.Tensor): TensorInfo => {
    const call = { backend: tf.backend(), inputs: { x }, attrs: { components, classes, last } };
    return maskClasses.build(undefined, () => undefined)(call as unknown as KernelCall) as TensorInfo;
  };

/** Few values, so that ties are common; zeros of both signs, and what lies at the ends of float32. */
const plain = fc.constantFrom(0, -0, 1, -1, 0.5, 1e-45, -1e-45, 3.4e38, -3.4e38, 2);
const special = fc.constantFrom(NaN, Infinity, -Infinity, -NaN);

describe('CatrsMaskClasses', () => {
  it.each(['with SIMD', 'without'])('gives the lowest of the largest, and sees what is not finite, %s', (name) => {
    expect(hasKernel(MASK_CLASSES_KERNEL)).toBe(true);
    const masks = fc.record({
      rows: fc.integer({ min: 1, max: 3 }),
      components: fc.integer({ min: 1, max: 11 }),
      classes: fc.integer({ min: 1, max: 23 }),
      last: fc.boolean(),
    });
    fc.assert(
      fc.property(masks, fc.infiniteStream(plain), fc.option(fc.tuple(fc.nat(), special)), (each, stream, other) => {
        const values = Float32Array.from(
          { length: each.rows * each.components * each.classes },
          () => stream.next().value as number,
        );
        if (other) values[other[0] % values.length] = other[1];
        const run = name === 'without' ? plainly(each) : bySimd(each);
        expect(found(values, each, run)).toEqual(slow(values, each));
      }),
      { numRuns: 300, seed: 21 },
    );
  });

  it('reads masks of 19 classes as one loop does', () => {
    for (const last of [true, false]) {
      const masks = { rows: 2, components: 1001, classes: 19, last };
      const values = Float32Array.from({ length: 2 * 1001 * 19 }, (_, i) => Math.fround(Math.sin(i * i)));
      expect(found(values, masks, bySimd(masks))).toEqual(slow(values, masks));
    }
  });

  it('leaves integers where they can be read', () => {
    const x = tf.tensor2d([[1, 2, 0, 3, 1, 1, 0, 5]]);
    const labels = runKernel(MASK_CLASSES_KERNEL, { x }, { components: 4, classes: 2, last: true });
    expect([...integersInMemory(labels)!]).toEqual([1, 1, 0, 1, 1]);
    expect(integersInMemory(x)).toBeUndefined();
    tf.dispose([x, labels]);
  });
});

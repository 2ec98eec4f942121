import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { currentEngine } from '../../src/index.ts';
import { useWasm } from '../../src/wasm/index.ts';
import { hasRelaxedSimd } from '../../src/wasm/simd/relaxed.ts';
import { expectSameOnCpu, runOn, sample } from './compare.ts';

afterEach(() => vi.restoreAllMocks());

// The order matters: in the first test no backend has been started.
describe('useWasm({ relaxedSimd: true })', () => {
  it('is refused on a host without relaxed SIMD, and starts nothing', async () => {
    // Node 20 has none; a newer one says so here.
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    await expect(useWasm({ relaxedSimd: true })).rejects.toThrow(
      'useWasm: `relaxedSimd` must be false on a host without relaxed SIMD, got true (Node 22 or newer, or a newer browser, has it)',
    );
    expect(tf.engine().registry['wasm']).toBeUndefined();
  });

  it.runIf(hasRelaxedSimd())('computes what cpu does, and says what it is', async () => {
    await useWasm({ relaxedSimd: true });
    expect(currentEngine()).toMatch(/^wasm \(tfjs [0-9.]+, kernels \d+, relaxed SIMD\)$/);
    await expectSameOnCpu(
      (a, b, x, filter, each) => [
        tf.matMul(a!, b!),
        tf.matMul(tf.slice(a!, 0, 1) as tf.Tensor2D, b!),
        tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'),
        tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 2, 'same'),
        tf.grad((t: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, t as tf.Tensor4D, 2, 'same'))(filter!),
        tf.depthwiseConv2d(x as tf.Tensor4D, each as tf.Tensor4D, 1, 'same'),
        tf.grad((t: tf.Tensor) => tf.depthwiseConv2d(x as tf.Tensor4D, t as tf.Tensor4D, 2, 'same'))(each!),
      ],
      [
        ...[sample([9, 70], 1), sample([70, 30], 2), sample([2, 9, 9, 5], 3), sample([3, 3, 5, 7], 4)],
        sample([3, 3, 5, 1], 5),
      ],
    );
    await useWasm();
    expect(currentEngine()).toContain('relaxed');
    await expect(useWasm({ relaxedSimd: false })).rejects.toThrow(
      'useWasm: `relaxedSimd` must be what the backend has been started with, got false',
    );
  });

  it.runIf(hasRelaxedSimd())('rounds a row alike in every batch', async () => {
    const [a, b] = [sample([9, 70], 1), sample([70, 30], 2)];
    const { values } = await runOn('wasm', (x, y) => [tf.matMul(x!, y!)], [a, b]);
    for (const row of [0, 5, 8]) {
      const alone = { shape: [1, 70], values: a.values.slice(70 * row, 70 * row + 70) };
      const { values: given } = await runOn('wasm', (x, y) => [tf.matMul(x!, y!)], [alone, b]);
      expect(given[0]).toEqual(values[0]!.slice(30 * row, 30 * row + 30));
    }
  });

  it.skipIf(hasRelaxedSimd())('is refused by this host, which has none', async () => {
    await expect(useWasm({ relaxedSimd: true })).rejects.toThrow('on a host without relaxed SIMD');
    await useWasm({ relaxedSimd: false });
    expect(currentEngine()).toMatch(/^wasm \(tfjs [0-9.]+, kernels \d+\)$/);
  });
});

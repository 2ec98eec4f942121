import { describe, expect, it } from 'vitest';
import type { WasmBackend } from '../../src/wasm/backend.ts';
import { createSimd, modules, productModules, winogradModules } from '../../src/wasm/simd/instance.ts';
import { moduleBytes } from '../../src/wasm/simd/link.ts';

describe('the modules with SIMD loops', () => {
  it.each([false, true])(
    'are valid (shared memory: %s) and small enough to be compiled synchronously anywhere',
    (shared) => {
      for (const base64 of [...modules, ...productModules.exact, ...winogradModules.flat()]) {
        const bytes = moduleBytes(base64, { shared });
        expect(WebAssembly.validate(bytes)).toBe(true);
        expect(bytes.length).toBeLessThan(4096);
      }
    },
  );

  it('can be linked to the shared memory of a backend with threads', () => {
    const wasmMemory = new WebAssembly.Memory({ initial: 2, maximum: 65536, shared: true });
    expect(createSimd({ wasm: { wasmMemory } } as unknown as WasmBackend)?.threaded).toBe(true);
  });

  it('is not made for a backend that hides its memory', () => {
    expect(createSimd({ wasm: {} } as unknown as WasmBackend)).toBeUndefined();
  });

  it('multiplies what the table points to', () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { multiply } = createSimd({ wasm: { asm: { memory } } } as unknown as WasmBackend)!;
    const floats = new Float32Array(memory.buffer);
    const [a, b, c] = [64, 256, 512];
    // Rows of A begin one float apart; four terms each, two outer times two inner, the outer ones 10 floats apart.
    new Int32Array(memory.buffer).set([0, 0, 4, 48, 8, 96, 12, 144]);
    for (let i = 0; i < 20; i++) floats[a + i] = i;
    for (let i = 0; i < 48; i++) floats[b + i] = (i % 5) - 2;
    floats[c] = 100;
    multiply({
      ...{ table: 0, tiles: 1, a: 4 * a, aStep: 4, aJump: 4 * 8, inner: 2, outer: 2 },
      ...{ b: 4 * b, bStep: 48, c: 4 * c, columns: 12 },
    });
    for (let row = 0; row < 4; row++) {
      for (let column = 0; column < 12; column++) {
        const terms = [0, 1, 10, 11].map((offset, t) => floats[a + row + offset]! * floats[b + 12 * t + column]!);
        const expected = terms.reduce((sum, term) => sum + term, row + column === 0 ? 100 : 0);
        expect(floats[c + 12 * row + column]).toBe(expected);
      }
    }
  });

  it('does nothing where there is nothing to do: its loops run zero times', () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const simd = createSimd({ wasm: { asm: { memory } } } as unknown as WasmBackend)!;
    const floats = new Float32Array(memory.buffer).map((_, i) => Math.sin(i));
    new Float32Array(memory.buffer).set(floats);
    const product = { table: 0, a: 4096, aStep: 4, aJump: 0, b: 8192, bStep: 16, c: 16384, columns: 8 };
    new Int32Array(memory.buffer).fill(0, 0, 8);
    simd.multiply({ ...product, tiles: 0, inner: 3, outer: 2 });
    simd.multiply({ ...product, tiles: 1, inner: 0, outer: 2 });
    simd.multiply({ ...product, tiles: 1, inner: 3, outer: 0 });
    simd.multiply({ ...product, tiles: 1, inner: 3, outer: 2, columns: 0 });
    const convolution = {
      ...{ x: 4096, images: 1, inHeight: 5, inWidth: 5, channels: 4, weights: 8192, height: 3, width: 3 },
      ...{ strideY: 1, strideX: 1, dilationY: 1, dilationX: 1, top: 1, left: 1, low: 0, high: 6 },
      ...{ out: 16384, outHeight: 5, outWidth: 5, outColumn: 16, outRow: 80, outImage: 400 },
    };
    for (const none of [{ images: 0 }, { channels: 0 }, { outHeight: 0 }, { outWidth: 0 }]) {
      simd.depthwise({ ...convolution, ...none });
    }
    simd.depthwiseFilter(4096, 0, 5, 5, 4, 8192, 5, 5, 3, 3, 1, 1, 1, 1, 16384);
    simd.depthwiseFilter(4096, 1, 5, 5, 4, 8192, 5, 5, 0, 3, 1, 1, 1, 1, 16384);
    const [bias, low, high] = [4096, 0, 1];
    simd.product({ ...product, tiles: 0, inner: 3, outer: 2, bias, low, high });
    simd.product({ ...product, tiles: 1, inner: 3, outer: 2, columns: 0, bias, low, high });
    simd.rowProduct(4096, 4, 8192, 16, 3, 16384, 0, bias, low, high);
    simd.packRows(4096, 16, 0, 8, 16384);
    simd.packColumns(4096, 16, 3, 0, 16, 16384);
    simd.pad(4096, 0, 2, 4, 16384, 4, 8, 1, 2);
    simd.maxPool(4096, 0, 16, 2, 2, 16, 16, 1, 0, 16384);
    simd.maxPool(4096, 3, 16, 2, 2, 16, 16, 0, 0, 16384);
    simd.poolGradient(0, 3, 4096, 8192, 16384, 0);
    simd.poolGradient(0, 0, 4096, 8192, 16384, 2);
    for (const none of [
      [0, 2, 1],
      [2, 0, 1],
      [2, 2, 0],
    ] as const) {
      simd.poolGradient2x2(4096, 8192, 16384, none[0], none[1], 64, 16, none[2], 0);
    }
    for (const taps of [3, 5] as const) {
      simd.winograd[taps].slopes(4096, 64, 16, 0, 1, 1, 8192, 16384, 64);
      simd.winograd[taps].gradient(4096, 64, 0, 16, 4, 8192, 16384, 64, 16);
    }
    simd.clamp(4096, 16384, 0, 0, 0);
    simd.clip(4096, 16384, 0, 0, 0);
    simd.maximum(4096, 16, 8192, 16, 16384, 0);
    simd.sum(4096, 16, 0, 16384);
    floats.set(new Float32Array(8), 0);
    expect(new Float32Array(memory.buffer)).toEqual(floats);
  });
});

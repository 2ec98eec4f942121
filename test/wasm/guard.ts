import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../../src/wasm/index.ts';
import { sample } from './compare.ts';
import type { Sample } from './compare.ts';
import { extents, geometries, seeds, settings, size } from './geometries.ts';

type T4 = tf.Tensor4D;

/** Bytes of poison before and behind every block of memory. */
const GUARD = 512;
const POISON = 0xa5;
const poison = new Uint8Array(GUARD).fill(POISON);

interface Heap {
  _malloc: (bytes: number) => number;
  _free: (address: number) => void;
  readonly HEAPU8: Uint8Array;
}

/** What a block looks like besides its own bytes, and where in it something was written that must not be. */
interface Guarded {
  /** Blocks whose poison has been changed, by now. */
  readonly damaged: () => number[];
  /** Bytes of all blocks that are alive. */
  readonly contents: () => Map<number, Uint8Array>;
}

/** Lays every block that the backend asks for between two of poison. */
function guardHeap(heap: Heap): Guarded {
  const [malloc, free] = [heap._malloc, heap._free];
  const blocks = new Map<number, number>();
  const found: number[] = [];
  const isDamaged = (address: number, bytes: number): boolean =>
    [address - GUARD, address + bytes].some(
      (start) => Buffer.compare(heap.HEAPU8.subarray(start, start + GUARD), poison) !== 0,
    );
  heap._malloc = (bytes) => {
    const address = (malloc(bytes + 2 * GUARD) >>> 0) + GUARD;
    heap.HEAPU8.fill(POISON, address - GUARD, address + bytes + GUARD);
    blocks.set(address, bytes);
    return address;
  };
  heap._free = (address) => {
    const bytes = blocks.get(address);
    if (bytes === undefined) return free(address);
    if (isDamaged(address, bytes)) found.push(address);
    blocks.delete(address);
    free(address - GUARD);
  };
  return {
    damaged: () => [...found, ...[...blocks].filter(([address, bytes]) => isDamaged(address, bytes)).map(([at]) => at)],
    contents: () => new Map([...blocks].map(([at, bytes]) => [at, heap.HEAPU8.slice(at, at + bytes)])),
  };
}

let guarded: Guarded;

/** Runs `f` and expects that it has written to nothing but what it allocated, and there only inside. */
function expectNothingElseChanged(f: (...inputs: tf.Tensor[]) => tf.Tensor[], inputs: readonly Sample[]): void {
  const tensors = inputs.map(({ shape, values }) => tf.tensor(values, [...shape]));
  // The backend moves a tensor to the heap when a kernel first asks for it.
  tf.dispose(tensors.map((tensor) => tf.add(tensor, 0)));
  const before = guarded.contents();
  const results = tf.tidy(() => f(...tensors));
  const after = guarded.contents();
  const changed = [...before].filter(([at, bytes]) => !same(bytes, after.get(at))).map(([at]) => at);
  expect({ changed, damaged: guarded.damaged() }).toEqual({ changed: [], damaged: [] });
  tf.dispose([results, tensors]);
  expect(guarded.damaged()).toEqual([]);
}

function same(bytes: Uint8Array, others: Uint8Array | undefined): boolean {
  return others !== undefined && Buffer.compare(bytes, others) === 0;
}

/** Tests that every kernel here leaves all memory but its output as it was. */
export function testGuards(): void {
  beforeAll(async () => {
    await useWasm();
    guarded = guardHeap((tf.backend() as unknown as { wasm: Heap }).wasm);
    // Tensors that have nothing to do with any kernel; `contents` sees them too.
    for (let i = 0; i < 20; i++) tf.add(tf.tensor(sample([37 + i], i).values), 1);
  });

  const numRuns = 25;

  describe('a kernel on wasm writes to its output and to nothing else:', () => {
    it('the test notices what it is to notice', () => {
      const { wasm } = tf.backend() as unknown as { wasm: Heap };
      const [x] = [tf.add(tf.ones([3]), 1)];
      const address = [...guarded.contents()].at(-1)![0];
      const saved = wasm.HEAPU8[address + 12]!;
      wasm.HEAPU8[address + 12] = 1; // behind the three floats
      expect(guarded.damaged()).toEqual([address]);
      wasm.HEAPU8[address + 12] = saved;
      expect(guarded.damaged()).toEqual([]);
      x!.dispose();
    });

    it('convolutions and their gradients', () => {
      fc.assert(
        fc.property(extents, geometries, size(0, 9), seeds, ({ batch, height, width, channels }, g, outputs, seed) => {
          const strides: [number, number] = [g.strideY, g.strideX];
          const conv = (x: tf.Tensor, w: tf.Tensor): tf.Tensor => tf.conv2d(x as T4, w as T4, strides, g.pad);
          const gradients = tf.grads((x: tf.Tensor, w: tf.Tensor) => tf.sum(tf.square(conv(x, w))));
          const filter = [g.filterHeight, g.filterWidth, channels];
          const shape = [seed % 7 === 0 ? 0 : batch, height, width, channels];
          expectNothingElseChanged(
            (x, w, d, bias) => [
              conv(x!, w!),
              ...gradients([x!, w!]),
              tf.depthwiseConv2d(x as T4, d as T4, strides, g.pad as 'same'),
              tf.fused.conv2d({
                ...{ x: x as T4, filter: w as T4, strides, pad: g.pad as 'same', bias: bias! },
                activation: 'relu6',
              }),
              tf.fused.depthwiseConv2d({
                x: x as T4,
                filter: d as T4,
                strides,
                pad: g.pad as 'same',
                activation: 'relu',
              }),
            ],
            [
              sample(shape, seed),
              sample([...filter, outputs], seed + 1),
              sample([...filter, 1 + (seed % 3)], seed + 2),
              sample([outputs], seed + 3),
            ],
          );
        }),
        { ...settings, numRuns },
      );
    });

    it('pooling and its gradients', () => {
      fc.assert(
        fc.property(extents, geometries, seeds, ({ batch, height, width, channels }, g, seed) => {
          const sizes = [[g.filterHeight, g.filterWidth], [g.strideY, g.strideX]] as [[number, number], [number, number]]; // prettier-ignore
          const pools = [
            (x: tf.Tensor): tf.Tensor => tf.maxPool(x as T4, ...sizes, g.pad as number),
            (x: tf.Tensor): tf.Tensor => tf.avgPool(x as T4, ...sizes, g.pad as number),
          ];
          const shape = [seed % 7 === 0 ? 0 : batch, height, width, seed % 11 === 0 ? 0 : channels];
          expectNothingElseChanged(
            (x) => pools.flatMap((pool) => [pool(x!), tf.grad((y: tf.Tensor) => tf.sum(pool(y)))(x!)]),
            [sample(shape, seed)],
          );
        }),
        { ...settings, numRuns },
      );
    });

    it('products of matrices', () => {
      const shapes = fc.record({ m: size(0, 13), k: size(0, 9), n: size(0, 13), stack: size(1, 3) });
      fc.assert(
        fc.property(shapes, fc.boolean(), fc.boolean(), seeds, ({ m, k, n, stack }, a, b, seed) => {
          const matrix = (rows: number, columns: number, t: boolean): number[] => [
            ...(stack > 1 ? [stack] : []),
            ...(t ? [columns, rows] : [rows, columns]),
          ];
          expectNothingElseChanged(
            (x, y, bias) => [
              tf.matMul(x!, y!, a, b),
              tf.fused.matMul({ a: x!, b: y!, transposeA: a, transposeB: b, bias: bias!, activation: 'relu' }),
            ],
            [sample(matrix(m, k, a), seed), sample(matrix(k, n, b), seed + 1), sample([n], seed + 2)],
          );
        }),
        { ...settings, numRuns },
      );
    });

    it('clamps, sums, copies and segments, of any length', () => {
      fc.assert(
        fc.property(fc.array(size(0, 7), { minLength: 1, maxLength: 4 }), seeds, (shape, seed) => {
          const ids = tf.tensor1d(Array.from({ length: shape[0]! }, (_, i) => (i * 7) % 3), 'int32'); // prettier-ignore
          expectNothingElseChanged(
            (x, y) => [
              ...[tf.relu, tf.relu6, tf.sign, tf.sin, tf.clone].map((f) => f(x!)),
              ...[tf.clipByValue(x!, -0.5, 0.5), tf.maximum(x!, y!), tf.minimum(x!, 0.1), tf.prelu(x!, y!)],
              ...shape.flatMap((_, axis) => [
                tf.sum(x!, axis),
                tf.mean(x!, [...Array(axis + 1).keys()]),
                tf.max(x!, axis),
              ]),
              ...[tf.tile(x!, shape.map(() => 2)), tf.cast(x!, 'bool'), tf.cast(x!, 'int32')], // prettier-ignore
              tf.unsortedSegmentSum(x!, ids, 2),
            ],
            [sample(shape, seed), sample(shape, seed + 1)],
          );
          ids.dispose();
        }),
        { ...settings, numRuns: 2 * numRuns },
      );
    });
  });
}

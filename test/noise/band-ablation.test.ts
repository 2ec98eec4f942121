import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AblationEncoding } from '../../src/noise/ablated-copies.ts';
import { BandAblation, type BandAblationOptions, type PatchSize } from '../../src/noise/band-ablation.ts';
import type { BandKind } from '../../src/noise/band-geometry.ts';
import { noiseOf } from '../../src/noise/noise-of.ts';
import { useBackend } from '../helpers/backends.ts';
import { goldenFamily } from './golden-family.ts';

interface Geometry {
  readonly height: number;
  readonly width: number;
  readonly kind: BandKind;
  readonly size: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly wrap: boolean;
}

type Image = number[][][];

const golden = goldenFamily<{
  readonly intervals: readonly { axis: number; size: number; stride: number; wrap: boolean; patch: number; starts: number[]; copies: number; delta: number }[]; // prettier-ignore
  readonly geometries: readonly (Geometry & { patch: [number, number]; copies: number; delta: number })[];
  readonly certificates: readonly (Geometry & {
    note: string;
    counts: number[];
    label: number;
    largestSquare: number;
  })[];
  readonly copies: readonly { image: Image; kind: BandKind; size: [number, number]; stride: [number, number]; wrap: boolean; encoding: 'double' | 'mask' | 'fill'; fill?: number[]; copies: Image[] }[]; // prettier-ignore
}>('discrete-patch');

const bandsOf = ({ height, width, kind, size, stride, wrap }: Geometry): BandAblation =>
  new BandAblation({ inputShape: [height, width, 1], keep: kind, size, stride, wrap });

beforeAll(() => useBackend('cpu'));

describe('golden rows of patches', () => {
  it.each(golden.intervals)('$axis cells, $size every $stride, wrap $wrap: starts $starts', (row) => {
    const { axis, size, stride, wrap, patch } = row;
    const columns = new BandAblation({ inputShape: [3, axis, 1], keep: 'columns', size, stride, wrap });
    const rows = new BandAblation({ inputShape: [axis, 3, 1], keep: 'rows', size, stride, wrap });
    expect([columns.copies, rows.copies]).toEqual([row.copies, row.copies]);
    expect([columns.hits([2, patch]), rows.hits([patch, 2])]).toEqual([row.delta, row.delta]);
    const kept = columns.keptPositions({ start: 0, count: columns.copies });
    row.starts.forEach((start, copy) => {
      const cells = Array.from({ length: size }, (_, i) => (start + i) % axis).sort((a, b) => a - b);
      for (let r = 0; r < 3; r++) {
        const line = kept.subarray((copy * 3 + r) * axis, (copy * 3 + r + 1) * axis);
        expect([...line.keys()].filter((cell) => line[cell] === 1)).toEqual(cells);
      }
    });
  });

  it.each(golden.geometries)('$height × $width, $kind, patch $patch: $delta of $copies', (row) => {
    expect(bandsOf(row).copies).toBe(row.copies);
    expect(bandsOf(row).hits(row.patch)).toBe(row.delta);
  });

  it.each(golden.certificates)('$note', (row) => {
    expect(bandsOf(row).radius(row.counts, row.label, { norm: 'patch' })).toBe(row.largestSquare);
  });

  it.each(golden.copies)('copies of $kind, $encoding, wrap $wrap', async (row) => {
    const encoding: AblationEncoding = row.encoding === 'fill' ? { fill: row.fill ?? [] } : row.encoding;
    const { kind: keep, size, stride, wrap } = row;
    const x = tf.tensor3d(row.image);
    const noise = new BandAblation({ inputShape: x.shape, keep, size, stride, wrap, encoding });
    const copies = noise.perturb(x, { start: 0, count: noise.copies });
    expect(await copies.array()).toEqual(row.copies);
    expect(copies.shape.slice(1)).toEqual(noise.copyShape(x.shape));
    tf.dispose([x, copies]);
  });
});

/** Every kind of bands on small images. */
const geometry = fc
  .record({
    height: fc.integer({ min: 1, max: 7 }),
    width: fc.integer({ min: 1, max: 7 }),
    keep: fc.constantFrom<BandKind[]>('columns', 'rows', 'rows+columns', 'blocks'),
    size: fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 })),
    stride: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
    wrap: fc.boolean(),
  })
  .map(({ height, width, size: [r, c], ...rest }): BandAblationOptions => ({
    inputShape: [height, width, 1],
    size: [Math.min(r, height), Math.min(c, width)],
    ...rest,
  }));

/** Copies that keep a pixel of the rectangle, one by one. */
function copiesMet(noise: BandAblation, [top, left]: readonly [number, number], [h, w]: PatchSize): number[] {
  const [height = 1, width = 1] = noise.inputShape;
  const kept = noise.keptPositions({ start: 0, count: noise.copies });
  return Array.from({ length: noise.copies }, (_, copy) => copy).filter((copy) => {
    for (let i = top; i < top + h; i++)
      for (let j = left; j < left + w; j++) if (kept[(copy * height + i) * width + j] === 1) return true;
    return false;
  });
}

describe('laws of bands', () => {
  it('hits are the largest number of copies that a place meets, by looking at every pixel of every copy', () => {
    fc.assert(
      fc.property(geometry, fc.nat(), fc.nat(), (options, a, b) => {
        const noise = new BandAblation(options);
        const [height = 1, width = 1] = noise.inputShape;
        const patch: PatchSize = [1 + (a % height), 1 + (b % width)];
        let most = 0;
        for (let top = 0; top + patch[0] <= height; top++)
          for (let left = 0; left + patch[1] <= width; left++)
            most = Math.max(most, copiesMet(noise, [top, left], patch).length);
        expect(noise.hits(patch)).toBe(most);
      }),
    );
  });

  it('hits grow with the patch; columns of any height are as dear as one row of them', () => {
    fc.assert(
      fc.property(geometry, (options) => {
        const noise = new BandAblation(options);
        const [height = 1, width = 1] = noise.inputShape;
        for (let h = 1; h <= height; h++)
          for (let w = 1; w <= width; w++) {
            const hits = noise.hits([h, w]);
            if (h < height) expect(noise.hits([h + 1, w])).toBeGreaterThanOrEqual(hits);
            if (w < width) expect(noise.hits([h, w + 1])).toBeGreaterThanOrEqual(hits);
            if (options.keep === 'columns') expect(hits).toBe(noise.hits([1, w]));
            if (options.keep === 'rows') expect(hits).toBe(noise.hits([h, 1]));
          }
      }),
    );
  });

  it('the radius does not fall with votes for the class, and not rise with votes for another', () => {
    const noise = new BandAblation({ inputShape: [12, 12, 1], keep: 'columns', size: 2 });
    const radius = (own: number, other: number): number => noise.radius([other, own], 1, { norm: 'patch' });
    for (let own = 0; own < 12; own++)
      for (let other = 0; other < 12; other++) {
        expect(radius(own + 1, other)).toBeGreaterThanOrEqual(radius(own, other));
        expect(radius(own, other + 1)).toBeLessThanOrEqual(radius(own, other));
      }
    expect(radius(6, 6)).toBe(-1); // a tie goes to class 0
    expect(radius(7, 6)).toBe(0);
  });

  it('copies that meet nothing of a change are the same bits, all others show it', async () => {
    await fc.assert(
      fc.asyncProperty(
        geometry,
        fc.constantFrom<AblationEncoding[]>('double', 'mask', { fill: 0.25 }),
        fc.nat(),
        fc.nat(),
        async (options, encoding, a, b) => {
          const noise = new BandAblation({ ...options, encoding });
          const [height = 1, width = 1] = noise.inputShape;
          const values = Float32Array.from({ length: height * width }, (_, i) => ((i * 37 + a) % 64) / 64);
          const changed = values.slice();
          const [top, left] = [a % height, b % width];
          const patch: PatchSize = [1 + (b % (height - top)), 1 + (a % (width - left))];
          for (let i = top; i < top + patch[0]; i++)
            for (let j = left; j < left + patch[1]; j++) changed[i * width + j] = 1 - values[i * width + j]! + 1 / 128;
          const rows = async (image: Float32Array): Promise<number[][]> => {
            const x = tf.tensor(image, [height, width, 1]);
            const copies = noise.perturb(x, { start: 0, count: noise.copies });
            const flat = tf.reshape(copies, [noise.copies, -1]) as tf.Tensor2D;
            const found = await flat.array();
            tf.dispose([x, copies, flat]);
            return found;
          };
          const [before, after] = [await rows(values), await rows(changed)];
          const met = copiesMet(noise, [top, left], patch);
          before.forEach((row, copy) => {
            expect(row.every((value, i) => Object.is(value, after[copy]![i]))).toBe(!met.includes(copy));
          });
          expect(met.length).toBeLessThanOrEqual(noise.hits(patch));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are made again by noiseOf from their record, which is JSON', () => {
    fc.assert(
      fc.property(
        geometry,
        fc.constantFrom<AblationEncoding[]>('double', 'mask', { fill: 0.25 }, { fill: [0.5] }),
        (options, encoding) => {
          const noise = new BandAblation({ ...options, encoding });
          const { name, parameters } = noise;
          const record = JSON.parse(JSON.stringify({ name, parameters })) as typeof noise;
          const again = noiseOf(record) as BandAblation;
          expect(again).toBeInstanceOf(BandAblation);
          expect(again.parameters).toEqual(parameters);
          const all = { start: 0, count: noise.copies };
          expect(again.keptPositions(all)).toEqual(noise.keptPositions(all));
          expect(again.encoding).toEqual(noise.encoding);
        },
      ),
    );
  });
});

it('has one record for one noise, and says what it is', () => {
  const inputShape = [6, 8, 3];
  const columns = new BandAblation({ inputShape, keep: 'columns', size: [5, 2] });
  expect(columns.parameters).toEqual({ inputShape, keep: 'columns', size: 2, stride: 1, wrap: true, encoding: 'double' }); // prettier-ignore
  const blocks = new BandAblation({ inputShape, keep: 'blocks', size: [2, 2], stride: [2, 3], encoding: { fill: [1, 2, 3] } }); // prettier-ignore
  expect(blocks.parameters).toEqual({ inputShape, keep: 'blocks', size: 2, stride: [2, 3], wrap: true, encoding: 'fill', fill: [1, 2, 3] }); // prettier-ignore
  expect(columns).toMatchObject({ name: 'band-ablation', norms: ['patch'], domain: 'unit', copies: 8 });
  expect(blocks).toMatchObject({ domain: 'real', copies: 9 });
  expect(columns.assumptions).toEqual(['deterministic classifier independent of the batch']);
  expect(columns.copyShape(inputShape)).toEqual([6, 8, 6]);
  expect(blocks.copyShape(inputShape)).toEqual(inputShape);
});

it('does not give the false certificate of the published formula', () => {
  const noise = new BandAblation({ inputShape: [32, 32, 1], keep: 'columns', size: 4, stride: 5 });
  expect(noise.copies).toBe(7);
  expect(noise.hits([5, 5])).toBe(3); // not ⌈8/5⌉ = 2, which would certify 6 votes to 1
  expect(noise.radius([6, 1], 0, { norm: 'patch' })).toBeLessThan(5);
});

import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { AblationNoise } from '../../src/noise/ablation-noise.ts';
import type { AblationNoiseOptions } from '../../src/noise/ablation-layout.ts';
import { AllAblations } from '../../src/noise/all-ablations.ts';
import { fillSubsets } from '../../src/random/fill-subsets.ts';
import { createKey } from '../../src/random/key.ts';
import { describeContract } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const key = createKey(45);
const COUNT = 30;

/** An ablation, with the positions that its copies show by plain rules. */
interface Ablation {
  readonly name: string;
  readonly options: AblationNoiseOptions;
  readonly noise: AblationNoise | AllAblations;
  /** Kept positions of copies start .. start + count − 1. */
  readonly kept: (start: number, count: number) => number[][];
}

/** Copies start .. start + count − 1 of the one kind or the other. */
const perturbed = (noise: Ablation['noise'], x: tf.Tensor, start: number, count: number): tf.Tensor =>
  noise instanceof AblationNoise ? noise.perturb(x, { key, start, count }) : noise.perturb(x, { start, count });

const positionsOf = ({ inputShape, positions }: AblationNoiseOptions): number =>
  inputShape.slice(0, positions === undefined || positions === 'pixels' ? -1 : undefined).reduce((a, b) => a * b, 1);

function sampled(options: AblationNoiseOptions): Ablation {
  const kept = (start: number, count: number): number[][] => {
    const drawn = new Uint32Array(count * options.keep);
    fillSubsets(drawn, { key, start, positions: positionsOf(options), keep: options.keep });
    return Array.from({ length: count }, (_, i) => [...drawn.subarray(i * options.keep, (i + 1) * options.keep)]);
  };
  return { name: `sampled ${JSON.stringify(options)}`, options, noise: new AblationNoise(options), kept };
}

/** All sets in lexicographic order, by recursion. */
function setsOf(from: number, positions: number, keep: number): number[][] {
  if (keep === 0) return [[]];
  return Array.from({ length: Math.max(0, positions - from) }, (_, i) => from + i).flatMap((first) =>
    setsOf(first + 1, positions, keep - 1).map((rest) => [first, ...rest]),
  );
}

function enumerated(options: AblationNoiseOptions): Ablation {
  const sets = setsOf(0, positionsOf(options), options.keep);
  const kept = (start: number, count: number): number[][] => sets.slice(start, start + count);
  return { name: `all ${JSON.stringify(options)}`, options, noise: new AllAblations(options), kept };
}

const ablations: readonly Ablation[] = [
  sampled({ inputShape: [2, 4, 3], keep: 3 }),
  sampled({ inputShape: [2, 4, 3], keep: 3, encoding: 'mask' }),
  sampled({ inputShape: [2, 4, 3], keep: 3, encoding: { fill: [0.5, -0, 2] } }),
  sampled({ inputShape: [2, 4, 3], keep: 7, positions: 'values' }),
  sampled({ inputShape: [2, 4, 3], keep: 7, positions: 'values', encoding: 'mask' }),
  sampled({ inputShape: [2, 4, 3], keep: 7, positions: 'values', encoding: { fill: [0.5, 1, 2] } }),
  sampled({ inputShape: [5, 5, 1], keep: 4 }),
  sampled({ inputShape: [12], keep: 4, positions: 'tokens', encoding: { fill: 1000 } }),
  enumerated({ inputShape: [2, 4, 3], keep: 3 }),
  enumerated({ inputShape: [2, 4, 3], keep: 2, positions: 'values', encoding: 'mask' }),
  enumerated({ inputShape: [9], keep: 8, positions: 'tokens', encoding: { fill: 7 } }),
  enumerated({ inputShape: [40, 1], keep: 1, encoding: { fill: -1 } }),
];

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** Numbers from 0 to 1, all different. */
const example = (shape: readonly number[]): number[] =>
  Array.from({ length: sizeOf(shape) }, (_, i) => Math.fround(((i * 7) % sizeOf(shape)) / sizeOf(shape)));

async function copiesOf(
  { noise }: Ablation,
  values: readonly number[],
  start: number,
  count: number,
): Promise<Float32Array> {
  const x = tf.tensor([...values], [...noise.inputShape]);
  const copies = perturbed(noise, x, start, count);
  expect(copies.shape).toEqual([count, ...noise.copyShape(noise.inputShape)]);
  expect(copies.dtype).toBe('float32');
  const read = (await copies.data()) as Float32Array;
  expect(x.isDisposed).toBe(false);
  tf.dispose([x, copies]);
  return read.slice();
}

/** The copies by the definition, value by value. */
function slowCopies({ options, kept }: Ablation, values: readonly number[], start: number, count: number): number[] {
  const { inputShape, positions = 'pixels', encoding = 'double' } = options;
  const channels = inputShape.at(-1)!;
  const places = values.length / channels;
  const fill = typeof encoding === 'string' ? 0 : encoding.fill;
  const hidden = (c: number): number => (typeof fill === 'number' ? fill : fill[c]!);
  const copies: number[] = [];
  for (const set of kept(start, count)) {
    const shows = (place: number, c: number): boolean =>
      set.includes(positions === 'pixels' ? place : place * channels + c);
    for (let place = 0; place < places; place++) {
      const all = Array.from({ length: channels }, (_, c) => c);
      const value = (c: number): number => values[place * channels + c]!;
      copies.push(...all.map((c) => (shows(place, c) ? value(c) : hidden(c))));
      if (encoding === 'double') copies.push(...all.map((c) => (shows(place, c) ? Math.fround(1 - value(c)) : 0)));
      if (encoding === 'mask') copies.push(...(positions === 'pixels' ? [0] : all).map((c) => Number(shows(place, c))));
    }
  }
  return copies;
}

/** Bits of float32 numbers: −0 is not 0, and NaN is itself. */
const bits = (values: ArrayLike<number>): number[] => [...new Uint32Array(Float32Array.from(values).buffer)];

describeContract('every ablation', ablations, (row) => {
  const { noise, options, kept } = row;
  const values = example(options.inputShape);

  it('shows what it keeps and hides the rest, bit for bit', async () => {
    const count = Math.min(COUNT, kept(0, COUNT).length);
    expect(bits(await copiesOf(row, values, 0, count))).toEqual(bits(slowCopies(row, values, 0, count)));
  });

  it('says which positions they are', () => {
    const count = Math.min(COUNT, kept(0, COUNT).length) - 1;
    const shown =
      noise instanceof AblationNoise
        ? noise.keptPositions({ key, start: 1, count })
        : noise.keptPositions({ start: 1, count });
    const places = Array.from({ length: positionsOf(options) }, (_, place) => place);
    expect([...shown]).toEqual(kept(1, count).flatMap((set) => places.map((place) => Number(set.includes(place)))));
  });

  it('makes copy i from i alone, however the copies are batched', async () => {
    const last = 'copies' in noise ? Math.min(noise.copies, 60) : 60;
    const whole = await copiesOf(row, values, 2, last - 2);
    const pieces: number[] = [];
    for (let start = 2; start < last; start += 7)
      pieces.push(...(await copiesOf(row, values, start, Math.min(7, last - start))));
    expect(bits(pieces)).toEqual(bits(whole));
  });

  it('makes the same copies without tensors', async () => {
    if (!(noise instanceof AblationNoise)) return;
    const out = new Float32Array(COUNT * sizeOf(noise.copyShape(noise.inputShape))).fill(9);
    noise.fillCopies(out, Float32Array.from(values), { key, start: 5, dimension: values.length });
    expect(bits(out)).toEqual(bits(await copiesOf(row, values, 5, COUNT)));
  });

  it.each([NaN, Infinity, -Infinity, -0, -7, 3e38])('does not show %f where it hides it', async (odd) => {
    // All values of position 1.
    const isOne = (i: number): boolean =>
      (options.positions ?? 'pixels') === 'pixels' ? Math.floor(i / options.inputShape.at(-1)!) === 1 : i === 1;
    const changed = values.map((value, i) => (isOne(i) ? odd : value));
    const count = Math.min(COUNT, kept(0, COUNT).length);
    const size = sizeOf(noise.copyShape(noise.inputShape));
    const [before, after] = [await copiesOf(row, values, 0, count), await copiesOf(row, changed, 0, count)];
    const filled = new Float32Array(count * size);
    if (noise instanceof AblationNoise)
      noise.fillCopies(filled, Float32Array.from(changed), { key, start: 0, dimension: changed.length });
    else filled.set(after);
    let hiding = 0;
    kept(0, count).forEach((set, copy) => {
      if (set.includes(1)) return;
      hiding++;
      const own = (all: Float32Array): number[] => bits(all.subarray(copy * size, (copy + 1) * size));
      expect(own(after)).toEqual(own(before));
      expect(own(filled)).toEqual(own(before));
    });
    expect(hiding).toBeGreaterThan(0);
  });

  it('changes just the copies that show a changed position', async () => {
    const changed = values.map((value, i) => (i % 5 === 0 ? value + 1 : value));
    const isPixels = (options.positions ?? 'pixels') === 'pixels';
    const channels = options.inputShape.at(-1)!;
    const moved = new Set(
      changed.flatMap((value, i) => (value === values[i] ? [] : [isPixels ? Math.floor(i / channels) : i])),
    );
    const count = Math.min(COUNT, kept(0, COUNT).length);
    const size = sizeOf(noise.copyShape(noise.inputShape));
    const [before, after] = [await copiesOf(row, values, 0, count), await copiesOf(row, changed, 0, count)];
    const differs = kept(0, count).map((_, copy) => {
      const own = (all: Float32Array): string => bits(all.subarray(copy * size, (copy + 1) * size)).join();
      return own(before) !== own(after);
    });
    expect(differs).toEqual(kept(0, count).map((set) => set.some((position) => moved.has(position))));
  });

  it('has a gradient that is 0 where nothing is shown, and counts the copies elsewhere', async () => {
    const count = Math.min(8, kept(0, 8).length);
    const x = tf.tensor(values, [...options.inputShape]);
    const gradient = tf.grad((input) => tf.sum(perturbed(noise, input, 0, count)))(x);
    const slopes = Array.from(await gradient.data());
    tf.dispose([x, gradient]);
    const channels = options.inputShape.at(-1)!;
    const isPixels = (options.positions ?? 'pixels') === 'pixels';
    const shown = values.map(
      (_, i) => kept(0, count).filter((set) => set.includes(isPixels ? Math.floor(i / channels) : i)).length,
    );
    // v + (1 − v) does not change.
    expect(slopes.map(Math.abs)).toEqual((options.encoding ?? 'double') === 'double' ? shown.map(() => 0) : shown);
  });

  it('leaves the example alone, owns its result and leaks no tensor', () =>
    expectNoLeak(async () => void (await copiesOf(row, values, 0, 3))));
});

import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { CatrsError } from '../../src/errors.ts';
import { additiveNoise } from '../../src/noise/additive-noise.ts';
import { BitFlipNoise } from '../../src/noise/bit-flip-noise.ts';
import { CauchyNoise } from '../../src/noise/cauchy-noise.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { LaplaceNoise } from '../../src/noise/laplace-noise.ts';
import { SplittingNoise } from '../../src/noise/splitting-noise.ts';
import type { AdditiveNoise, DeterministicNoise, Noise } from '../../src/noise/types.ts';
import { UniformNoise } from '../../src/noise/uniform-noise.ts';
import { ValueFlipNoise } from '../../src/noise/value-flip-noise.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { fillBits, fillUniforms } from '../../src/random/fill-bits.ts';
import { describeContract } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

/** An additive noise for inputs of so many coordinates. */
interface Additive {
  readonly name: string;
  readonly of: (dimension: number) => AdditiveNoise;
}

const forAny = (noise: AdditiveNoise): Additive => ({ name: noise.name, of: () => noise });

/** A scale for each coordinate, none of them a power of two. */
const scales = (dimension: number): number[] => Array.from({ length: dimension }, (_, i) => 0.3 + (i % 4) * 0.7);

/** Every additive noise of the library, and one of one's own. A new noise is a new row. */
const noises: readonly Additive[] = [
  forAny(new GaussianNoise({ sigma: 0.5 })),
  forAny(new LaplaceNoise({ scale: 0.5 })),
  forAny(new UniformNoise({ halfWidth: 0.5 })),
  forAny(new CauchyNoise({ scale: 0.5 })),
  { name: 'gaussian with scales', of: (dimension) => new GaussianNoise({ sigma: scales(dimension) }) },
  { name: 'laplace with scales', of: (dimension) => new LaplaceNoise({ scale: scales(dimension) }) },
  { name: 'uniform with scales', of: (dimension) => new UniformNoise({ halfWidth: scales(dimension) }) },
  forAny(
    additiveNoise({
      name: 'logistic',
      norms: ['l1'],
      sample: (out, draw) => {
        fillUniforms(out, draw);
        out.forEach((u, i) => (out[i] = Math.log((u + 2 ** -25) / (1 - u - 2 ** -25))));
      },
      radius: ({ p, q }) => Math.log(p / q) * (1 - 1e-12),
    }),
  ),
];

const key = createKey(7);
const shapes = [[6], [2, 3], [2, 3, 1], [3, 1, 1]];

/** The image of a shape: values from 0 to 1. */
const image = (shape: number[]): tf.Tensor =>
  tf.tidy(() => {
    const dimension = shape.reduce((product, size) => product * size, 1);
    return tf.reshape(tf.linspace(0, 1, dimension), shape);
  });

/** Noisy copies start, ..., start + count - 1 of the image, as plain numbers. */
async function copies(noise: AdditiveNoise, shape: number[], start: number, count: number): Promise<number[]> {
  const x = image(shape);
  const noisy = noise.perturb(x, { key, start, count });
  expect(noisy.shape).toEqual([count, ...shape]);
  expect(noisy.dtype).toBe('float32');
  const values = Array.from(await noisy.data());
  tf.dispose([x, noisy]);
  return values;
}

/** What the sampler draws, as the plain array that is the same on every backend. */
function drawn(noise: AdditiveNoise, dimension: number, start: number, count: number): Float32Array {
  const out = new Float32Array(count * dimension);
  noise.sample(out, { key, start, dimension });
  return out;
}

describeContract('every additive noise', noises, ({ of }) => {
  const noise = of(6);

  it.each(shapes)('adds to the image what its sampler draws, bit for bit (%o, %o, %o)', async (...sizes) => {
    const shape = sizes.filter((size) => size !== undefined);
    const x = image(shape);
    const clean = await x.data();
    x.dispose();
    const own = of(clean.length);
    const expected = Array.from(drawn(own, clean.length, 0, 4), (e, i) => Math.fround(clean[i % clean.length]! + e));
    expect(await copies(own, shape, 0, 4)).toEqual(expected);
  });

  it('makes copy i from the key and i alone, however the copies are batched', async () => {
    const whole = await copies(noise, [2, 3, 1], 3, 5);
    const pieces = [await copies(noise, [2, 3, 1], 3, 2), await copies(noise, [2, 3, 1], 5, 3)];
    expect(pieces.flat()).toEqual(whole);
    expect(new Set(whole).size).toBe(whole.length);
  });

  it('draws other noise for another key', () => {
    const other = new Float32Array(12);
    noise.sample(other, { key: createKey(8), start: 0, dimension: 6 });
    expect(other).not.toEqual(drawn(noise, 6, 0, 2));
  });

  it('draws a batch [M, B, ...]: copy m of image b is sample m of the key folded with b', async () => {
    const five = of(5);
    const batch = five.sampleBatch({ key, numNoise: 3, shape: [2, 5, 1] });
    expect(batch.shape).toEqual([3, 2, 5, 1]);
    const expected: number[] = [];
    for (let m = 0; m < 3; m++) {
      for (let b = 0; b < 2; b++) {
        const out = new Float32Array(5);
        five.sample(out, { key: foldIn(key, b), start: m, dimension: 5 });
        expected.push(...out);
      }
    }
    expect(Array.from(await batch.data())).toEqual(expected);
    batch.dispose();
  });

  it('makes the noise of an image from its place alone, whatever the size of the batch', async () => {
    const large = noise.sampleBatch({ key, numNoise: 2, shape: [4, 6] });
    const small = noise.sampleBatch({ key, numNoise: 1, shape: [2, 6] });
    expect(Array.from((await large.data()).slice(0, 12))).toEqual(Array.from(await small.data()));
    tf.dispose([large, small]);
  });

  it('leaves the image alone, owns its result and leaks no tensor', () =>
    expectNoLeak(async () => {
      const x = image([2, 3, 1]);
      const before = await x.data();
      const noisy = noise.perturb(x, { key, start: 0, count: 2 });
      const batch = of(3).sampleBatch({ key, numNoise: 2, shape: [2, 3] });
      expect(x.isDisposed).toBe(false);
      expect(await x.data()).toEqual(before);
      x.dispose();
      expect((await noisy.data()).length).toBe(12); // alive after the image is gone
      tf.dispose([noisy, batch]);
    }));

  it.each(['perturb', 'sampleBatch', 'sample'] as const)('%s needs a key', (method) =>
    expectNoLeak(async () => {
      const x = image([6]);
      const calls = {
        perturb: () => noise.perturb(x, { start: 0, count: 2 } as never),
        sampleBatch: () => noise.sampleBatch({ numNoise: 2, shape: [2, 3] } as never),
        sample: () => noise.sample(new Float32Array(6), { start: 0, dimension: 6 } as never),
      };
      const error = await thrownBy(calls[method]);
      expect(error).toBeInstanceOf(CatrsError);
      expect((error as Error).message).toMatch(/`key` must be a key \(createKey\(seed\) makes one\), got undefined$/);
      x.dispose();
    }),
  );

  it.each(of(6).norms)('certifies nothing at p = 1/2 and more for a larger p, in %s', (norm) => {
    const radii = [0, 0.3, 0.5, 0.6, 0.9, 0.999].map((p) => noise.radius({ p, q: 1 - p }, { norm, dimension: 6 }));
    expect(radii.slice(0, 3)).toEqual([0, 0, 0]);
    expect(radii.slice(2)).toEqual([...new Set(radii.slice(2))].sort((a, b) => a - b));
  });

  it('names itself in plain JSON', () => {
    const record = { name: noise.name, parameters: noise.parameters, norms: noise.norms, domain: noise.domain };
    expect(JSON.parse(JSON.stringify(record))).toEqual(record);
    expect(noise.name).not.toBe('');
  });
});

/** A noise that is not additive, and its copies by plain loops; all arithmetic but exact steps rounded to float32. */
interface Splitting {
  readonly name: string;
  readonly copies: (x: tf.Tensor, start: number, count: number) => tf.Tensor;
  readonly slow: (x: ArrayLike<number>, start: number, count: number) => number[];
}

const f = Math.fround;

/** The float32 number before a positive one. */
const before = (x: number): number => {
  const value = Float32Array.of(x);
  new Int32Array(value.buffer)[0]!--;
  return value[0]!;
};

function random(halfWidth: number): Splitting {
  const noise: Noise = new SplittingNoise({ halfWidth });
  const width = 2 * halfWidth;
  return {
    name: `splitting, ${halfWidth}`,
    copies: (x, start, count) => noise.perturb(x, { key, start, count }),
    slow: (x, start, count) => {
      const words = new Uint32Array(count * x.length);
      fillBits(words, { key, start, dimension: x.length });
      return Array.from(words, (word, i) => {
        let below = 0;
        while (x[i % x.length]! > width * (below + (word + 0.5) / 2 ** 32)) below++;
        const split = width * ((word + 0.5) / 2 ** 32);
        const first = f(split) > split ? before(f(split)) : f(split);
        const upper = f(first + f(below * f(width)));
        return f(f(Math.min(upper, 1) + Math.max(f(upper - f(width)), 0)) / 2);
      });
    },
  };
}

function deterministic(levels: number): Splitting {
  const noise: DeterministicNoise = new DeterministicSplittingNoise({ halfWidth: levels / 510, key });
  return {
    name: `deterministic splitting, ${levels} levels`,
    copies: (x, start, count) => noise.perturb(x, { start, count }),
    slow: (x, start, count) => {
      const words = new Uint32Array(x.length);
      fillBits(words, { key, start: 0, dimension: x.length });
      return Array.from({ length: count * x.length }, (_, i) => {
        const at = i % x.length;
        const copy = start + Math.floor(i / x.length);
        let upper = ((Math.floor((words[at]! / 2 ** 32) * levels) + copy) % levels) + 0.5;
        while (upper < Math.round(x[at]! * 255)) upper += levels;
        return f((Math.min(upper, 255) + Math.max(upper - levels, 0)) * f(1 / 510));
      });
    },
  };
}

/** Every splitting noise; with few and with many splits of one coordinate. */
const splittings: readonly Splitting[] = [
  random(0.05),
  random(0.3),
  random(2),
  ...[9, 51, 255, 300].map(deterministic),
];

describeContract('every splitting noise', splittings, ({ copies, slow }) => {
  const grey = [0, 1, 2, 77, 128, 129, 200, 253, 254, 255, 51, 102].map((level) => f(level / 255));
  const valuesOf = async (start: number, count: number): Promise<number[]> => {
    const x = tf.tensor(grey, [2, 3, 2]);
    const made = copies(x, start, count);
    expect(made.shape).toEqual([count, 2, 3, 2]);
    expect(made.dtype).toBe('float32');
    const values = Array.from(await made.data());
    expect(x.isDisposed).toBe(false);
    tf.dispose([x, made]);
    return values;
  };

  it('makes the same bits on every backend as plain loops', async () => {
    expect(await valuesOf(0, 9)).toEqual(slow(grey, 0, 9));
  });

  it('makes copy i from i alone, however the copies are batched', async () => {
    const whole = await valuesOf(1, 7);
    expect([...(await valuesOf(1, 3)), ...(await valuesOf(4, 4))]).toEqual(whole);
  });

  it('leaves the image alone, owns its result and leaks no tensor', () => expectNoLeak(() => valuesOf(0, 3)));
});

/** Every noise that flips values, and an example for it. */
const flips: readonly { readonly name: string; readonly noise: Noise; readonly values: readonly number[] }[] = [
  { name: 'bit flips', noise: new BitFlipNoise({ addition: 0.2, deletion: 0.6 }) },
  { name: 'bit flips without additions', noise: new BitFlipNoise({ addition: 0, deletion: 0.5 }) },
  {
    name: 'bit flips of two groups',
    noise: new BitFlipNoise({
      groups: [
        { size: 5, addition: 0.1, deletion: 0.8 },
        { size: 7, addition: 0.4, deletion: 0 },
      ],
    }),
  },
  { name: 'flips of two values', noise: new ValueFlipNoise({ values: 2, keep: 0.6 }) },
  {
    name: 'flips of 256 values',
    noise: new ValueFlipNoise({ values: 256, keep: 0.2 }),
    values: [0, 1, 255, 254, 3, 9, 200, 128, 64, 255, 0, 77],
  },
].map((row) => ({ values: [0, 1, 1, 0, 0, 0, 1, 0, 1, 1, 1, 0], ...row }));

describeContract('every noise that flips values', flips, ({ noise, values: example }) => {
  const valuesOf = async (start: number, count: number): Promise<number[]> => {
    const x = tf.tensor([...example], [2, 3, 2]);
    const made = noise.perturb(x, { key, start, count });
    expect(made.shape).toEqual([count, 2, 3, 2]);
    expect(made.dtype).toBe('float32');
    const values = Array.from(await made.data());
    expect(Array.from(await x.data())).toEqual(example);
    tf.dispose([x, made]);
    return values;
  };
  const filled = (start: number, count: number): number[] => {
    const out = new Float32Array(count * example.length);
    noise.fillCopies!(out, Float32Array.from(example), { key, start, dimension: example.length });
    return Array.from(out);
  };

  it('makes the same copies on every backend, with tensors and without', async () => {
    const values = await valuesOf(0, 40);
    expect(values).toEqual(filled(0, 40));
    const kept = values.filter((value, at) => value === example[at % example.length]).length;
    expect(kept).toBeGreaterThan(50); // of 480
    expect(kept).toBeLessThan(430);
  });

  it('makes copy i from the key and i alone, however the copies are batched', async () => {
    const whole = await valuesOf(1, 7);
    expect([...(await valuesOf(1, 3)), ...(await valuesOf(4, 4))]).toEqual(whole);
    expect([...filled(1, 1), ...filled(2, 6)]).toEqual(whole);
  });

  it('leaves the input alone, owns its result and leaks no tensor', () => expectNoLeak(() => valuesOf(0, 3)));
});

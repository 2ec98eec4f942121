import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { BitFlipNoise } from '../../src/noise/bit-flip-noise.ts';
import { CauchyNoise } from '../../src/noise/cauchy-noise.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { LaplaceNoise } from '../../src/noise/laplace-noise.ts';
import { SplittingNoise } from '../../src/noise/splitting-noise.ts';
import type { AdditiveNoise } from '../../src/noise/types.ts';
import { UniformNoise } from '../../src/noise/uniform-noise.ts';
import { ValueFlipNoise } from '../../src/noise/value-flip-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';

// These must not change: a certificate or a log names only its key, and is checked again by drawing the same numbers.

const key = createKey(42);

/** The bits of float32 numbers. */
const bitsOf = (values: Float32Array): number[] => [...new Uint32Array(values.buffer)];

function draws(noise: AdditiveNoise): number[] {
  const out = new Float32Array(6);
  noise.sample(out, { key, start: 1, dimension: 3 });
  return bitsOf(out);
}

describe('must not change', () => {
  it('Laplace draws', () => {
    expect(draws(new LaplaceNoise({ scale: 0.5 }))).toEqual([
      0x40065e7d, 0xbe463d9a, 0x3f283541, 0xbe8e0c40, 0x3fb4a2b9, 0x3f667855,
    ]);
  });

  it('uniform draws', () => {
    expect(draws(new UniformNoise({ halfWidth: 0.5 }))).toEqual([
      0xbef8509a, 0x3e374210, 0xbe6cd778, 0x3d97d907, 0xbee18e4e, 0xbeab69cd,
    ]);
  });

  it('Cauchy draws', () => {
    expect(draws(new CauchyNoise({ scale: 0.5 }))).toEqual([
      0xc129868f, 0x3ea14b85, 0xbee38bbc, 0x3df2ee74, 0xc0294e71, 0xbf60111b,
    ]);
  });

  it('copies of splitting noise, with several splits and with one, and of its deterministic form', async () => {
    await useBackend('cpu');
    const x = tf.tensor1d([0, 51, 128].map((level) => level / 255));
    const copies = [
      new SplittingNoise({ halfWidth: 0.15 }).perturb(x, { key, start: 1, count: 1 }),
      new SplittingNoise({ halfWidth: 0.6 }).perturb(x, { key, start: 1, count: 1 }),
      new DeterministicSplittingNoise({ halfWidth: 0.15, key }).perturb(x, { start: 1, count: 1 }),
    ];
    const bits = await Promise.all(copies.map(async (copy) => bitsOf((await copy.data()) as Float32Array)));
    expect(bits).toEqual([
      [0x3b138e13, 0x3dd093d1, 0x3f07d63e],
      [0x3c138e13, 0x3ed093d1, 0x3f294614],
      [0x3d868687, 0x3e2eaeaf, 0x3ef5f5f7],
    ]);
    tf.dispose([x, ...copies]);
  });

  it('copies of flipped bits, alike and in groups, and of flipped values', () => {
    const filled = (noise: BitFlipNoise | ValueFlipNoise, x: number[]): string => {
      const out = new Float32Array(2 * x.length);
      noise.fillCopies(out, Float32Array.from(x), { key, start: 1, dimension: x.length });
      return out.join('');
    };
    const bits = Array.from({ length: 24 }, (_, j) => Number(j % 3 === 0));
    const group = { size: 12, addition: 0.5, deletion: 0 };
    expect([
      filled(new BitFlipNoise({ addition: 0.2, deletion: 0.6 }), bits),
      filled(new BitFlipNoise({ groups: [group, { size: 12, addition: 0, deletion: 0.5 }] }), bits),
      filled(new ValueFlipNoise({ values: 10, keep: 0.3 }), bits),
    ]).toEqual([
      '000000000011000100100000011101001101001100001000',
      '101110101111100100100000111101101101000100000100',
      '150115370100406898580231400950390690360979150351',
    ]);
  });
});

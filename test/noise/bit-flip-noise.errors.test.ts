import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { OptionError, TensorError } from '../../src/errors.ts';
import { BitFlipNoise } from '../../src/noise/bit-flip-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';

const key = createKey(0);

describe('new BitFlipNoise refuses', () => {
  const range = 'must be a number from 0 to below 1, and 0 or at least 2^-32, got';
  const sum = '`addition` must add up with `deletion` to more than 0 and less than 1, got';
  const opposite = '(from 1 on a copy says nothing of the bit, or its opposite)';
  it.each([
    [{ addition: -0.1, deletion: 0.5 }, `: \`addition\` ${range} -0.1`],
    [{ addition: 0.1, deletion: 1 }, `: \`deletion\` ${range} 1`],
    [{ addition: 0.1, deletion: 1 - 2 ** -40 }, `: \`deletion\` ${range} 0.9999999999990905`],
    [{ addition: 2 ** -34, deletion: 0.5 }, `: \`addition\` ${range} 5.820766091346741e-11`],
    [{ addition: NaN, deletion: 0.5 }, `: \`addition\` ${range} NaN`],
    [{ addition: 0.1 }, `: \`deletion\` ${range} undefined`],
    [{ addition: 0, deletion: 0 }, `: ${sum} 0 + 0 (without flips there is nothing to certify)`],
    [{ addition: 0.5, deletion: 0.5 }, `: ${sum} 0.5 + 0.5 ${opposite}`],
    [{ addition: 0.9, deletion: 0.5 }, `: ${sum} 0.9 + 0.5 ${opposite}`],
    [
      { addition: 0.1, deletion: 0.5, flip: 1 },
      ': unknown option `flip`; known options: `addition`, `deletion`, `groups`',
    ],
    [{ groups: [] }, ': `groups` must be a list of at least one { size, addition, deletion }, got []'],
    [
      { groups: [{ size: 1, addition: 0, deletion: 0.1 }], addition: 0.1 },
      ': unknown option `addition`; known options: `groups`',
    ],
    [
      { groups: [{ size: 0, addition: 0.1, deletion: 0.1 }] },
      '.groups.0: `size` must be an integer of at least 1, got 0',
    ],
    [
      {
        groups: [
          { size: 3, addition: 0.1, deletion: 0.1 },
          { size: 3, addition: 0.1, deletion: 0.9 },
        ],
      },
      `.groups.1: ${sum} 0.1 + 0.9 ${opposite}`,
    ],
    [undefined, ': `options` must be an object, got undefined'],
  ])('%j', (options, text) =>
    expectError(() => new BitFlipNoise(options as never), OptionError, `BitFlipNoise${text}`),
  );
});

describe('BitFlipNoise refuses', () => {
  const noise = new BitFlipNoise({ addition: 0.01, deletion: 0.6 });
  const one = { size: 2, addition: 0.1, deletion: 0.2 };
  const grouped = new BitFlipNoise({ groups: [one, one] });
  const bound = { p: 0.9, q: 0.1 };
  let x: tf.Tensor;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.zeros([3]);
  });
  afterAll(() => x.dispose());

  it.each([
    [
      'radius',
      () => noise.radius(bound, { norm: 'l1', dimension: 3 }),
      'radius: `norm` must be one that the noise certifies (l0), got "l1"',
    ],
    [
      'radius',
      () => noise.radius({ p: 1.5, q: 0 }, { norm: 'l0', dimension: 3 }),
      'radius: `bound` must hold p and q in [0, 1], got { p: 1.5, q: 0 } (p is a lower bound on a probability, and q is 1 - p)',
    ],
    [
      'radiusAgainst',
      () => noise.radiusAgainst(bound, [bound, bound], 2, { norm: 'l0', dimension: 3 }),
      'radiusAgainst: `k` must be 1, got 2 (for the most probable class take fixedSample or topTwo; for the k most probable ones AblationNoise)',
    ],
    [
      'certifies',
      () => noise.certifies(bound, { added: -1, deleted: 0 }),
      'certifies: `added` must be an integer from 0 to 65536, got -1',
    ],
    [
      'certifies',
      () => noise.certifies(bound, { added: 1, deleted: 0.5 }),
      'certifies: `deleted` must be an integer from 0 to 65536, got 0.5',
    ],
    [
      'certifies',
      () => noise.certifies(bound, { added: 1 } as never),
      'certifies: `deleted` must be an integer from 0 to 65536, got undefined',
    ],
    ['certifies', () => noise.certifies(bound, []), 'certifies: `changes` must be those of 1 group, got 0'],
    [
      'certifies',
      () => grouped.certifies(bound, { added: 1, deleted: 0 }),
      'certifies: `changes` must be those of 2 groups, got 1',
    ],
    [
      'staircase',
      () => noise.staircase(bound, { most: 1025 }),
      'staircase: `most` must be an integer from 0 to 1024, got 1025',
    ],
    [
      'staircase',
      () => grouped.staircase(bound, { most: 5, group: 2 }),
      'staircase: `group` must be below 2, the number of groups, got 2',
    ],
    [
      'fillCopies',
      () => noise.fillCopies(new Float32Array(5), new Float32Array(2), { key, start: 0, dimension: 2 }),
      'fillCopies: `out.length` must be a multiple of 2, whole samples, got 5',
    ],
  ])('%s %#', (_method, run, text) => expectError(run, OptionError, `BitFlipNoise.${text}`));

  it('inputs of another size than that of all groups', async () => {
    const text = '`x` must have 4 values, those of all groups, got 3 values';
    const request = { key, start: 0, count: 2 };
    await expectError(() => grouped.perturb(x, request), TensorError, `Noise.perturb: ${text}`);
    await expectError(
      () => grouped.fillCopies(new Float32Array(6), new Float32Array(3), { key, start: 0, dimension: 3 }),
      TensorError,
      `BitFlipNoise.fillCopies: ${text}`,
    );
  });

  it('draws without a key', () =>
    expectError(
      () => noise.perturb(x, { start: 0, count: 2 } as never),
      OptionError,
      'Noise.perturb: `key` must be a key (createKey(seed) makes one), got undefined',
    ));
});

import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { OptionError, TensorError } from '../../src/errors.ts';
import { AblationNoise } from '../../src/noise/ablation-noise.ts';
import { AllAblations } from '../../src/noise/all-ablations.ts';
import { noiseOf } from '../../src/noise/noise-of.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';

const key = createKey(0);
const image = { inputShape: [28, 28, 1], keep: 45 };
const text = { inputShape: [40], keep: 4, positions: 'tokens', encoding: { fill: 1 } };

beforeAll(() => useBackend('cpu'));

describe.each([
  ['AblationNoise', AblationNoise],
  ['AllAblations', AllAblations],
] as const)('new %s refuses', (call, Noise) => {
  const encodings = "`encoding` must be 'double', 'mask' or { fill: a finite number, or one for each channel }, got";
  const ids = "`encoding.fill` must be a whole number from 0 to 2^24 with positions: 'tokens', got";
  const mask = '(the id of a token such as [MASK], which stands for a hidden one)';
  it.each([
    [undefined, '`options` must be an object, got undefined'],
    [{ ...image, radius: 1 }, 'unknown option `radius`; known options: `inputShape`, `keep`, `positions`, `encoding`'],
    [{ keep: 4 }, '`inputShape` must be one or more integers of at least 1, got undefined'],
    [{ ...image, inputShape: [28, 0, 1] }, '`inputShape` must be one or more integers of at least 1, got [28, 0, 1]'],
    [{ ...image, keep: 0 }, '`keep` must be an integer of at least 1, got 0'],
    [{ ...image, keep: 4.5 }, '`keep` must be an integer of at least 1, got 4.5'],
    [
      { ...image, keep: 784 },
      '`keep` must be an integer from 1 to 783, as there are 784 pixels, got 784 (a copy that shows all positions certifies no change of any)',
    ],
    [{ ...image, keep: 785 }, '`keep` must be an integer from 1 to 783, as there are 784 pixels, got 785'],
    [{ ...image, positions: 'rows' }, "`positions` must be 'pixels', 'values' or 'tokens', got \"rows\""],
    [{ ...image, encoding: 'zero' }, `${encodings} "zero"`],
    [{ ...image, encoding: { fill: NaN } }, `${encodings} an object (Object)`],
    [
      { ...image, encoding: { fill: [1, 2] } },
      '`encoding.fill` must be one number, or one for each of the 1 channels, got [1, 2]',
    ],
    [
      { inputShape: [2048, 1025, 3], keep: 1 },
      '`inputShape` must have at most 2097152 (2^21) positions, got 2099200 pixels',
    ],
    [
      { inputShape: [40], keep: 4 },
      "`inputShape` must end with the channels of a position, as [height, width, channels], with positions: 'pixels', got [40] " +
        "(positions: 'values' takes each number on its own, positions: 'tokens' ids)",
    ],
    [{ ...text, inputShape: [8, 5] }, "`inputShape` must be [length] with positions: 'tokens', got [8, 5]"],
    [
      { ...text, encoding: undefined },
      `\`encoding\` must be { fill: id } with positions: 'tokens', got "double" ${mask}`,
    ],
    [{ ...text, encoding: { fill: 0.5 } }, `${ids} 0.5 ${mask}`],
    [{ ...text, encoding: { fill: -1 } }, `${ids} -1 ${mask}`],
    [{ ...text, encoding: { fill: [3] } }, `${ids} [3] ${mask}`],
    [{ ...text, keep: 41 }, '`keep` must be an integer from 1 to 39, as there are 40 tokens, got 41'],
  ])('%o', (options, message) => expectError(() => new Noise(options as never), OptionError, `${call}: ${message}`));
});

describe('new AllAblations refuses', () => {
  it('more copies than can be numbered', () =>
    expectError(
      () => new AllAblations(image),
      OptionError,
      'AllAblations: `keep` must leave fewer than 2^31 sets of 784 pixels, got 45 (AblationNoise draws copies instead)',
    ));

  it('records that are none', () =>
    expectError(
      () =>
        noiseOf({
          name: 'all-ablations',
          parameters: { inputShape: [4], keep: 2, positions: 'tokens', encoding: 'fill' },
        }),
      OptionError,
      "AllAblations: `encoding` must be 'double', 'mask' or { fill: a finite number, or one for each channel }, got an object (Object)",
    ));
});

describe('ablation refuses', () => {
  const noise = new AblationNoise({ inputShape: [2, 3], keep: 1, encoding: 'mask' });
  const all = new AllAblations({ inputShape: [2, 3], keep: 1, encoding: 'mask' });
  let flat: tf.Tensor;
  let whole: tf.Tensor;
  beforeAll(() => {
    flat = tf.zeros([6]);
    whole = tf.zeros([2, 3], 'int32');
  });
  afterAll(() => tf.dispose([flat, whole]));

  it('examples of another shape or kind', async () => {
    for (const [call, perturb] of [
      ['AblationNoise.perturb', (x: tf.Tensor) => noise.perturb(x, { key, start: 0, count: 1 })],
      ['AllAblations.perturb', (x: tf.Tensor) => all.perturb(x, { start: 0, count: 1 })],
    ] as const) {
      await expectError(() => perturb(flat), TensorError, `${call}: \`x\` must have shape [2,3], got [6]`);
      await expectError(
        () => perturb(whole),
        TensorError,
        `${call}: \`x\` must be float32, got int32 (tf.cast(x, 'float32') converts it)`,
      );
      await expectError(() => perturb([1] as never), TensorError, `${call}: \`x\` must be one example, got [1]`);
    }
    await expectError(
      () => noise.copyShape([3, 2]),
      TensorError,
      'AblationNoise.copyShape: `inputShape` must be [2,3], the shape that the noise was made for, got [3, 2]',
    );
    await expectError(
      () => all.copyShape([6]),
      TensorError,
      'AllAblations.copyShape: `inputShape` must be [2,3], the shape that the noise was made for, got [6]',
    );
  });

  it('arrays that do not fit', async () => {
    const fill = (length: number, values: number): void =>
      noise.fillCopies(new Float32Array(length), new Float32Array(values), { key, start: 0, dimension: 6 });
    const call = 'AblationNoise.fillCopies';
    await expectError(
      () => fill(8, 5),
      TensorError,
      `${call}: \`x\` must be the 6 values of one example, got 5 values`,
    );
    await expectError(
      () => fill(9, 6),
      OptionError,
      `${call}: \`out.length\` must hold whole copies, 8 values each, got 9`,
    );
    await expectError(
      () => fill(0, 6),
      OptionError,
      `${call}: \`out.length\` must hold whole copies, 8 values each, got 0`,
    );
  });

  it('copies beyond the last', () =>
    expectError(
      () => all.perturb(whole, { start: 1, count: 2 }),
      OptionError,
      'AllAblations.perturb: `count` must be at most 2 - `start`, as there are 2 copies, got 2',
    ));

  it('other norms, and bounds and counts that are none', async () => {
    const bound = { p: 0.9, q: 0.1 };
    const l0 = { norm: 'l0' } as const;
    const norm = '`norm` must be one that the noise certifies (l0), got "l2"';
    await expectError(() => noise.radius(bound, { norm: 'l2' }), OptionError, `AblationNoise.radius: ${norm}`);
    await expectError(
      () => noise.radiusAgainst(bound, [bound], 1, { norm: 'l2' }),
      OptionError,
      `AblationNoise.radiusAgainst: ${norm}`,
    );
    await expectError(() => all.radius([2, 0], 0, { norm: 'l2' }), OptionError, `AllAblations.radius: ${norm}`);
    const pair =
      '`bound` must hold p and q in [0, 1], got { p: 2, q: 0 } (p is a lower bound on a probability, and q is 1 - p)';
    await expectError(() => noise.radius({ p: 2, q: 0 }, l0), OptionError, `AblationNoise.radius: ${pair}`);
    await expectError(
      () => noise.radiusAgainst({ p: 2, q: 0 }, [bound], 1, l0),
      OptionError,
      `AblationNoise.radiusAgainst: ${pair}`,
    );
    for (const k of [0, 2, 1.5])
      await expectError(
        () => noise.radiusAgainst(bound, [bound], k, l0),
        OptionError,
        `AblationNoise.radiusAgainst: \`k\` must be an integer from 1 to 1, the number of other classes, got ${k}`,
      );
    await expectError(
      () => all.radius([3, 0], 0, l0),
      OptionError,
      'AllAblations.radius: `counts` must be votes per class, integers from 0 to the 2 copies, got [3, 0]',
    );
  });
});

import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OptionError, showValue, TensorError } from '../../src/errors.ts';
import { BandAblation } from '../../src/noise/band-ablation.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError, thrownBy } from '../helpers/errors.ts';

const good = { inputShape: [6, 8, 3], keep: 'columns', size: 2 };
const perAxis = 'must be an integer of at least 1, or [of the rows, of the columns], got';

describe('new BandAblation refuses', () => {
  it.each([
    [{ inputShape: [28, 28] }, '`inputShape` must be [height, width, channels], integers of at least 1, got [28, 28]'],
    [
      { inputShape: [6, 0, 1] },
      '`inputShape` must be [height, width, channels], integers of at least 1, got [6, 0, 1]',
    ],
    [{ keep: 'bands' }, "`keep` must be 'columns', 'rows', 'rows+columns' or 'blocks', got \"bands\""],
    [{ size: 0 }, `\`size\` ${perAxis} 0`],
    [{ size: 2.5 }, `\`size\` ${perAxis} 2.5`],
    [{ size: [2] }, `\`size\` ${perAxis} [2]`],
    [{ size: undefined }, `\`size\` ${perAxis} undefined`],
    [{ stride: 0 }, `\`stride\` ${perAxis} 0`],
    [{ size: 9 }, '`size` must be at most 8, the number of columns, got 9'],
    [{ keep: 'rows', size: [7, 2] }, '`size` must be at most 6, the number of rows, got [7, 2]'],
    [{ keep: 'blocks', size: 7 }, '`size` must be at most 6, the number of rows, got 7'],
    [{ keep: 'rows+columns', size: [6, 9] }, '`size` must be at most 8, the number of columns, got [6, 9]'],
    [{ wrap: 1 }, '`wrap` must be true or false, got 1'],
    [
      { encoding: 'single' },
      "`encoding` must be 'double', 'mask' or { fill: a finite number, or one for each channel }, got \"single\"",
    ],
    [
      { encoding: { fill: NaN } },
      "`encoding` must be 'double', 'mask' or { fill: a finite number, or one for each channel }, got an object (Object)",
    ],
    [
      { encoding: { fill: [0.5, 0.5] } },
      '`encoding.fill` must be one number, or one for each of the 3 channels, got [0.5, 0.5]',
    ],
    [{ patch: 5 }, 'unknown option `patch`; known options: `inputShape`, `keep`, `size`, `stride`, `wrap`, `encoding`'],
  ])('%o', (change, text) =>
    expectError(() => new BandAblation({ ...good, ...change } as never), OptionError, `BandAblation: ${text}`),
  );
});

describe('BandAblation refuses', () => {
  const noise = new BandAblation({ inputShape: [6, 8, 3], keep: 'columns', size: 2 });
  let x: tf.Tensor;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.zeros([6, 8, 3]);
  });
  afterAll(() => x.dispose());

  it.each([
    [{ start: -1, count: 2 }, '`start` must be an integer of at least 0, got -1'],
    [{ start: 0, count: 0 }, '`count` must be an integer of at least 1, got 0'],
    [{ start: 4, count: 5 }, '`count` must be at most 8 - `start`, as there are 8 copies, got 5'],
  ])('copies %o', async (request, text) => {
    await expectError(() => noise.perturb(x, request), OptionError, `BandAblation.perturb: ${text}`);
    await expectError(() => noise.keptPositions(request), OptionError, `BandAblation.keptPositions: ${text}`);
  });

  it('other images', async () => {
    const all = { start: 0, count: 8 };
    const other = tf.zeros([8, 6, 3]);
    const whole = tf.zeros([6, 8, 3], 'int32');
    const call = 'BandAblation.perturb: `x` must';
    await expectError(() => noise.perturb(other, all), TensorError, `${call} have shape [6,8,3], got [8,6,3]`);
    await expectError(() => noise.perturb(whole, all), TensorError, `${call} be float32, got int32 (tf.cast(x, 'float32') converts it)`); // prettier-ignore
    const error = await thrownBy(() => noise.perturb([1] as never, all));
    expect((error as Error).message).toBe(`${call} be one image, got [1]`);
    tf.dispose([other, whole]);
  });

  it.each([[[0, 1]], [[1, 9]], [[7, 1]], [[2]], [[1.5, 2]], [5]])('the patch %o', (patch) =>
    expectError(
      () => noise.hits(patch as never),
      OptionError,
      `BandAblation.hits: \`patch\` must be [height, width], integers from 1 to 6 and from 1 to 8, got ${showValue(patch)}`,
    ),
  );

  it('counts that no copies give, and other norms', async () => {
    await expectError(
      () => noise.radius([9, 0], 0, { norm: 'patch' }),
      OptionError,
      'BandAblation.radius: `counts` must be votes per class, integers from 0 to the 8 copies, got [9, 0]',
    );
    await expectError(
      () => noise.radius([8, 0], 0, { norm: 'l2' }),
      OptionError,
      'BandAblation.radius: `norm` must be one that the noise certifies (patch), got "l2"',
    );
  });
});

describe('BandAblation.fillCopies refuses', () => {
  const bands = new BandAblation({ inputShape: [2, 3, 1], keep: 'columns', size: 1 });

  it.each([
    [new Float32Array(12), new Float32Array(5), { start: 0 }, TensorError, '`x` must be the 6 values of one image, got 5 values'], // prettier-ignore
    [new Float32Array(13), new Float32Array(6), { start: 0 }, OptionError, '`out.length` must be a multiple of 12, whole copies, got 13'], // prettier-ignore
    [new Float32Array(0), new Float32Array(6), { start: 0 }, OptionError, '`out.length` must be a multiple of 12, whole copies, got 0'], // prettier-ignore
    [new Float32Array(24), new Float32Array(6), { start: 2 }, OptionError, '`count` must be at most 3 - `start`, as there are 3 copies, got 2'], // prettier-ignore
  ])('%#', (out, x, request, kind, text) =>
    expectError(() => bands.fillCopies(out, x, request), kind, `BandAblation.fillCopies: ${text}`),
  );
});

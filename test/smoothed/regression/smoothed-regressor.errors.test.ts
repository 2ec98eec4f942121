import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CauchyNoise, createKey, GaussianNoise, type RegressionCertifyOptions, type RegressionIntervalOptions, SmoothedRegressor } from 'catrs'; // prettier-ignore
import { useBackend } from '../../helpers/backends.ts';
import { thrownBy } from '../../helpers/errors.ts';
import { identity, outputsOf, scriptedNoise } from './scripted-outputs.ts';

const noise = new GaussianNoise({ sigma: 0.25 });
const key = createKey(0);

describe('SmoothedRegressor says what is wrong', () => {
  let x: tf.Tensor1D;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.tensor1d([0.5]);
  });
  afterAll(() => x.dispose());
  const g = new SmoothedRegressor(identity, { noise, outputs: 1 });
  const two = new SmoothedRegressor(
    outputsOf((i) => [i, i]),
    { noise: scriptedNoise(), outputs: 2 },
  );
  const message = async (run: () => unknown): Promise<string> => ((await thrownBy(run)) as Error).message;

  it.each([
    [{ noise }, '`outputs` must be an integer of at least 1, got undefined'],
    [{ noise, outputs: 0 }, '`outputs` must be an integer of at least 1, got 0'],
    [{ noise, outputs: 1, percentile: 1 }, '`percentile` must be in (0, 1), got 1'],
    [
      { noise, outputs: 1, outputRange: [1, 0] as const },
      '`outputRange` must be [low, high], two numbers with low < high, got [1, 0]',
    ],
    [{ noise, outputs: 1, nonFinite: 'skip' as 'worst' }, "`nonFinite` must be 'error' or 'worst', got \"skip\""],
    [
      { noise: scriptedNoise(1, undefined, { shifts: false }), outputs: 1, percentile: 0.9 },
      '`percentile` must be 1/2 for sample-indices noise, got 0.9 (other percentiles need a noise that knows `shiftDown`, as Gaussian noise does)',
    ],
    [{ noise, outputs: 1, numOutputs: 2 } as never, 'unknown option `numOutputs`; known options: `noise`'],
  ])('constructor: %#', async (options, text) => {
    expect(await message(() => new SmoothedRegressor(identity, options))).toContain(`SmoothedRegressor: ${text}`);
  });

  const certify: readonly (readonly [Partial<RegressionCertifyOptions>, string])[] = [
    [{ radius: 0 }, '`radius` must be a finite number greater than 0, or an ascending list of such numbers, got 0'],
    [{ radius: [0.2, 0.1] }, 'ascending list of such numbers, got [0.2, 0.1]'],
    [{ alpha: 0.5 }, '`alpha` must be in (0, 1/2), got 0.5'],
    [{ norm: 'l0' }, '`norm` must be one that gaussian noise certifies (l2, '],
    [{ sides: 'left' as 'lower' }, "`sides` must be 'both', 'lower' or 'upper', got \"left\""],
    [{ looks: [100, 50] }, '`looks` must be an ascending list of integers of at least 1, the last of which is n'],
    [{ looks: [50, 80] }, '`looks` must end with n = 100, got [50, 80]'],
    [{ looks: [50, 100], stop: { width: 1 } }, '`looks` must not be given together with `stop`, got [50, 100]'],
    [{ stop: { width: -1 } }, '`stop.width` must be a finite number of at least 0, or one for each output, got -1'],
    [{ stop: { width: [1, 2] } }, '`stop.width` must be one number, or one for each of the 1 outputs, got 2 of them'],
    [{ stop: { wide: 1 } as never }, 'unknown option `stop.wide`; known options: `stop.width`, `stop.milliseconds`, `stop.now`'],
    [{ stop: { width: 1 }, sides: 'lower' }, "`sides` must be 'both' with `stop.width`, got \"lower\""],
    [{ stop: { width: 1 }, passes: 2 }, '`passes` must be 1 with `stop`, got 2 (whether to stop shows only with all outputs: count in a `grid` to save memory)'],
    [{ grid: { low: 1, high: 0, bins: 4 } }, '`grid` must be { low, high, bins }, finite numbers (or one for each output) with low < high'],
    [{ grid: { low: [0, 0], high: 1, bins: 4 } }, '`grid.low` must be one number, or one for each of the 1 outputs, got 2 of them'],
    [{ n: 11 }, '`n` must be at least 21, got 11 (with fewer samples no output has a bound: raise n or alpha, or choose a smaller radius)'],
    [{ radius: 20 }, '`radius` must leave something of the percentile, got 20 (no number of samples bounds the outputs so far away: choose a smaller radius, or more noise)'],
    [{ low: 0 } as never, '`high` must be a number, null for no end, or one of these for each output, got undefined'],
  ]; // prettier-ignore
  it.each(certify)('certify: %o', async (options, text) => {
    const given = { key, n: 100, radius: 0.125, alpha: 0.001, ...options };
    if ('low' in given) delete (given as { radius?: unknown }).radius;
    const found = await message(() => g.certify(x, given));
    expect(found).toContain(`SmoothedRegressor.certify: `);
    expect(found).toContain(text);
  });

  const interval: readonly (readonly [Partial<RegressionIntervalOptions>, string])[] = [
    [{ low: [0], high: 1 }, '`low` must be one number, or one for each of the 2 outputs, got 1 of them'],
    [{ low: 2, high: 1 }, '`low` must be at most `high`, and one of the two finite, for each output, got [2, 1]'],
    [{ low: [0, null], high: [1, Infinity] }, '`low` must be at most `high`, and one of the two finite, for each output, got [null, null]'],
    [{ low: Infinity, high: null }, '`low` must be finite, or without an end on its own side, got Infinity'],
    [{ low: NaN, high: 1 }, '`low` must be a number, null for no end, or one of these for each output, got NaN'],
    [{ low: 0, high: 1, stop: { radius: 0 } }, '`stop.radius` must be a finite number greater than 0, got 0'],
    [{ low: 0, high: 1, radius: 1 } as never, 'unknown option `radius`; known options: `key`'],
  ]; // prettier-ignore
  it.each(interval)('certifyInterval: %o', async (options, text) => {
    const given = { key, n: 100, low: 0, high: 1, ...options };
    expect(await message(() => two.certifyInterval(x, given))).toContain(`SmoothedRegressor.certifyInterval: ${text}`);
  });

  it('of outputs: another length, NaN, a value outside of the declared range', async () => {
    const of = (model: ReturnType<typeof outputsOf>, more: object = {}): Promise<string> =>
      message(() =>
        new SmoothedRegressor(model, { noise: scriptedNoise(), outputs: 2, ...more }).certify(x, {
          key,
          n: 100,
          radius: 0.1,
        }),
      );
    expect(await of(outputsOf((i) => [i]))).toBe(
      'SmoothedRegressor.certify: `model` must return 100 rows of 2 numbers (`outputs`), got [100, 1]',
    );
    expect(await of(outputsOf((i) => [i, NaN]))).toContain(
      "`model` must return finite numbers, got NaN (check the weights and the scale of the inputs, or count NaN to the safe side with nonFinite: 'worst'",
    );
    expect(
      await of(
        outputsOf((i) => [i, 2 * i]),
        { outputRange: [0, 100] },
      ),
    ).toBe(
      'SmoothedRegressor.certify: `model` must return values in `outputRange` [0, 100], got 102 (declare the range that the outputs have, or none)',
    );
  });

  it('of a radius that is no whole number where the norm counts changes', async () => {
    const counting = { ...scriptedNoise(1, undefined, { shifts: false }), norms: ['l0'] as const };
    const h = new SmoothedRegressor(identity, { noise: counting, outputs: 1 });
    expect(await message(() => h.certify(x, { key, radius: 0.5 }))).toContain(
      '`radius` must be a whole number of changes in l0, got 0.5',
    );
  });

  it('of a noise that stays silent about the percentile, at the radius that it cannot reach', async () => {
    const h = new SmoothedRegressor(identity, { noise: new CauchyNoise({ scale: 0.1 }), outputs: 1 });
    expect(await message(() => h.certify(x, { key, n: 100, radius: 1e6 }))).toContain(
      '`radius` must leave something of the percentile',
    );
  });
});

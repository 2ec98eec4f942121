import { describe, expect, it } from 'vitest';
import { CatrsError, OptionError } from '../../src/errors.ts';
import { certifiedAccuracySpec } from '../../src/plots/certified-accuracy-spec.ts';
import { loadPeer } from '../../src/plots/render-svg.ts';
import { probabilityDistributionSpec } from '../../src/plots/probability-distribution-spec.ts';
import { expectError } from '../helpers/errors.ts';

const points = [{ radius: 0, accuracy: 0.5 }];
const curve = { name: 'a', points };

describe('certifiedAccuracySpec: errors', () => {
  it.each([
    [undefined, '`curves` must be an array, got undefined'],
    [[], '`curves` must hold 1 to 21 curves, got 0'],
    [Array.from({ length: 22 }, (_, i) => ({ name: String(i), points })), '`curves` must hold 1 to 21 curves, got 22'],
    [[curve, curve], '`curves` must have different names, got "a"'],
    [[{ name: 'a', points: [] }], '`curves` must have at least one point each, got [] for "a"'],
    [
      [{ name: 'a', points: [{ radius: 1, accuracy: 1 }, ...points] }],
      '`curves` must have finite, ascending radii of at least 0, got 0 after 1 for "a"',
    ],
    [
      [{ name: 'a', points: [{ radius: NaN, accuracy: 1 }] }],
      '`curves` must have finite, ascending radii of at least 0, got NaN after 0 for "a"',
    ],
    [[{ name: 'a', points: [{ radius: 1, accuracy: 98 }] }], '`curves` must have accuracies in [0, 1], got 98 for "a"'],
  ])('case %#', (curves, message) => {
    expect(() => certifiedAccuracySpec(curves as never)).toThrow(`certifiedAccuracySpec: ${message}`);
    expect(() => certifiedAccuracySpec(curves as never)).toThrow(OptionError);
  });

  it.each([
    [{ maxRadius: 0 }, '`maxRadius` must be a finite number greater than 0, got 0'],
    [{ width: 0.5 }, '`width` must be an integer of at least 1, got 0.5'],
    [{ height: -1 }, '`height` must be an integer of at least 1, got -1'],
    [{ title: 3 }, '`title` must be a string, got 3'],
    [
      { Title: 'x' },
      'unknown option `Title`; known options: `title`, `inputRange`, `unit`, `maxRadius`, `width`, `height`',
    ],
    [
      { unit: 'pixels', inputRange: [0, 255] },
      '`inputRange` must not be given with `unit`, got [0, 255] (a number of changes has no input units)',
    ],
  ])('%o', (options, message) => {
    expect(() => certifiedAccuracySpec([curve], options as never)).toThrow(`certifiedAccuracySpec: ${message}`);
  });
});

describe('probabilityDistributionSpec: errors', () => {
  const half = { probability: 0.5, share: 0.9, radius: 0 };
  const of = (...given: object[]): object[] => [{ name: 'a', points: given }];
  it.each([
    [[], {}, '`curves` must hold 1 to 21 curves, got 0'],
    [of(), {}, '`curves` must have at least one point each, got [] for "a"'],
    [
      of(half, { probability: 0.4, share: 0.8 }),
      {},
      '`curves` must have ascending probabilities in [0, 1], got 0.4 after 0.5 for "a"',
    ],
    [
      of({ probability: 1.5, share: 0.8 }),
      {},
      '`curves` must have ascending probabilities in [0, 1], got 1.5 after 0 for "a"',
    ],
    [of({ probability: 0.5, share: -1 }), {}, '`curves` must have shares in [0, 1], got -1 for "a"'],
    [of({ probability: 0.5, share: NaN }), {}, '`curves` must have shares in [0, 1], got NaN for "a"'],
    [
      of(half, { probability: 0.6, share: 0.9 }),
      { axis: 'radius' },
      '`curves` must have ascending radii for a radius axis, got undefined after 0 for "a"',
    ],
    [
      of({ ...half, radius: 1 }, { ...half, radius: 0.5 }),
      { axis: 'radius' },
      '`curves` must have ascending radii for a radius axis, got 0.5 after 1 for "a"',
    ],
    [of(half), { axis: 'x' }, "`axis` must be 'probability' or 'radius', got \"x\""],
    [
      of(half),
      { inputRange: [0, 255] },
      "`inputRange` must not be given for a probability axis, got [0, 255] (axis: 'radius')",
    ],
    [of(half), { maxRadius: 1 }, "`maxRadius` must not be given for a probability axis, got 1 (axis: 'radius')"],
    [
      of(half),
      { x: 1 },
      'unknown option `x`; known options: `title`, `inputRange`, `maxRadius`, `width`, `height`, `axis`',
    ],
  ])('case %#', async (curves, options, message) => {
    await expectError(
      () => probabilityDistributionSpec(curves as never, options as never),
      OptionError,
      `probabilityDistributionSpec: ${message}`,
    );
  });
});

describe('a missing optional peer', () => {
  it('is named, with the command that installs it', async () => {
    const load = (): Promise<never> => Promise.reject(new Error("Cannot find package 'vega'"));
    await expect(loadPeer('renderSvg', 'vega', load)).rejects.toThrow(
      "renderSvg: `vega` must be installed, got Cannot find package 'vega' (npm install vega vega-lite)",
    );
    await expect(loadPeer('renderSvg', 'vega', load)).rejects.toBeInstanceOf(CatrsError);
  });
});

import { describe, expect, it } from 'vitest';
import { CatrsError, OptionError } from '../../src/errors.ts';
import { certifiedAccuracySpec } from '../../src/plots/certified-accuracy-spec.ts';
import { loadPeer } from '../../src/plots/load-peer.ts';

const points = [{ radius: 0, accuracy: 0.5 }];
const curve = { name: 'a', points };

describe('certifiedAccuracySpec: errors', () => {
  it.each([
    [undefined, '`curves` must be an array, got undefined'],
    [[], '`curves` must hold 1 to 7 curves, got 0'],
    [Array.from({ length: 8 }, (_, i) => ({ name: String(i), points })), '`curves` must hold 1 to 7 curves, got 8'],
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
    [{ Title: 'x' }, 'unknown option `Title`; known options: `title`, `maxRadius`, `width`, `height`'],
  ])('%o', (options, message) => {
    expect(() => certifiedAccuracySpec([curve], options as never)).toThrow(`certifiedAccuracySpec: ${message}`);
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

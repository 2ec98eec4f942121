import { describe, expect, it } from 'vitest';
import { fitInput, type WantedShape } from '../../src/classifier/input-fit.ts';
import type { ImageLayout } from '../../src/classifier/types.ts';

const FIRST = [2, 0, 1];
const LAST = [1, 2, 0];
const N = null;

type Case = readonly [
  shape: readonly number[],
  wanted: WantedShape | undefined,
  layout: ImageLayout | undefined,
  axes: readonly number[] | undefined,
  to: readonly number[],
];

describe('fitInput gives examples to a classifier', () => {
  it.each<Case>([
    // as they are
    [[28, 28, 1], [28, 28, 1], undefined, undefined, [28, 28, 1]],
    [[32, 32, 3], [32, 32, 3], undefined, undefined, [32, 32, 3]],
    [[32, 32, 3], [N, N, 3], undefined, undefined, [32, 32, 3]],
    [[32, 32, 3], [N, N, N], undefined, undefined, [32, 32, 3]],
    [[32, 32, 3], undefined, undefined, undefined, [32, 32, 3]],
    [[7], [7], undefined, undefined, [7]],
    [[7], undefined, undefined, undefined, [7]],
    // one channel comes and goes
    [[28, 28, 1], [28, 28], undefined, undefined, [28, 28]],
    [[28, 28, 1], [1, 28, 28], undefined, undefined, [1, 28, 28]],
    [[28, 28, 1], [1, N, N], undefined, undefined, [1, 28, 28]],
    [[28, 28], [28, 28, 1], undefined, undefined, [28, 28, 1]],
    [[28, 28], [N, N, 1], undefined, undefined, [28, 28, 1]],
    [[28, 28], [N, N, N], undefined, undefined, [28, 28, 1]],
    [[1, 28, 28], [28, 28, 1], undefined, undefined, [28, 28, 1]],
    [[1, 28, 28], [28, 28], undefined, undefined, [28, 28]],
    [[28, 20, 1], [N, N], undefined, undefined, [28, 20]],
    [[28, 28, 1], [1, 28, 28, 1], undefined, undefined, [1, 28, 28, 1]],
    // flat
    [[28, 28, 1], [784], undefined, undefined, [784]],
    [[28, 28], [784], undefined, undefined, [784]],
    [[28, 28, 1], [N], undefined, undefined, [784]],
    [[784], [28, 28], undefined, undefined, [28, 28]],
    [[784], [28, 28, 1], undefined, undefined, [28, 28, 1]],
    [[784], [1, 28, 28], undefined, undefined, [1, 28, 28]],
    [[28, 28, 1], [784], 'nchw', undefined, [784]],
    [[32, 32, 3], [3072], 'nhwc', undefined, [3072]],
    [[32, 32, 3], [3072], 'nchw', FIRST, [3072]],
    [[3, 32, 32], [3072], 'nchw', undefined, [3072]],
    [[3, 32, 32], [3072], 'nhwc', LAST, [3072]],
    [[3072], [32, 32, 3], 'nhwc', undefined, [32, 32, 3]],
    [[3072], [3, 32, 32], 'nchw', undefined, [3, 32, 32]],
    // channels first and last
    [[32, 32, 3], [3, 32, 32], undefined, FIRST, [3, 32, 32]],
    [[32, 32, 3], [3, N, N], undefined, FIRST, [3, 32, 32]],
    [[32, 32, 3], [3, 32, 32], 'nchw', FIRST, [3, 32, 32]],
    [[32, 48, 3], [3, 32, 48], undefined, FIRST, [3, 32, 48]],
    [[3, 32, 32], [32, 32, 3], undefined, LAST, [32, 32, 3]],
    [[3, 32, 32], [3, 32, 32], undefined, undefined, [3, 32, 32]],
    [[3, 32, 32], [3, 32, 32], 'nchw', undefined, [3, 32, 32]],
    [[3, 32, 32], [32, 32, 3], 'nhwc', LAST, [32, 32, 3]],
    [[12, 64, 64], [64, 64, 12], undefined, LAST, [64, 64, 12]],
    // nothing but the layout says it
    [[32, 32, 3], undefined, 'nchw', FIRST, [3, 32, 32]],
    [[32, 32, 3], undefined, 'nhwc', undefined, [32, 32, 3]],
    [[28, 28, 1], undefined, 'nchw', undefined, [1, 28, 28]],
    [[28, 28], undefined, 'nchw', undefined, [1, 28, 28]],
    [[28, 28, 1], [N, N, N], 'nchw', undefined, [1, 28, 28]],
    [[1, 28, 28], undefined, 'nhwc', undefined, [28, 28, 1]],
    [[3, 3, 3], [3, 3, 3], 'nhwc', undefined, [3, 3, 3]],
    [[3, 3, 3], [3, 3, 3], 'nchw', FIRST, [3, 3, 3]],
    [[28, 28, 28], undefined, 'nchw', FIRST, [28, 28, 28]],
    // small images, and signals in one row
    [[1, 4, 4], [16], undefined, undefined, [16]],
    [[4, 4, 3], [3, 4, 4], undefined, FIRST, [3, 4, 4]],
    [[1, 64, 3], [64, 3], undefined, undefined, [64, 3]],
    [[1, 64, 3], [192], 'nhwc', LAST, [192]],
  ])('%j to %j, layout %s', (shape, wanted, layout, axes, to) => {
    expect(fitInput(shape, wanted, layout)).toEqual({ fit: { ...(axes && { axes }), shape: to } });
  });
});

describe('fitInput says what is missing', () => {
  it.each<readonly [readonly number[], WantedShape | undefined, ImageLayout | undefined, RegExp]>([
    [[3, 3, 3], [3, 3, 3], undefined, /several orders of axes: give `layout`/],
    [[28, 28, 28], [28, 28, 28], undefined, /several orders of axes: give `layout`/],
    [[32, 32, 3], [3072], undefined, /flat vector of several channels .* give `layout`/],
    [[3072], [32, 32, 3], undefined, /flat vector of several channels .* give `layout`/],
    [[3072], [3, 32, 32], undefined, /flat vector of several channels .* give `layout`/],
    [[32, 32, 3], [32, 32, 3], 'nchw', /\[32, 32, 3\] is of another order than nchw: leave `layout` out/],
    [[3, 32, 32], [3, 32, 32], 'nhwc', /another order than nhwc/],
    [[28, 28, 1], [28, 28, 1], 'nchw', /another order than nchw/],
    [[28, 28, 1], [1, 28, 28], 'nhwc', /another order than nhwc/],
    [[4, 4, 1], [4, 4, 1], 'nchw', /another order than nchw/],
    [[3072], [32, 32, 3], 'nchw', /give `layout`/],
    [[784], undefined, 'nchw', /`layout` is for images \[height, width, channels\], not for \[784\]/],
    [[32, 16, 1], [16, 32, 1], undefined, /the axes are in another order: transpose the images to \[16, 32, 1\]/],
    [[16, 32], [32, 16], undefined, /transpose the images to \[32, 16\]/],
    [[32, 16, 3], [16, 32, 3], undefined, /transpose the images to \[16, 32, 3\]/],
    [[28, 28, 1], [7, 112], undefined, /another arrangement: reshape the images to \[7, 112\]/],
    [[28, 28, 1], [32, 32, 1], undefined, /^resize the images to 32 x 32$/],
    [[32, 32, 3], [3, 224, 224], undefined, /^resize the images to 224 x 224$/],
    [[28, 28, 1], [28, 28, 3], undefined, /^1 channels where 3 are wanted: repeat the one channel$/],
    [[28, 28, 1], [224, 224, 3], undefined, /repeat the one channel, and resize the images to 224 x 224/],
    [[32, 32, 3], [32, 32, 1], undefined, /3 channels where 1 are wanted: make them grey/],
    [[1, 64, 3], [192], undefined, /give `layout`/],
    [[4, 4, 3], [1, 4, 4], undefined, /^3 channels where 1 are wanted: make them grey$/],
    [[4, 4, 3], [4, 4, 3], 'nchw', /another order than nchw/],
    [[28, 28, 1], [783], undefined, /784 values where 783 are wanted/],
  ])('%j for %j, layout %s', (shape, wanted, layout, missing) => {
    const found = fitInput(shape, wanted, layout);
    expect('missing' in found ? found.missing : found).toMatch(missing);
  });
});

import { describe, expect, it } from 'vitest';
import { DataError, OptionError } from 'catrs';
import { type ImagePixels, resizeAndCrop, type ResizeAndCropOptions } from 'catrs/data';
import golden from '../fixtures/transforms.json' with { type: 'json' };
import { readFixture } from '../helpers/fixtures.ts';

/** The image of the formula of the fixture. */
function imageOf(height: number, width: number, channels: number): Uint8Array {
  return Uint8Array.from({ length: height * width * channels }, (_, i) => {
    const [row, column, channel] = [Math.floor(i / (width * channels)), Math.floor(i / channels) % width, i % channels];
    const edges = 90 * ((Math.floor(row / 7) + Math.floor(column / 5)) % 2);
    return (row * 3 + column * 2 + channel * 50 + ((row * column) % 31) + edges) % 256;
  });
}

interface Small {
  readonly resized: readonly {
    readonly height: number;
    readonly width: number;
    readonly resize: number;
    readonly crop: number;
    readonly pixels: readonly number[];
    readonly expected: readonly number[];
  }[];
}
const { resized } = await readFixture<Small>('images.json');

describe('resizeAndCrop', () => {
  it.each(golden.rows)('has the pixels of Pillow and torchvision: $height x $width, $channels channels', (row) => {
    const { height, width, channels, sums, values } = row;
    const { resize, crop, every } = golden;
    const given = imageOf(height, width, channels);
    const { data, ...shape } = resizeAndCrop({ height, width, channels, data: given }, { resize, crop });
    expect(shape).toEqual({ height: crop, width: crop, channels });
    expect(Array.from(data).filter((_, i) => i % every === 0)).toEqual(values);
    const found = sums.map(() => 0);
    data.forEach((value, i) => (found[i % channels]! += value));
    expect(found).toEqual(sums);
    expect(given).toEqual(imageOf(height, width, channels)); // not changed
  });

  it.each(resized)('has all pixels of small ones: $height x $width to $resize, $crop', (row) => {
    const { height, width, resize, crop, pixels, expected } = row;
    const channels = pixels.length / (height * width);
    const image = { height, width, channels, data: Uint8ClampedArray.from(pixels) };
    expect([...resizeAndCrop(image, { resize, crop }).data]).toEqual(expected);
  });

  it('keeps 16 bits, and what it is not asked for', () => {
    const image = { height: 2, width: 4, channels: 1, data: Uint16Array.of(0, 65535, 0, 65535, 9, 9, 9, 9) };
    const same = resizeAndCrop(image, {});
    expect(same).toEqual(image);
    expect(same.data).not.toBe(image.data);
    const half = resizeAndCrop(image, { resize: 1 });
    expect([half.height, half.width, half.data.constructor]).toEqual([1, 2, Uint16Array]);
  });

  it.each<readonly [Partial<ImagePixels>, ResizeAndCropOptions, string]>([
    [{}, { crop: 3 }, 'resizeAndCrop: `crop` must be at most 2, the shorter side, got 3 (give resize: 3)'],
    [{}, { resize: 0 }, 'resizeAndCrop: `resize` must be an integer of at least 1, got 0'],
    [{ channels: 4 }, {}, 'resizeAndCrop: `image.channels` must be 1 or 3, got 4 (take an alpha channel off first)'],
    [{ width: 4 }, {}, 'resizeAndCrop: `image.data` must have height · width · channels = 8 values, got 6'],
  ])('refuses %j with %j', (image, options, text) => {
    const run = (): ImagePixels => resizeAndCrop({ height: 2, width: 3, channels: 1, data: new Uint8Array(6), ...image }, options); // prettier-ignore
    expect(run).toThrow(text);
    expect(run).toThrow(Object.keys(image).length > 0 ? DataError : OptionError);
  });
});

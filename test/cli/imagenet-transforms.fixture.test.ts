import { describe, expect, it } from 'vitest';
import { fitImage } from '../../src/cli/data/fit-image.ts';
import golden from '../fixtures/transforms.json' with { type: 'json' };

/** The image of the formula of the fixture. */
function imageOf(height: number, width: number, channels: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: height * width * channels }, (_, i) => {
    const [row, column, channel] = [Math.floor(i / (width * channels)), Math.floor(i / channels) % width, i % channels];
    const edges = 90 * ((Math.floor(row / 7) + Math.floor(column / 5)) % 2);
    return (row * 3 + column * 2 + channel * 50 + ((row * column) % 31) + edges) % 256;
  });
}

describe('--resize 256 --crop 224', () => {
  it.each(golden.rows)('has the pixels of Pillow and torchvision: $height x $width, $channels channels', (row) => {
    const { height, width, sums, values } = row;
    const channels = row.channels as 1 | 3;
    const { resize, crop, every } = golden;
    const image = { height, width, channels, most: 255, data: imageOf(height, width, channels) } as const;
    const { data, ...shape } = fitImage('image', image, { resize, crop });
    expect(shape).toEqual({ height: crop, width: crop, channels, most: 255 });
    expect(Array.from(data).filter((_, i) => i % every === 0)).toEqual(values);
    const found = sums.map((_, channel) => Array.from(data).reduce((sum, value, i) => sum + (i % channels === channel ? value : 0), 0)); // prettier-ignore
    expect(found).toEqual(sums);
  });
});

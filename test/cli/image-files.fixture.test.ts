import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { fitImage } from '../../src/cli/data/fit-image.ts';
import { readFixture } from '../helpers/fixtures.ts';
import { useFolder } from '../node/run.ts';
import { complaintOf, see, writeTree } from './data-folder.ts';

interface Fixture {
  readonly jpeg: readonly {
    readonly name: string;
    readonly file: string;
    readonly shape: readonly number[];
    readonly pixels: readonly number[];
  }[];
  readonly resized: readonly {
    readonly height: number;
    readonly width: number;
    readonly resize: number;
    readonly crop: number;
    readonly pixels: readonly number[];
    readonly expected: readonly number[];
  }[];
}

const { jpeg, resized } = await readFixture<Fixture>('images.json');
const { path } = useFolder();
const fileOf = (name: string): Uint8Array => Buffer.from(jpeg.find((one) => one.name === name)?.file ?? '', 'base64');

describe('JPEG files', () => {
  it.each(jpeg)('have the pixels of Pillow: $name', async ({ name, shape, pixels }) => {
    const data = await writeTree(path(name), { '0/a.JPEG': fileOf(name) });
    const { opened } = await see({ data, inputRange: [0, 255] });
    expect(opened.dataset.shape).toEqual(shape);
    expect([...(await opened.dataset.example(0)).x]).toEqual(pixels);
  });

  it('fill the input range as all bytes do', async () => {
    const data = await writeTree(path('range'), { '0/a.jpg': fileOf('444') });
    const { opened } = await see({ data, inputRange: [-1, 1] });
    expect(opened.fromBytes).toBe(true);
    const { pixels = [] } = jpeg.find(({ name }) => name === '444') ?? {};
    expect([...(await opened.dataset.example(0)).x]).toEqual(
      pixels.map((pixel) => Math.fround(-1 + (2 * pixel) / 255)),
    );
  });

  it('that are damaged are refused by name', async () => {
    const cut = await writeTree(path('cut'), { '0/a.jpg': fileOf('420').subarray(0, -80) });
    expect(await complaintOf({ data: cut })).toMatch(/\/0\/a\.jpg: must be a whole JPEG file, got "/);
    const stub = await writeTree(path('stub'), { '0/a.jpg': fileOf('420').subarray(0, 40) });
    expect(await complaintOf({ data: stub })).toMatch(
      /a\.jpg: must be a whole JPEG file, got one of 40 bytes that is cut off$/,
    );
  });

  it('are told by their content, and held to --format', async () => {
    const data = await writeTree(path('names'), { '0/a.png': fileOf('420'), '0/b.jpg': fileOf('444') });
    expect((await see({ data })).labels).toEqual([0, 0]);
    expect((await see({ data, format: 'jpeg' })).labels).toEqual([0, 0]);
    expect(await complaintOf({ data, format: 'png' })).toBe(`${data}/0/a.png: must be png as --format says, got jpeg`);
  });

  it('that are gray among images in colour get three channels, which is said once', async () => {
    const gray = fileOf('gray');
    const data = await writeTree(path('mixed'), { '0/a.jpg': gray, '0/b.jpg': gray, '0/c.jpg': fileOf('444') });
    const { opened, notes } = await see({ data, inputRange: [0, 255] });
    expect(opened.dataset.shape).toEqual([11, 14, 3]);
    const { pixels = [] } = jpeg.find(({ name }) => name === 'gray') ?? {};
    expect([...(await opened.dataset.example(1)).x]).toEqual(pixels.flatMap((pixel) => [pixel, pixel, pixel]));
    expect(notes).toEqual([
      `${data}/0/a.jpg: is gray among images in colour, so its channel is taken three times, as ImageFolder of torchvision does`,
    ]);
  });
});

describe('--resize and --crop', () => {
  it.each(resized)('have the pixels of Pillow and torchvision: $height x $width to $resize and $crop', (one) => {
    const { height, width, pixels, expected, resize, crop } = one;
    const image = { height, width, channels: 3, most: 255, data: Uint8Array.from(pixels) } as const;
    expect([...fitImage('a.png', image, { resize, crop }).data]).toEqual(expected);
  });
});

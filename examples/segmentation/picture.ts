import { encode } from 'fast-png';
import { encodeMask, segmentationImage } from 'catrs';

/** An image, what is true of it, and what was certified. */
export interface Shown {
  readonly x: Float32Array;
  readonly target: readonly number[];
  readonly masks: readonly { readonly name: string; readonly labels: Int16Array }[];
}

const [SCALE, GAP, TOP] = [3, 16, 44];

/** A picture of images beside their certified pixels: one row for each image, one column for each radius. */
export function digitsPicture(images: readonly Shown[], size: number): string {
  const side = size * SCALE;
  const names = ['input', 'truth', ...(images[0]?.masks.map(({ name }) => name) ?? [])];
  const width = names.length * (side + GAP) + GAP;
  const height = TOP + images.length * (side + GAP) + 34;
  const cells = images.flatMap(({ x, target, masks }, row) => {
    const gray = Uint8Array.from(x, (value) => Math.round(255 * value));
    const pictures = [
      encode({ width: size, height: size, data: gray, channels: 1 }),
      encode(segmentationImage(encodeMask(target, [size, size]))),
      ...masks.map(({ labels }) => encode(segmentationImage(encodeMask(labels, [size, size]), { truth: target }))),
    ];
    return pictures.map((png, column) => {
      const at = `x="${GAP + column * (side + GAP)}" y="${TOP + row * (side + GAP)}" width="${side}" height="${side}"`;
      const data = `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
      return `<image ${at} href="${data}" style="image-rendering: pixelated"/>`;
    });
  });
  const titles = names.map(
    (name, column) => `<text x="${GAP + column * (side + GAP) + side / 2}" y="30" text-anchor="middle">${name}</text>`,
  );
  const legend =
    'colours: certified classes (dark: background) · grey: abstains · red: certified, but not what is true';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="16" fill="#1e293b">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...titles,
    ...cells,
    `<text x="${width / 2}" y="${height - 14}" text-anchor="middle" font-size="14">${legend}</text>`,
    '</svg>\n',
  ].join('\n');
}

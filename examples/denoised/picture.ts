import { imageOf, svg, text } from '../scores/pictures.ts';

/** Digits of one sigma: grey values of images, noisy copies, and what the denoiser makes of them. */
export interface Denoised {
  readonly sigma: number;
  readonly digits: readonly (readonly number[])[];
  readonly noisy: readonly (readonly number[])[];
  readonly clean: readonly (readonly number[])[];
}

const SIDE = 84;
const LEFT = 130;
const GREY = '#7b8794';

/** The digits in the first row, and below two rows for each sigma: noisy, and denoised. */
export function digitsPicture(all: readonly Denoised[]): string {
  const [first] = all;
  const rows = [
    ...(first === undefined ? [] : [{ name: 'the image', images: first.digits }]),
    ...all.flatMap(({ sigma, noisy, clean }) => [
      { name: `σ = ${sigma}`, images: noisy },
      { name: 'denoised', images: clean },
    ]),
  ];
  const parts = rows.flatMap(({ name, images }, row) => {
    const y = 16 + row * (SIDE + 10);
    return [
      text(LEFT - 14, y + SIDE / 2 + 5, name, { anchor: 'end', color: GREY, size: 15 }),
      ...images.map((pixels, i) => imageOf(pixels, { x: LEFT + i * (SIDE + 10), y, width: SIDE, height: SIDE })),
    ];
  });
  return svg(LEFT + (first?.digits.length ?? 0) * (SIDE + 10) + 10, 22 + rows.length * (SIDE + 10), parts);
}

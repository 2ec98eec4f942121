import { OptionError, refusal } from '../errors.ts';
import { type MaskLike, readMask } from '../smoothed/segmentation/masks.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';

/** A colour: red, green and blue from 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Options of {@link segmentationImage}. */
export interface SegmentationImageOptions {
  /**
   * What is true: wrong labels are then marked.
   * @defaultValue every label counts as right
   */
  readonly truth?: MaskLike | undefined;
  /**
   * Colour of each label; the last one for all beyond.
   * @defaultValue twelve colours that are easy to tell apart
   */
  readonly palette?: readonly Rgb[] | undefined;
  /**
   * Colour of components that abstain: light grey, unless told otherwise.
   * @defaultValue [226, 232, 240]
   */
  readonly abstained?: Rgb | undefined;
  /**
   * Colour of labels that are not what is true: red, unless told otherwise.
   * @defaultValue [220, 38, 38]
   */
  readonly wrong?: Rgb | undefined;
  /**
   * Each component is a square of so many pixels.
   * @defaultValue 1
   */
  readonly scale?: number | undefined;
}

/** An image of 8-bit colours, as PNG encoders take it. */
export interface RgbImage {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** height · width · 3 values. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Red, green and blue. */
  readonly channels: 3;
}

const isColour = (v: unknown): boolean =>
  Array.isArray(v) && v.length === 3 && v.every((c) => fields.isInteger(c, 0, 255));
const colour = fields.field<Rgb>('must be a colour [red, green, blue] of whole numbers from 0 to 255', isColour);

/** Paul Tol's and other muted colours; none of them red. */
const PALETTE: readonly Rgb[] = [
  [51, 65, 85],
  [68, 119, 170],
  [34, 136, 51],
  [204, 187, 68],
  [102, 204, 238],
  [170, 51, 119],
  [0, 153, 136],
  [238, 153, 170],
  [136, 204, 238],
  [153, 153, 51],
  [136, 34, 85],
  [68, 170, 153],
];

const segmentationImageOptions = optionsOf<SegmentationImageOptions>()({
  truth: fields.optional(fields.object<MaskLike>('must be a mask')),
  palette: fields.optional(
    fields.field<readonly Rgb[]>(
      'must be one or more colours [red, green, blue]',
      (v) => Array.isArray(v) && v.length > 0 && v.every(isColour),
    ),
  ),
  abstained: fields.withDefault(colour, [226, 232, 240]),
  wrong: fields.withDefault(colour, [220, 38, 38]),
  scale: fields.withDefault(fields.positiveInteger, 1),
});

/**
 * A picture of a mask: the certified components in the colours of their classes, those that abstain in grey, and wrong ones in red.
 *
 * @param labels - a mask of two axes, −1 where it abstains: the `labels` of a certificate
 * @throws OptionError for a mask of other axes, a truth of another size, and wrong options
 * @example
 * ```ts
 * import { encode } from 'fast-png';
 * await writeFile('mask.png', encode(segmentationImage(certificate.labels, { truth, scale: 4 })));
 * ```
 */
export function segmentationImage(labels: MaskLike, options: SegmentationImageOptions = {}): RgbImage {
  const call = 'segmentationImage';
  const { truth, palette = PALETTE, abstained, wrong, scale } = segmentationImageOptions.parse(call, options);
  const { values, shape } = readMask(call, 'labels', labels);
  const [rows = 0, columns = 0] = shape;
  if (shape.length !== 2) {
    throw refusal(
      OptionError,
      { call, field: 'labels', value: shape, got: `[${shape.join(', ')}]` },
      'must be a mask of shape [height, width]',
    );
  }
  const known = truth && readMask(call, 'truth', truth).values;
  if (known && known.length !== values.length) {
    throw refusal(
      OptionError,
      { call, field: 'truth', value: known.length },
      `must have the ${values.length} components of the labels`,
    );
  }
  const [width, height] = [columns * scale, rows * scale];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      const i = Math.floor(y / scale) * columns + Math.floor(x / scale);
      const label = values[i] as number;
      const isWrong = label >= 0 && known !== undefined && known[i] !== label;
      data.set(label < 0 ? abstained : isWrong ? wrong : (palette[Math.min(label, palette.length - 1)] as Rgb), at);
    }
  }
  return { width, height, data, channels: 3 };
}

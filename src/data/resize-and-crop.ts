import { DataError, OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { type Raster, resample } from './resample.ts';

/** A decoded image: whole numbers, row major, the channels of a pixel together. */
export interface ImagePixels {
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** Values of a pixel: 1 of a gray image, 3 of one in colour. */
  readonly channels: number;
  /** height · width · channels values; those of 16 bits, up to 65535, are computed as bytes are. */
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array;
}

/** Options of {@link resizeAndCrop}. */
export interface ResizeAndCropOptions {
  /**
   * Pixels of the shorter side; the longer one follows in proportion, rounded down.
   * @defaultValue the image keeps its size
   */
  readonly resize?: number | undefined;
  /**
   * Pixels of both sides of the square in the middle that is kept.
   * @defaultValue all is kept
   */
  readonly crop?: number | undefined;
}

const resizeAndCropOptions = optionsOf<ResizeAndCropOptions>()({
  resize: fields.optional(fields.positiveInteger),
  crop: fields.optional(fields.positiveInteger),
});

const CALL = 'resizeAndCrop';

/**
 * Brings an image to the size of a network, to the pixels of `Resize(resize)` and `CenterCrop(crop)` of torchvision on images of Pillow: bilinear with
 * antialiasing in whole numbers, rounded after each of two passes, and the crop at the place that Python's `round` gives it.
 *
 * It comes before the noise: a radius is one of the image that it returns. Models that were trained on other resizing (that of browsers, of OpenCV, without
 * antialiasing) want theirs.
 *
 * @param image - not changed
 * @returns a new image; `data` is of bytes or of 16 bits as those of `image`
 * @throws OptionError for an unknown or wrong option, and where the crop is larger than the image
 * @throws DataError if the values do not fill the image, or a pixel has not 1 or 3 of them
 * @example
 * ```ts
 * const { data } = resizeAndCrop({ height: 300, width: 400, channels: 3, data: bytes }, { resize: 256, crop: 224 });
 * ```
 */
export function resizeAndCrop(image: ImagePixels, options: ResizeAndCropOptions): ImagePixels {
  const { resize, crop } = resizeAndCropOptions.parse(CALL, options);
  const { height, width, channels, data } = image;
  if (channels !== 1 && channels !== 3) {
    const way = 'take an alpha channel off first';
    throw refusal(DataError, { call: CALL, field: 'image.channels', value: channels, way }, 'must be 1 or 3');
  }
  if (data.length !== height * width * channels || data.length === 0) {
    const must = `must have height · width · channels = ${height * width * channels} values`;
    throw refusal(DataError, { call: CALL, field: 'image.data', value: data.length }, must);
  }
  const raster = { height, width, channels, most: data instanceof Uint16Array ? 65535 : 255, data };
  const extent = resizedExtent(image, resize);
  const side = Math.min(extent.height, extent.width);
  if (crop !== undefined && crop > side) {
    const way = `give resize: ${crop}`;
    throw refusal(OptionError, { call: CALL, field: 'crop', value: crop, way }, `must be at most ${side}, the shorter side`); // prettier-ignore
  }
  const fitted = resizedAndCropped(raster, extent, crop);
  const own = fitted.data === data ? data.slice() : fitted.data;
  return { height: fitted.height, width: fitted.width, channels, data: own };
}

/** Height and width of an image. @internal */
export interface Extent {
  readonly height: number;
  readonly width: number;
}

/** The extent of an image after `Resize` of torchvision: the shorter side as asked, the longer one in proportion, rounded down. @internal */
export function resizedExtent({ height, width }: Extent, resize: number | undefined): Extent {
  if (resize === undefined || Math.min(height, width) === resize) return { height, width };
  const long = Math.trunc((resize * Math.max(height, width)) / Math.min(height, width));
  return height < width ? { height: resize, width: long } : { height: long, width: resize };
}

/** An image in an extent, then the square in its middle. @internal */
export function resizedAndCropped<R extends Raster>(image: R, { height, width }: Extent, crop: number | undefined): R {
  const resized = height === image.height && width === image.width ? image : resample(image, height, width);
  return crop === undefined ? resized : centreOf(resized, crop);
}

function centreOf<R extends Raster>(image: R, side: number): R {
  const { height, width, channels, most, data } = image;
  const [top, left] = [halfToEven(height - side), halfToEven(width - side)];
  const cut = most === 255 ? new Uint8Array(side * side * channels) : new Uint16Array(side * side * channels);
  for (let row = 0; row < side; row++) {
    const begin = ((top + row) * width + left) * channels;
    cut.set(data.subarray(begin, begin + side * channels), row * side * channels);
  }
  return { ...image, height: side, width: side, data: cut };
}

/** Half of a whole number, to the even one where two are as near: `round` of Python, which places the crop there. */
function halfToEven(value: number): number {
  const below = Math.floor(value / 2);
  return value % 2 === 0 || below % 2 === 0 ? below : below + 1;
}

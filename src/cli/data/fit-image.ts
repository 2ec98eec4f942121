import { CliError } from '../io.ts';
import type { Pixels } from './pixels.ts';
import { resample } from './resample.ts';

/** How images of a folder are brought to one size. @internal */
export interface Fit {
  /** Pixels of the shorter side. */
  readonly resize?: number | undefined;
  /** Pixels of both sides of the square in the middle that is kept. */
  readonly crop?: number | undefined;
}

/** Height and width of an image. @internal */
export interface Extent {
  readonly height: number;
  readonly width: number;
}

/** The extent of an image after `Resize` of torchvision: the shorter side as asked, the longer one in proportion, rounded down. */
function resizedExtent({ height, width }: Extent, { resize }: Fit): Extent {
  if (resize === undefined || Math.min(height, width) === resize) return { height, width };
  const long = Math.trunc((resize * Math.max(height, width)) / Math.min(height, width));
  return height < width ? { height: resize, width: long } : { height: long, width: resize };
}

/** The extent of an image after `--resize` and `--crop`. @internal */
export function fittedExtent(extent: Extent, fit: Fit): Extent {
  return fit.crop === undefined ? resizedExtent(extent, fit) : { height: fit.crop, width: fit.crop };
}

/** An image after `--resize` and `--crop`, as `Resize` and `CenterCrop` of torchvision make it. Throws CliError if it is too small to crop. @internal */
export function fitImage(path: string, image: Pixels, fit: Fit): Pixels {
  const { height, width } = resizedExtent(image, fit);
  const resized = height === image.height && width === image.width ? image : resample(image, height, width);
  return fit.crop === undefined ? resized : centreOf(path, resized, fit.crop);
}

function centreOf(path: string, image: Pixels, side: number): Pixels {
  const { height, width, channels, most, data } = image;
  if (height < side || width < side) {
    throw new CliError(
      `${path}: must have at least ${side} x ${side} pixels for --crop ${side}, got ${width} x ${height} (add --resize ${side})`,
    );
  }
  const [top, left] = [halfToEven(height - side), halfToEven(width - side)];
  const cut = most === 255 ? new Uint8Array(side * side * channels) : new Uint16Array(side * side * channels);
  for (let row = 0; row < side; row++) {
    const begin = ((top + row) * width + left) * channels;
    cut.set(data.subarray(begin, begin + side * channels), row * side * channels);
  }
  return { height: side, width: side, channels, most, data: cut };
}

/** Half of a whole number, to the even one where two are as near: `round` of Python, which places the crop there. */
function halfToEven(value: number): number {
  const below = Math.floor(value / 2);
  return value % 2 === 0 || below % 2 === 0 ? below : below + 1;
}

import { type Extent, resizedAndCropped, resizedExtent } from '../../data/resize-and-crop.ts';
import { CliError } from '../io.ts';
import type { Pixels } from './pixels.ts';

/** How images of a folder are brought to one size. @internal */
export interface Fit {
  /** Pixels of the shorter side. */
  readonly resize?: number | undefined;
  /** Pixels of both sides of the square in the middle that is kept. */
  readonly crop?: number | undefined;
}

/** The extent of an image after `--resize` and `--crop`. @internal */
export function fittedExtent(extent: Extent, { resize, crop }: Fit): Extent {
  return crop === undefined ? resizedExtent(extent, resize) : { height: crop, width: crop };
}

/** An image after `--resize` and `--crop`, as `Resize` and `CenterCrop` of torchvision make it. Throws CliError if it is too small to crop. @internal */
export function fitImage(path: string, image: Pixels, { resize, crop }: Fit): Pixels {
  const extent = resizedExtent(image, resize);
  const { height, width } = extent;
  if (crop !== undefined && Math.min(height, width) < crop) {
    throw new CliError(
      `${path}: must have at least ${crop} x ${crop} pixels for --crop ${crop}, got ${width} x ${height} (add --resize ${crop})`,
    );
  }
  return resizedAndCropped(image, extent, crop);
}

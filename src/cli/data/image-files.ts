import { byteLevels } from '../../data/input-values.ts';
import type { InputRange } from '../../types.ts';
import { CliError } from '../io.ts';
import { fitImage, fittedExtent } from './fit-image.ts';
import type { ImageHeader } from './image-header.ts';
import type { DataRequest, ImageSource } from './image-source.ts';
import { inColour } from './pixels.ts';
import { ImageReader } from './read-image.ts';

/** So many images are looked at before the first is read: they tell the shape of all. */
const LOOKED_AT = 256;

/**
 * Images in files, each read when it is needed, resized and cropped as asked, and brought to the input range.
 *
 * All images must have the shape of the first. Among images in colour a gray one gets three channels.
 * @internal
 */
export async function imageFiles(
  files: readonly string[],
  { format, resize, crop, inputRange = [0, 1], say }: DataRequest,
): Promise<Pick<ImageSource, 'size' | 'shape' | 'image' | 'files' | 'fromBytes'>> {
  const fit = { resize, crop };
  const reader = new ImageReader(format === 'png' || format === 'jpeg' ? format : undefined);
  const step = Math.max(1, Math.floor(files.length / LOOKED_AT));
  const looked = files.filter((_, i) => i % step === 0);
  const headers: ImageHeader[] = [];
  for (const path of looked) headers.push(await reader.header(path));
  const hasColour = headers.some(({ channels }) => channels > 1);
  const grayAt = hasColour ? headers.findIndex(({ channels }) => channels === 1) : -1;
  let toldOfGray = false;
  const tellOfGray = (path: string): void => {
    if (!toldOfGray) {
      say(
        `${path}: is gray among images in colour, so its channel is taken three times, as ImageFolder of torchvision does`,
      );
    }
    toldOfGray = true;
  };
  if (grayAt >= 0) tellOfGray(looked[grayAt] as string);
  const [first] = headers as [ImageHeader];
  const { height, width } = fittedExtent(first, fit);
  const shape = [height, width, hasColour ? 3 : 1];
  const check = (path: string, found: readonly number[]): void => {
    if (found.join() !== shape.join()) throw otherShape(path, found, { shape, fit, first: files[0] ?? '' });
  };
  for (const [i, header] of headers.entries()) {
    const fitted = fittedExtent(header, fit);
    check(looked[i] as string, [fitted.height, fitted.width, shape[2] as number]);
  }
  const bytes = byteLevels(inputRange);
  let words: Float32Array | undefined;
  const image = async (index: number): Promise<Float32Array> => {
    const path = files[index];
    if (path === undefined) throw new RangeError(`no image ${index} of ${files.length}`);
    const decoded = await reader.read(path);
    if (decoded.channels === 1 && hasColour) tellOfGray(path);
    const pixels = fitImage(path, hasColour ? inColour(decoded) : decoded, fit);
    check(path, [pixels.height, pixels.width, pixels.channels]);
    const { data, most } = pixels;
    const levels = most === 255 ? bytes : (words ??= wordLevels(inputRange));
    const input = new Float32Array(data.length);
    for (let i = 0; i < input.length; i++) input[i] = levels[data[i] as number] as number;
    return input;
  };
  return { size: files.length, shape, image, files, fromBytes: true };
}

interface Expected {
  readonly shape: readonly number[];
  readonly fit: { readonly resize?: number | undefined; readonly crop?: number | undefined };
  readonly first: string;
}

function otherShape(path: string, found: readonly number[], { shape, fit, first }: Expected): CliError {
  const [height = 0, width = 0] = shape;
  const side = Math.min(height, width);
  const isColour = found[2] !== shape[2];
  const way = isColour
    ? 'convert it to gray, or all to RGB'
    : fit.resize === undefined
      ? `--resize ${side} --crop ${side} brings all to one size`
      : `add --crop ${Math.min(fit.resize, side)}`;
  return new CliError(
    `${path}: must have the shape of the other images, [${shape.join(', ')}] as ${first}, got [${found.join(', ')}] (${way})`,
  );
}

/** What each value of 16 bits is in input units. */
function wordLevels([low, high]: InputRange): Float32Array {
  const most = 2 ** 16 - 1;
  return Float32Array.from({ length: most + 1 }, (_, level) => Math.min(high, low + ((high - low) * level) / most));
}

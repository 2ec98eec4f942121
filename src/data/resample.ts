/** An image whose values are whole numbers from 0 to `most`, row major, the channels of a pixel together. @internal */
export interface Raster {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** 255 or 65535. */
  readonly most: number;
  readonly data: Values;
}

type Values = Uint8Array | Uint8ClampedArray | Uint16Array;

/** Fractional bits of the weights, so many that sums of 8-bit pixels stay within 32 bits: the arithmetic of Pillow, whose values these are. */
const FRACTION = 2 ** 22;

/** Which pixels of a line a new pixel is made of. */
interface Window {
  readonly first: number;
  /** Whole multiples of 1 / FRACTION. */
  readonly weights: Float64Array;
}

/**
 * Windows of a triangle filter from `from` pixels to `to`: bilinear interpolation, whose triangle is as much wider as pixels become fewer, so that
 * every old pixel counts (antialiasing).
 */
function windowsOf(from: number, to: number): Window[] {
  const scale = from / to;
  const reach = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(from, Math.trunc(centre + reach + 0.5));
    const raw = Float64Array.from({ length: end - first }, (__, k) =>
      Math.max(0, 1 - Math.abs((first + k - centre + 0.5) / reach)),
    );
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return { first, weights: raw.map((weight) => Math.floor((weight / sum) * FRACTION + 0.5)) };
  });
}

/** One pass: lines of `from.length` pixels, `stride` values apart, become lines of `windows.length`. */
interface Pass {
  readonly windows: readonly Window[];
  /** Values between neighbours of a line, before and after. */
  readonly stride: number;
  /** Where each line begins, before and after. */
  readonly lines: number;
  readonly before: (line: number) => number;
  readonly after: (line: number) => number;
}

function passOver(source: Values, target: Values, most: number, pass: Pass): void {
  const { windows, stride, lines, before, after } = pass;
  for (let line = 0; line < lines; line++) {
    const [from, to] = [before(line), after(line)];
    for (const [i, { first, weights }] of windows.entries()) {
      let sum = FRACTION / 2;
      for (let k = 0; k < weights.length; k++) {
        sum += (weights[k] as number) * (source[from + (first + k) * stride] as number);
      }
      target[to + i * stride] = Math.min(most, Math.max(0, Math.floor(sum / FRACTION)));
    }
  }
}

/** An image in another size, by antialiased bilinear interpolation, rounded after each of the two passes: the pixels of `Image.resize` of Pillow. @internal */
export function resample<R extends Raster>(image: R, height: number, width: number): R {
  const { channels, most } = image;
  const make = (size: number): Values => (most === 255 ? new Uint8Array(size) : new Uint16Array(size));
  let data: Values = image.data;
  if (width !== image.width) {
    const wide = make(image.height * width * channels);
    const row = (length: number) => (line: number) =>
      Math.floor(line / channels) * length * channels + (line % channels);
    const windows = windowsOf(image.width, width);
    const lines = image.height * channels;
    passOver(data, wide, most, { windows, stride: channels, lines, before: row(image.width), after: row(width) });
    data = wide;
  }
  if (height !== image.height) {
    const high = make(height * width * channels);
    const same = (line: number): number => line;
    const windows = windowsOf(image.height, height);
    passOver(data, high, most, {
      windows,
      stride: width * channels,
      lines: width * channels,
      before: same,
      after: same,
    });
    data = high;
  }
  return { ...image, height, width, data };
}

/** A decoded image. @internal */
export interface Pixels {
  readonly height: number;
  readonly width: number;
  /** 1 is gray, 3 is red, green, blue. */
  readonly channels: 1 | 3;
  /** The value that stands for full brightness: 255 or 65535. */
  readonly most: number;
  /** Whole numbers from 0 to `most`, row major, the channels of a pixel together. */
  readonly data: Uint8Array | Uint16Array;
}

/** The same image with three channels, each with the gray of the one, as `convert('RGB')` of Pillow makes it. @internal */
export function inColour(image: Pixels): Pixels {
  if (image.channels === 3) return image;
  const { data: gray } = image;
  const data = image.most === 255 ? new Uint8Array(3 * gray.length) : new Uint16Array(3 * gray.length);
  for (let i = 0; i < data.length; i++) data[i] = gray[Math.floor(i / 3)] as number;
  return { ...image, channels: 3, data };
}

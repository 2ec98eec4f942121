import { CliError } from '../io.ts';

/** What an image file says of itself before its pixels. @internal */
export interface ImageHeader {
  readonly format: 'png' | 'jpeg';
  readonly height: number;
  readonly width: number;
  /** Without transparency: 1 gray, 3 colour; 4 in a JPEG file is CMYK, which becomes colour. */
  readonly channels: number;
}

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] as const;

/** Format, size and channels of an image file, by its content. Throws CliError for a file that is neither PNG nor JPEG. @internal */
export function readImageHeader(path: string, bytes: Uint8Array): ImageHeader {
  const header = isPng(bytes) ? pngHeader(bytes) : isJpeg(bytes) ? jpegHeader(bytes) : undefined;
  if (header !== undefined) return header;
  if (isPng(bytes) || isJpeg(bytes)) {
    throw new CliError(
      `${path}: must be a whole ${isPng(bytes) ? 'PNG' : 'JPEG'} file, got one of ${bytes.length} bytes that is cut off`,
    );
  }
  const start = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const got = start === '' ? 'an empty file' : `a file that begins with ${start}`;
  throw new CliError(`${path}: must be a PNG or JPEG file, got ${got}`);
}

const isPng = (bytes: Uint8Array): boolean => PNG.every((byte, i) => bytes[i] === byte);
const isJpeg = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;

/** Bits of the colour type of a PNG file: colours are stored, by a palette or not. */
const PNG_COLOUR = 2;

function pngHeader(bytes: Uint8Array): ImageHeader | undefined {
  if (bytes.length < 26) return undefined;
  const view = viewOf(bytes);
  const channels = (view.getUint8(25) & PNG_COLOUR) === 0 ? 1 : 3;
  return { format: 'png', width: view.getUint32(16), height: view.getUint32(20), channels };
}

/** Looks for the frame header among the segments of a JPEG file. */
function jpegHeader(bytes: Uint8Array): ImageHeader | undefined {
  const view = viewOf(bytes);
  let at = 2;
  while (at + 9 < bytes.length) {
    const marker = view.getUint8(at + 1);
    if (view.getUint8(at) !== 0xff) return undefined;
    if (marker === 0xff)
      at += 1; // fill bytes
    else if (isFrame(marker)) {
      return {
        format: 'jpeg',
        height: view.getUint16(at + 5),
        width: view.getUint16(at + 7),
        channels: view.getUint8(at + 9),
      };
    } else at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

/** SOF0 to SOF15, without the three markers among them that mean other things. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

import { readFile } from 'node:fs/promises';
import { CliError } from '../io.ts';
import { inFile } from '../read-data-file.ts';
import { type JpegDecoder, openJpegDecoder } from './decode-jpeg.ts';
import { decodePng } from './decode-png.ts';
import { type ImageHeader, readImageHeader } from './image-header.ts';
import type { Pixels } from './pixels.ts';

/** A format of image files. @internal */
export type ImageFormat = ImageHeader['format'];

/** Reads images of a folder, PNG and JPEG by their content, whatever their names say. @internal */
export class ImageReader {
  readonly #only: ImageFormat | undefined;
  #jpeg: Promise<JpegDecoder> | undefined;

  /** Of `--format`, where it says one. */
  constructor(only: ImageFormat | undefined) {
    this.#only = only;
  }

  /** Throws CliError if the decoder that this file needs is missing, or its header is damaged. */
  async header(path: string): Promise<ImageHeader> {
    const header = this.#checked(path, await inFile(path, () => readFile(path)));
    if (header.format === 'jpeg') await this.#decoderFor(path);
    return header;
  }

  /** Throws CliError for a file that cannot be decoded. */
  async read(path: string): Promise<Pixels> {
    const bytes = await inFile(path, () => readFile(path));
    const header = this.#checked(path, bytes);
    if (header.format === 'png') return decodePng(path, bytes);
    return (await this.#decoderFor(path))(path, bytes, header);
  }

  #decoderFor(path: string): Promise<JpegDecoder> {
    return (this.#jpeg ??= openJpegDecoder(path));
  }

  #checked(path: string, bytes: Uint8Array): ImageHeader {
    const header = readImageHeader(path, bytes);
    if (this.#only === undefined || header.format === this.#only) return header;
    throw new CliError(`${path}: must be ${this.#only} as --format says, got ${header.format}`);
  }
}

import { showValue } from '../errors.ts';

/** What {@link unpack} throws. @internal */
export interface UnpackErrors {
  /** More than the limit has come out. */
  tooLong(): Error;
  /** The bytes do not unpack. */
  corrupted(reason: string): Error;
}

/** Unpacks `bytes`, giving up as soon as more than `limit` have come out. @internal */
export async function unpack(
  bytes: Uint8Array,
  format: 'gzip' | 'deflate-raw',
  limit: number,
  errors: UnpackErrors,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = unpackedStream(bytes, format).getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw errors.corrupted(cause instanceof Error ? cause.message : showValue(cause));
    });
    if (done) return concatenate(chunks, size);
    size += value.length;
    if (size > limit) {
      await reader.cancel();
      throw errors.tooLong();
    }
    chunks.push(value);
  }
}

function unpackedStream(bytes: Uint8Array, format: 'gzip' | 'deflate-raw'): ReadableStream<Uint8Array> {
  const packed = new ReadableStream<BufferSource>({
    start(controller) {
      controller.enqueue(bytes as Uint8Array<ArrayBuffer>);
      controller.close();
    },
  });
  return packed.pipeThrough(new DecompressionStream(format));
}

function concatenate(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

import { DataError, showValue } from '../errors.ts';

/** Whether `bytes` begin with the two magic bytes of gzip. @internal */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Unpacks gzip `bytes`, giving up as soon as more than `maxBytes` have come out. @internal */
export async function gunzip(call: string, bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = unpackedStream(bytes).getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw corrupted(call, bytes, cause);
    });
    if (done) return concatenate(chunks, size);
    size += value.length;
    if (size > maxBytes) {
      await reader.cancel();
      throw new DataError(
        `\`bytes\` must unpack to at most ${maxBytes} bytes, got more (raise \`maxBytes\` if the file is trusted)`,
        { call, field: 'bytes', value: bytes },
      );
    }
    chunks.push(value);
  }
}

function unpackedStream(bytes: Uint8Array): ReadableStream<Uint8Array> {
  const packed = new ReadableStream<BufferSource>({
    start(controller) {
      controller.enqueue(bytes as Uint8Array<ArrayBuffer>);
      controller.close();
    },
  });
  return packed.pipeThrough(new DecompressionStream('gzip'));
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

function corrupted(call: string, bytes: Uint8Array, cause: unknown): DataError {
  const reason = cause instanceof Error ? cause.message : showValue(cause);
  return new DataError(
    `\`bytes\` must be an intact gzip file, got ${bytes.length} bytes that do not unpack: ${reason}`,
    {
      call,
      field: 'bytes',
      value: bytes,
    },
  );
}

/** Bytes of each element type. */
export const SAFETENSORS_WIDTHS: Readonly<Record<string, number>> = {
  ...{ BOOL: 1, U8: 1, I8: 1, I16: 2, U16: 2, F16: 2, BF16: 2, I32: 4, U32: 4, F32: 4, F64: 8, I64: 8, U64: 8 },
};

/** A tensor as it is to be written; the values of F16 and BF16 are their bits. */
export interface WrittenTensor {
  readonly name: string;
  readonly code: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** A file with this header and these bytes behind it. */
export function safetensorsFile(header: string | Uint8Array, body: ArrayLike<number> = []): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return Uint8Array.from([...length, ...text, ...Array.from(body)]);
}

/** The slow, obvious encoder: every value through a DataView, the tensors in the order in which they are given. */
export function writeSafetensors(
  tensors: readonly WrittenTensor[],
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  if (metadata) header['__metadata__'] = metadata;
  const body: number[] = [];
  for (const { name, code, shape, values } of tensors) {
    const begin = body.length;
    for (const value of values) body.push(...element(code, value));
    header[name] = { dtype: code, shape, data_offsets: [begin, body.length] };
  }
  return safetensorsFile(JSON.stringify(header), body);
}

function element(code: string, value: number): Uint8Array {
  const bytes = new Uint8Array(SAFETENSORS_WIDTHS[code]!);
  const view = new DataView(bytes.buffer);
  if (code === 'BOOL' || code === 'U8') view.setUint8(0, value);
  else if (code === 'I8') view.setInt8(0, value);
  else if (code === 'I16') view.setInt16(0, value, true);
  else if (code === 'F16' || code === 'BF16' || code === 'U16') view.setUint16(0, value, true);
  else if (code === 'I32') view.setInt32(0, value, true);
  else if (code === 'U32') view.setUint32(0, value, true);
  else if (code === 'U64') view.setBigUint64(0, BigInt(value), true);
  else if (code === 'I64') view.setBigInt64(0, BigInt(value), true);
  else if (code === 'F32') view.setFloat32(0, value, true);
  else view.setFloat64(0, value, true);
  return bytes;
}

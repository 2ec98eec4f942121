import { gzipSync } from 'node:zlib';
import type { IdxArray, IdxDtype } from '../../src/data/arrays.ts';

const CODES: Readonly<Record<IdxDtype, number>> = {
  uint8: 0x08,
  int8: 0x09,
  int16: 0x0b,
  int32: 0x0c,
  float32: 0x0d,
  float64: 0x0e,
};

/** The slow, obvious encoder: header, dimensions, then every value through a DataView. */
export function encodeIdx({ dtype, shape, data }: IdxArray): Uint8Array {
  const header = new Uint8Array(4 + 4 * shape.length);
  header.set([0, 0, CODES[dtype], shape.length]);
  const view = new DataView(header.buffer);
  shape.forEach((size, i) => view.setUint32(4 + 4 * i, size));
  const body = new Uint8Array(data.length * data.BYTES_PER_ELEMENT);
  const bodyView = new DataView(body.buffer);
  data.forEach((value, i) => {
    const at = i * data.BYTES_PER_ELEMENT;
    if (dtype === 'uint8') bodyView.setUint8(at, value);
    else if (dtype === 'int8') bodyView.setInt8(at, value);
    else if (dtype === 'int16') bodyView.setInt16(at, value);
    else if (dtype === 'int32') bodyView.setInt32(at, value);
    else if (dtype === 'float32') bodyView.setFloat32(at, value);
    else bodyView.setFloat64(at, value);
  });
  return new Uint8Array([...header, ...body]);
}

export function gzip(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(gzipSync(bytes));
}

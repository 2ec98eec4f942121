/**
 * Names of the files in which an ONNX model keeps its weights, relative to its folder; none if it has them inside, or if the bytes are no such model.
 *
 * @internal
 * @see `TensorProto.external_data` in https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function dataFilesOf(bytes: Uint8Array): readonly string[] {
  const names = new Set<string>();
  for (const graph of fieldsOf(bytes, GRAPH)) {
    for (const tensor of fieldsOf(graph, INITIALIZER)) {
      for (const entry of fieldsOf(tensor, EXTERNAL_DATA)) {
        const [key, value] = [fieldsOf(entry, KEY)[0], fieldsOf(entry, VALUE)[0]].map(textOf);
        if (key === 'location' && value !== undefined) names.add(value);
      }
    }
  }
  return [...names];
}

const GRAPH = 7;
const INITIALIZER = 5;
const EXTERNAL_DATA = 13;
const [KEY, VALUE] = [1, 2];

const textOf = (bytes: Uint8Array | undefined): string | undefined => bytes && new TextDecoder().decode(bytes);

/** All values of a field of a message of Protocol Buffers that have a length; up to where the message is damaged. */
function fieldsOf(message: Uint8Array, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  let at = 0;
  const varint = (): number => {
    let [value, weight] = [0, 1];
    for (let i = 0; i < 10 && at < message.length; i++) {
      const byte = message[at++] as number;
      value += (byte % 128) * weight;
      weight *= 128;
      if (byte < 128) return value;
    }
    return Infinity;
  };
  while (at < message.length) {
    const tag = varint();
    const wire = tag % 8;
    if (wire === 0) varint();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire === 2) {
      const length = varint();
      if (at + length > message.length) break;
      if (Math.floor(tag / 8) === wanted) found.push(message.subarray(at, at + length));
      at += length;
    } else break;
  }
  return found;
}

/** One field of a message of Protocol Buffers: a number, or the bytes of what is length-delimited. */
export interface Field {
  readonly field: number;
  readonly value: number | Uint8Array;
}

/** Reads one level of a message, from the wire format alone: https://protobuf.dev/programming-guides/encoding/ */
function fieldsOf(bytes: Uint8Array): Field[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let [value, weight] = [0n, 1n];
    for (;;) {
      const byte = view.getUint8(at++);
      value += BigInt(byte % 128) * weight;
      weight *= 128n;
      if (byte < 128) return Number(value);
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, wire] = [tag >> 3, tag & 7];
    if (wire === 0) found.push({ field, value: varint() });
    else if (wire === 5) {
      found.push({ field, value: view.getFloat32(at, true) });
      at += 4;
    } else if (wire === 2) {
      const length = varint();
      if (at + length > bytes.length) throw new Error(`field ${field} runs over the end`);
      found.push({ field, value: bytes.subarray(at, at + length) });
      at += length;
    } else throw new Error(`wire type ${wire} at byte ${at}`);
  }
  return found;
}

/** All values of one field, as bytes. */
export function bytesOf(bytes: Uint8Array, field: number): Uint8Array[] {
  return fieldsOf(bytes).flatMap((one) => (one.field === field ? [one.value as Uint8Array] : []));
}

/** All values of one field, as texts. */
export function textsOf(bytes: Uint8Array, field: number): string[] {
  return bytesOf(bytes, field).map((value) => new TextDecoder().decode(value));
}

/** All values of one field, as numbers. */
export function numbersOf(bytes: Uint8Array, field: number): number[] {
  return fieldsOf(bytes).flatMap((one) => (one.field === field ? [one.value as number] : []));
}

/** Field numbers of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
const [GRAPH, NODE, INITIALIZER, INPUT, OUTPUT] = [7, 1, 5, 11, 12];

/** The graph of an ONNX file. */
function graphOf(file: Uint8Array): Uint8Array {
  return bytesOf(file, GRAPH)[0]!;
}

/** The nodes of an ONNX file. */
export function nodesOf(file: Uint8Array): Uint8Array[] {
  return bytesOf(graphOf(file), NODE);
}

/** The constants of an ONNX file. */
export function constantsOf(file: Uint8Array): Uint8Array[] {
  return bytesOf(graphOf(file), INITIALIZER);
}

/** Names that are read before anything writes them, written twice, or promised as output and not written. */
export function danglingInputs(file: Uint8Array): string[] {
  const known = new Set<string>();
  const wrong: string[] = [];
  const define = (name: string): void => void (known.has(name) ? wrong.push(`${name} twice`) : known.add(name));
  bytesOf(graphOf(file), INPUT).forEach((port) => define(textsOf(port, 1)[0]!));
  constantsOf(file).forEach((tensor) => define(textsOf(tensor, 8)[0]!));
  for (const node of nodesOf(file)) {
    wrong.push(...textsOf(node, 1).filter((name) => !known.has(name)));
    textsOf(node, 2).forEach(define);
  }
  const outputs = bytesOf(graphOf(file), OUTPUT).flatMap((port) => textsOf(port, 1));
  return [...wrong, ...outputs.filter((name) => !known.has(name))];
}

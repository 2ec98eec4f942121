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

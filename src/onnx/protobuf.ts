/** A message of Protocol Buffers, or a part of one: its fields, in their order. @internal */
export type Message = readonly Uint8Array[];

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** An integer field, from 0 to 2⁵³ − 1. @internal */
export function integer(field: number, value: number): Message {
  return [Uint8Array.from([...varint(field * 8 + VARINT), ...varint(value)])];
}

/** A float field. @internal */
export function float(field: number, value: number): Message {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return [Uint8Array.from([...varint(field * 8 + FIXED_32), ...bytes])];
}

/** A string field. @internal */
export function string(field: number, text: string): Message {
  return message(field, [new TextEncoder().encode(text)]);
}

/** A field that holds bytes or a message. @internal */
export function message(field: number, parts: Message): Message {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [Uint8Array.from([...varint(field * 8 + LENGTH_DELIMITED), ...varint(length)]), ...parts];
}

/** The bytes of a message. @internal */
export function messageBytes(parts: Message): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Seven bits a byte, the lowest first; the top bit says that more follow. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

/** An attribute of a node: an integer, integers, a text, or a float as `{ float }`. @internal */
export type Attribute = number | readonly number[] | string | { readonly float: number };

/** One operation of a graph. @internal */
export interface Node {
  readonly operation: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** A constant of a graph; float32 as such, int64 as BigInt64Array. @internal */
export interface Constant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | BigInt64Array;
}

/** A named value with its shape; a text is a free size. */
interface Port {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

/** A model: one input, one output. */
interface Graph {
  readonly name: string;
  readonly input: Port;
  readonly output: Port;
  readonly nodes: readonly Node[];
  readonly constants: readonly Constant[];
}

// Opset 13 is that of PyTorch's exporter for long, and every runtime since 2021 reads it and format version 7.
const FORMAT_VERSION = 7;
const OPSET = 13;
const FLOAT = 1;
const INT64 = 7;

/** The bytes of an ONNX file. @internal @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
export function onnxBytes({ name, input, output, nodes, constants }: Graph): Uint8Array<ArrayBuffer> {
  const graph = [
    ...nodes.flatMap((node) => message(1, nodeMessage(node))),
    ...string(2, name),
    ...constants.flatMap((constant) => message(5, tensorMessage(constant))),
    ...message(11, portMessage(input)),
    ...message(12, portMessage(output)),
  ];
  const opset = [...string(1, ''), ...integer(2, OPSET)];
  return messageBytes([
    ...integer(1, FORMAT_VERSION),
    ...string(2, 'catrs'),
    ...message(7, graph),
    ...message(8, opset),
  ]);
}

function nodeMessage({ operation, inputs, output, attributes = {} }: Node): Message {
  return [
    ...inputs.flatMap((input) => string(1, input)),
    ...string(2, output),
    ...string(3, output),
    ...string(4, operation),
    ...Object.entries(attributes).flatMap(([name, value]) => message(5, [...string(1, name), ...attribute(value)])),
  ];
}

function attribute(value: Attribute): Message {
  const type = (kind: number): Message => integer(20, kind);
  if (typeof value === 'number') return [...integer(3, value), ...type(2)];
  if (typeof value === 'string') return [...string(4, value), ...type(3)];
  if ('float' in value) return [...float(2, value.float), ...type(1)];
  return [...value.flatMap((item) => integer(8, item)), ...type(7)];
}

function tensorMessage({ name, shape, values }: Constant): Message {
  return [
    ...shape.flatMap((size) => integer(1, size)),
    ...integer(2, values instanceof Float32Array ? FLOAT : INT64),
    ...string(8, name),
    ...message(9, [new Uint8Array(values.buffer, values.byteOffset, values.byteLength)]),
  ];
}

function portMessage({ name, shape }: Port): Message {
  const sizes = shape.flatMap((size) => message(1, typeof size === 'number' ? integer(1, size) : string(2, size)));
  const tensor = [...integer(1, FLOAT), ...message(2, sizes)];
  return [...string(1, name), ...message(2, message(1, tensor))];
}

/** A message of Protocol Buffers, or a part of one: its fields, in their order. */
type Message = readonly Uint8Array[];

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** An integer field, from 0 to 2⁵³ − 1. */
function integer(field: number, value: number): Message {
  return [Uint8Array.from([...varint(field * 8 + VARINT), ...varint(value)])];
}

/** A float field. */
function float(field: number, value: number): Message {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return [Uint8Array.from([...varint(field * 8 + FIXED_32), ...bytes])];
}

/** A string field. */
function string(field: number, text: string): Message {
  return message(field, [new TextEncoder().encode(text)]);
}

/** A field that holds bytes or a message. */
function message(field: number, parts: Message): Message {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [Uint8Array.from([...varint(field * 8 + LENGTH_DELIMITED), ...varint(length)]), ...parts];
}

/** The bytes of a message. */
function messageBytes(parts: Message): Uint8Array<ArrayBuffer> {
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

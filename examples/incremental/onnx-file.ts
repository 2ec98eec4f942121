/** As much of an ONNX file as a network of integers needs, by https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. */

/** One operation with one output; attributes are integers. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

/** A constant; the class of its values says the element type. */
export interface OnnxConstant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array | Int8Array | Uint8Array | BigInt64Array;
}

/** A network of one input and one output, both float32 with a free batch in front. */
export interface OnnxGraph {
  readonly name: string;
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
}

/** Element types of ONNX by their numbers. */
export const ELEMENT = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;

const FORMAT = 7;
const OPSET = 13;

/** The bytes of a file whose input is called `input` and whose output `output`. */
export function onnxFile({ name, inputShape, outputShape, nodes, constants }: OnnxGraph): Uint8Array<ArrayBuffer> {
  const graph = [
    ...nodes.flatMap((node) => field(1, nodeOf(node))),
    ...text(2, name),
    ...constants.flatMap((constant) => field(5, tensorOf(constant))),
    ...field(11, portOf('input', inputShape)),
    ...field(12, portOf('output', outputShape)),
  ];
  return joined([...integer(1, FORMAT), ...field(7, graph), ...field(8, [...text(1, ''), ...integer(2, OPSET)])]);
}

type Parts = readonly Uint8Array[];

function nodeOf({ op, inputs, output, attributes = {} }: OnnxNode): Parts {
  const written = Object.entries(attributes).flatMap(([name, value]) => {
    const values =
      typeof value === 'number'
        ? [...integer(3, value), ...integer(20, 2)]
        : [...value.flatMap((one) => integer(8, one)), ...integer(20, 7)];
    return field(5, [...text(1, name), ...values]);
  });
  return [...inputs.flatMap((input) => text(1, input)), ...text(2, output), ...text(4, op), ...written];
}

function tensorOf({ name, shape, values }: OnnxConstant): Parts {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return [
    ...shape.flatMap((size) => integer(1, size)),
    ...integer(2, elementOf(values)),
    ...text(8, name),
    ...field(9, [bytes]),
  ];
}

function elementOf(values: OnnxConstant['values']): number {
  if (values instanceof Float32Array) return ELEMENT.float;
  if (values instanceof Int32Array) return ELEMENT.int32;
  if (values instanceof BigInt64Array) return ELEMENT.int64;
  return values instanceof Int8Array ? ELEMENT.int8 : ELEMENT.uint8;
}

function portOf(name: string, shape: readonly number[]): Parts {
  const sizes = [...field(1, text(2, 'batch')), ...shape.flatMap((size) => field(1, integer(1, size)))];
  return [...text(1, name), ...field(2, field(1, [...integer(1, ELEMENT.float), ...field(2, sizes)]))];
}

function integer(id: number, value: number): Parts {
  return [Uint8Array.from([...varint(8 * id), ...varint(value)])];
}

function text(id: number, content: string): Parts {
  return field(id, [new TextEncoder().encode(content)]);
}

function field(id: number, parts: Parts): Parts {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [Uint8Array.from([...varint(8 * id + 2), ...varint(length)]), ...parts];
}

function joined(parts: Parts): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [128 + (value % 128), ...varint(Math.floor(value / 128))];
}

/** Element types of ONNX, by the names of the runtime. */
const TYPES = { float32: 1, uint8: 2, int64: 7, float16: 10, float64: 11 } as const;
type ElementType = keyof typeof TYPES;

/** An input or output; a text is a free size. */
export interface TinyPort {
  readonly name: string;
  readonly shape: readonly (number | string)[];
  readonly type?: ElementType;
}

/** An operation with one output and integers as attributes. */
export interface TinyNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly integers?: Readonly<Record<string, number | readonly number[]>>;
}

/** A constant, in the file or in another one beside it. */
export interface TinyConstant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | BigInt64Array;
  readonly location?: string;
}

/** A model in ONNX, small enough to be written in a test. */
export interface TinyModel {
  readonly inputs: readonly TinyPort[];
  readonly outputs: readonly TinyPort[];
  readonly nodes: readonly TinyNode[];
  readonly constants?: readonly TinyConstant[];
}

/** The bytes of a model, by https://github.com/onnx/onnx/blob/main/onnx/onnx.proto alone: nothing of `src` is in it. */
export function tinyOnnx({ inputs, outputs, nodes, constants = [] }: TinyModel): Uint8Array {
  const graph = [
    nodes.map((node) => field(1, nodeOf(node))),
    field(2, text('tiny')),
    constants.map((constant) => field(5, tensorOf(constant))),
    inputs.map((port) => field(11, portOf(port))),
    outputs.map((port) => field(12, portOf(port))),
  ];
  return Uint8Array.from(
    [number(1, 7), field(7, graph), field(8, [field(1, text('')), number(2, 13)])].flat(Infinity as 1),
  );
}

/** y = f(flatten(x) · w): logits of images, whatever their shape and the type of their numbers. */
export function linearOnnx(
  {
    type = 'float32',
    shape,
    out = type === 'uint8' ? 'float32' : type,
  }: { readonly type?: ElementType; readonly out?: ElementType; readonly shape: TinyPort['shape'] },
  { weights, classes }: { readonly weights: readonly number[]; readonly classes: number },
): TinyModel {
  return {
    inputs: [{ name: 'x', shape, type }],
    outputs: [{ name: 'y', shape: [shape[0] ?? 'N', classes], type: out }],
    nodes: [
      { op: 'Cast', inputs: ['x'], output: 'floats', integers: { to: TYPES.float32 } },
      { op: 'Flatten', inputs: ['floats'], output: 'flat', integers: { axis: 1 } },
      { op: 'MatMul', inputs: ['flat', 'w'], output: 'z' },
      { op: 'Cast', inputs: ['z'], output: 'y', integers: { to: TYPES[out] } },
    ],
    constants: [{ name: 'w', shape: [weights.length / classes, classes], values: Float32Array.from(weights) }],
  };
}

type Bytes = readonly (number | Bytes)[];

function nodeOf({ op, inputs, output, integers = {} }: TinyNode): Bytes {
  const attributes = Object.entries(integers).map(([name, value]) => {
    const values =
      typeof value === 'number'
        ? [number(3, value), number(20, 2)]
        : [value.map((one) => number(8, one)), number(20, 7)];
    return field(5, [field(1, text(name)), values]);
  });
  return [inputs.map((input) => field(1, text(input))), field(2, text(output)), field(4, text(op)), attributes];
}

function portOf({ name, shape, type = 'float32' }: TinyPort): Bytes {
  const sizes = shape.map((size) => field(1, typeof size === 'number' ? number(1, size) : field(2, text(size))));
  return [field(1, text(name)), field(2, field(1, [number(1, TYPES[type]), field(2, sizes)]))];
}

function tensorOf({ name, shape, values, location }: TinyConstant): Bytes {
  const type = values instanceof Float32Array ? TYPES.float32 : TYPES.int64;
  const data =
    location === undefined
      ? field(9, [...new Uint8Array(values.buffer)])
      : [field(13, [field(1, text('location')), field(2, text(location))]), number(14, 1)];
  return [shape.map((size) => number(1, size)), number(2, type), field(8, text(name)), data];
}

const text = (value: string): Bytes => [...new TextEncoder().encode(value)];

function number(id: number, value: number): Bytes {
  return [...varint(8 * id), ...varint(value)];
}

function field(id: number, content: Bytes): Bytes {
  const bytes = content.flat(Infinity as 1) as number[];
  return [...varint(8 * id + 2), ...varint(bytes.length), ...bytes];
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

import {
  boxSlots,
  ClassifierError,
  createKey,
  fillUniforms,
  nonMaxSuppression,
  OptionError,
  type TypedDetector,
} from 'catrs';
import { onnxDetector, type OnnxSession, type OnnxTensor, type OnnxTensorConstructor, type OnnxValueMetadata } from 'catrs/onnx'; // prettier-ignore
import { describe, expect, it } from 'vitest';
import { expectError } from '../helpers/errors.ts';
import { requireGuest } from '../helpers/guests.ts';
import { tinyOnnx } from './tiny-onnx.ts';

class Tensor implements OnnxTensor {
  readonly type: string;
  readonly data: unknown;
  readonly dims: readonly number[];

  constructor(type: string, data: unknown, dims: readonly number[]) {
    this.type = type;
    this.data = data;
    this.dims = dims;
  }
}

/** What each run of a session was given, with its rows. */
type Seen = { readonly dims: readonly number[]; readonly type: string | undefined; readonly data: readonly number[] }[];

function sessionOf(
  outputNames: readonly string[],
  answer: (rows: readonly (readonly number[])[]) => readonly OnnxTensor[],
  metadata: Partial<Pick<OnnxSession, 'inputMetadata' | 'outputMetadata'>> = {},
): { readonly session: OnnxSession; readonly seen: Seen } {
  const seen: Seen = [];
  const session: OnnxSession = {
    inputNames: ['images'],
    outputNames,
    ...metadata,
    run: async ({ images }, fetches) => {
      const { data, dims, type } = images as OnnxTensor;
      const values = Array.from(data as Float32Array);
      seen.push({ dims, type, data: values });
      const [batch = 1] = dims;
      const rows = Array.from({ length: batch }, (_, row) => values.slice((row * values.length) / batch, ((row + 1) * values.length) / batch)); // prettier-ignore
      const all = await Promise.resolve(answer(rows));
      return Object.fromEntries(fetches.map((name) => [name, all[outputNames.indexOf(name)] as OnnxTensor]));
    },
  };
  return { session, seen };
}

const float = (dims: readonly number[], values: readonly number[]): Tensor =>
  new Tensor('float32', Float32Array.from(values), dims);
const listOf = async (
  detector: TypedDetector,
  values: readonly number[],
  batch: number,
  shape: readonly number[] = [values.length / batch],
): Promise<number[][][]> => {
  const found = await detector.detect(Float32Array.from(values), { batch, shape });
  return found.map((row) => [row.boxes, row.scores, row.labels].map((list) => Array.from(list)));
};
const port = (name: string, type: string, shape: readonly (number | string)[]): OnnxValueMetadata => ({
  name,
  isTensor: true,
  type,
  shape,
});

describe('onnxDetector', () => {
  // As torchvision exports: one image, as many boxes as its first value says, labels of 64 bits.
  const torchvision = (metadata = true): ReturnType<typeof sessionOf> =>
    sessionOf(
      ['boxes', 'labels', 'scores'],
      ([row = []]) => {
        const n = row[0] ?? 0;
        const all = Array.from({ length: n }, (_, i) => i);
        return [
          float([n, 4], all.flatMap((i) => [i, i, i + 2, i + 3])),
          new Tensor('int64', BigInt64Array.from(all, (i) => BigInt(i + 1)), [n]),
          float([n], all.map((i) => 1 / (i + 1))),
        ]; // prettier-ignore
      },
      metadata
        ? {
            inputMetadata: [port('images', 'float32', [1, 3, 2, 2])],
            outputMetadata: [port('boxes', 'float32', ['N', 4])],
          }
        : {},
    );
  const images = [2, 0, 1].flatMap((n) => [n, ...Array<number>(11).fill(0.5)]);
  const wanted = [
    [
      [0, 0, 2, 3, 1, 1, 3, 4],
      [1, 0.5],
      [1, 2],
    ],
    [[], [], []],
    [[0, 0, 2, 3], [1], [1]],
  ];

  it('runs exports of torchvision image by image, with a varying number of boxes', async () => {
    const { session, seen } = torchvision();
    const detector = onnxDetector(session, { Tensor, layout: 'nchw', numLabels: 91 });
    expect(detector).toMatchObject({ format: 'xyxy', units: 'pixels', numLabels: 91, inputShape: [2, 2, 3] });
    expect(await listOf(detector, images, 3, [2, 2, 3])).toEqual(wanted);
    expect(seen.map(({ dims }) => dims)).toEqual(Array(3).fill([1, 3, 2, 2]));
    expect(seen[0]?.data.length).toBe(12);
  });

  it('asks for the size of the batch where the runtime does not say it', async () => {
    const { session } = torchvision(false);
    await expectError(
      () => listOf(onnxDetector(session, { Tensor }), images, 3),
      ClassifierError,
      'onnxDetector: `detector` must return boxes [3, N, 4], got [2, 4] (a model that takes one image at a time needs fixedBatch: 1)',
    );
    expect(await listOf(onnxDetector(session, { Tensor, fixedBatch: 1 }), images, 3)).toEqual(wanted);
  });

  it('lays images out with the channels first', async () => {
    const { session, seen } = torchvision();
    const image = [2, 10, 20, 1, 11, 21, 2, 12, 22, 3, 13, 23];
    await listOf(onnxDetector(session, { Tensor, layout: 'nchw' }), image, 1, [2, 2, 3]);
    expect(seen[0]?.data).toEqual([2, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23]);
  });

  it('reads the object detection API: bytes, corners from the top, counts', async () => {
    const outputs = ['detection_boxes', 'detection_classes', 'detection_scores', 'num_detections'];
    const { session, seen } = sessionOf(
      outputs,
      (rows) => [
        float([rows.length, 2, 4], rows.flatMap((row) => [0.25, 0.5, 0.5, 1, ...row])),
        float([rows.length, 2], rows.flatMap(() => [3, 1])),
        float([rows.length, 2], rows.flatMap(() => [0.75, 0.5])),
        float([rows.length], rows.map(([first = 0]) => (first > 100 ? 1 : 2))),
      ], // prettier-ignore
      { inputMetadata: [port('images', 'uint8', ['N', 'h', 'w', 1])] },
    );
    const detector = onnxDetector(session, { Tensor });
    expect(detector).toMatchObject({ format: 'yxyx', units: 'normalized', inputRange: [0, 255] });
    const values = [200.4, 0, 0, 0, 3, -2, 300, 1];
    expect(await listOf(detector, values, 2, [2, 2, 1])).toEqual([
      [[0.25, 0.5, 0.5, 1], [0.75], [3]],
      [
        [0.25, 0.5, 0.5, 1, 3, 0, 255, 1],
        [0.75, 0.5],
        [3, 1],
      ],
    ]);
    expect(seen[0]?.type).toBe('uint8');
    const rows = await boxSlots(detector, { slots: 1, size: [40, 100] }).classify(Float32Array.from(values), {
      batch: 2,
      shape: [2, 2, 1],
    });
    expect([...rows.subarray(0, 6)]).toEqual([50, 10, 100, 20, 3, 0.75]);
  });

  it('reads YOLO with one output, of a model of a fixed batch', async () => {
    const { session, seen } = sessionOf(
      ['output0'],
      (rows) => [float([2, 6, 7], rows.flatMap(([first = 0]) => [0, 1, 2, 3, 4, 5].flatMap((k) => Array<number>(7).fill(k + first))))], // prettier-ignore
      { inputMetadata: [port('images', 'float32', [2, 4])], outputMetadata: [port('output0', 'float32', [2, 6, 7])] },
    );
    const detector = onnxDetector(session, { Tensor, engine: 'mine' });
    expect(detector).toMatchObject({ format: 'cxcywh', units: 'pixels', engine: 'mine' });
    const found = await listOf(detector, [10, 0, 0, 0, 20, 0, 0, 0, 30, 0, 0, 0], 3);
    expect(found.map(([boxes, scores, labels]) => [boxes?.slice(0, 4), scores?.[6], labels?.[6]])).toEqual(
      [10, 20, 30].map((first) => [[first, first + 1, first + 2, first + 3], first + 5, 1]),
    );
    expect(seen.map(({ data }) => data)).toEqual([[10, 0, 0, 0, 20, 0, 0, 0], [30, 0, 0, 0, 30, 0, 0, 0]]); // prettier-ignore
  });

  it('says what is wrong', async () => {
    const { session } = sessionOf(['a', 'b'], () => []);
    await expectError(
      () => onnxDetector(session, { Tensor }),
      OptionError,
      'onnxDetector: `boxes` must name one of the outputs (a, b), got none',
    );
    const text = sessionOf(['box', 'score'], () => [new Tensor('string', ['a'], [1]), float([1], [1])]);
    await expectError(
      () => listOf(onnxDetector(text.session, { Tensor }), [1], 1),
      ClassifierError,
      'onnxDetector: `session` must return numbers as output "box", got string [1]',
    );
    await expectError(
      () => listOf(onnxDetector(torchvision().session, { Tensor, layout: 'nchw' }), [1, 2], 1),
      ClassifierError,
      'onnxDetector: `inputs` must be of the shape [2, 2, 3] that the session takes, got [2]',
    );
    const failing: OnnxSession = { ...torchvision().session, run: () => Promise.reject(new Error('no kernel')) };
    await expectError(
      () => listOf(onnxDetector(failing, { Tensor, layout: 'nchw' }), images.slice(0, 12), 1, [2, 2, 3]),
      ClassifierError,
      'onnxDetector: `session` must run on float32 [1, 3, 2, 2], got "no kernel" (the quoted text is that of the runtime)',
    );
  });
});

interface Runtime {
  readonly InferenceSession: { create(file: Uint8Array): Promise<OnnxSession> };
  readonly Tensor: OnnxTensorConstructor;
}

describe('onnxDetector on onnxruntime', () => {
  const runtime = requireGuest<Runtime>('onnxruntime-node');
  if ('reason' in runtime) {
    it('runs a model with suppression', ({ skip }) => skip(runtime.reason));
    return;
  }
  const K = 12;
  const bits = (value: number): Float32Array => Float32Array.of(value);
  const longs = (...values: number[]): BigInt64Array => BigInt64Array.from(values, BigInt);
  // One image [1, K, 5]; boxes [n, 4], labels [n] of 64 bits and scores [n] of what its suppression leaves.
  const file = tinyOnnx({
    inputs: [{ name: 'x', shape: [1, K, 5] }],
    outputs: [
      { name: 'boxes', shape: ['n', 4] },
      { name: 'labels', shape: ['n'], type: 'int64' },
      { name: 'scores', shape: ['n'] },
    ],
    nodes: [
      { op: 'Slice', inputs: ['x', 'zero', 'four', 'two'], output: 'all' },
      { op: 'Slice', inputs: ['x', 'four', 'five', 'two'], output: 'column' },
      { op: 'Transpose', inputs: ['column'], output: 'sure', integers: { perm: [0, 2, 1] } },
      { op: 'NonMaxSuppression', inputs: ['all', 'sure', 'most', 'overlap', 'least'], output: 'picked' },
      { op: 'Gather', inputs: ['picked', 'last'], output: 'kept', integers: { axis: 1 } },
      { op: 'Squeeze', inputs: ['all', 'zero'], output: 'flat' },
      { op: 'Gather', inputs: ['flat', 'kept'], output: 'boxes', integers: { axis: 0 } },
      { op: 'Reshape', inputs: ['column', 'any'], output: 'line' },
      { op: 'Gather', inputs: ['line', 'kept'], output: 'scores', integers: { axis: 0 } },
      { op: 'Mul', inputs: ['kept', 'nothing'], output: 'labels' },
    ],
    constants: [
      { name: 'zero', shape: [1], values: longs(0) },
      { name: 'two', shape: [1], values: longs(2) },
      { name: 'four', shape: [1], values: longs(4) },
      { name: 'five', shape: [1], values: longs(5) },
      { name: 'any', shape: [1], values: longs(-1) },
      { name: 'last', shape: [], values: longs(2) },
      { name: 'most', shape: [1], values: longs(K) },
      { name: 'nothing', shape: [1], values: longs(0) },
      { name: 'overlap', shape: [1], values: bits(0.5) },
      { name: 'least', shape: [1], values: bits(0.25) },
    ],
  });

  it('runs a model with suppression, as suppression in plain numbers does', async () => {
    const session = await runtime.found.InferenceSession.create(file);
    const detector = onnxDetector(session, { Tensor: runtime.found.Tensor });
    const rows = 6;
    const draws = new Float32Array(rows * K * 5);
    fillUniforms(draws, { key: createKey(3), start: 0, dimension: draws.length });
    const values = draws.map((value, i) =>
      i % 5 === 2 || i % 5 === 3 ? (draws[i - 2] as number) + 0.6 * value : value,
    );
    const found = await listOf(detector, [...values], rows, [K, 5]);
    found.forEach((row, i) => {
      const own = Array.from({ length: K }, (_, box) => [...values.subarray(5 * (K * i + box), 5 * (K * i + box + 1))]);
      const [boxes, scores] = [own.flatMap((one) => one.slice(0, 4)), own.map((one) => one[4] as number)];
      const kept = nonMaxSuppression({ boxes, scores, labels: scores.map(() => 0) }, { threshold: 0.25 });
      expect(row).toEqual([
        kept.flatMap((one) => boxes.slice(4 * one, 4 * one + 4)),
        kept.map((one) => scores[one] as number),
        kept.map(() => 0),
      ]);
    });
    expect(new Set(found.map(([, scores]) => scores?.length)).size).toBeGreaterThan(1);
  });
});

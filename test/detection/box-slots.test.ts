import * as tf from '@tensorflow/tfjs';
import { type BoxFormat, boxSlots, type BoxUnits, SLOT_SIZE, type TensorDetector, type TypedDetector } from 'catrs';
import { describe, expect, it } from 'vitest';
import { foundOf, type TestBox } from './slots.ts';

const ONE = { batch: 1, shape: [10, 20, 1] };
const slotsOf = async (
  detector: TypedDetector | TensorDetector,
  options: Parameters<typeof boxSlots>[1],
  { batch, shape } = ONE,
): Promise<number[]> => {
  const size = shape.reduce((product, length) => product * length, batch);
  return [...(await boxSlots(detector, options).classify(new Float32Array(size), { batch, shape }))];
};
const absent = Array<number>(SLOT_SIZE).fill(Infinity);
const listed = (...boxes: readonly TestBox[]): TypedDetector => ({ detect: () => [foundOf(boxes)] });

describe('boxSlots', () => {
  it('writes corners, label and score of each slot, and infinities where no box is', async () => {
    const detector = listed({ box: [1, 2, 3, 4], label: 5, score: 0.5 }, { box: [6, 7, 8, 9], label: 1, score: 0.75 });
    expect(await slotsOf(detector, { slots: 3 })).toEqual([6, 7, 8, 9, 1, 0.75, 1, 2, 3, 4, 5, 0.5, ...absent]);
    expect(await slotsOf(detector, { slots: 1 })).toEqual([6, 7, 8, 9, 1, 0.75]);
  });

  it('sorts by the centre from left to right and, of one x, from top to bottom: the second sort of the reference code undid the first', async () => {
    const boxes = [
      { box: [4, 6, 6, 8], label: 0, score: 0.9 },
      { box: [4, 0, 6, 2], label: 0, score: 0.1 },
      { box: [0, 9, 2, 9], label: 0, score: 0.5 },
      { box: [4, 3, 6, 5], label: 0, score: 0.7 },
    ] as const;
    const row = await slotsOf(listed(...boxes), { slots: 4, sort: 'center' });
    expect([0, 1, 2, 3].map((slot) => row[SLOT_SIZE * slot + 1])).toEqual([9, 0, 3, 6]);
  });

  it('gives equal boxes their slots in the order of the detector', async () => {
    const twins = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((label) => ({ box: [0, 0, 2, 2] as const, label, score: 0.5 })); // prettier-ignore
    for (const sort of ['score', 'center'] as const) {
      const row = await slotsOf(listed(...twins), { slots: 12, sort });
      expect(twins.map((_, slot) => row[SLOT_SIZE * slot + 4])).toEqual(twins.map(({ label }) => label));
    }
  });

  it('knows its bins before: an image cannot change where a label or a cell has its slots', async () => {
    const [one, two] = [
      { box: [0, 0, 2, 2], label: 2, score: 0.5 },
      { box: [15, 7, 17, 9], label: 0, score: 0.5 },
    ] as const;
    const labels = { slots: 3, bins: 'label', labels: 3 } as const;
    const [first, second] = [await slotsOf(listed(one), labels), await slotsOf(listed(two, one), labels)];
    expect(first.slice(12)).toEqual(second.slice(12));
    expect(first.slice(0, 12)).toEqual([...absent, ...absent]);
    const cells = { slots: 4, bins: 'cell', cells: [2, 2] } as const;
    expect(await slotsOf(listed(two, one), cells)).toEqual([0, 0, 2, 2, 2, 0.5, ...absent, ...absent, 15, 7, 17, 9, 0, 0.5]); // prettier-ignore
  });

  it('takes the number of labels that the detector declares', async () => {
    const detector = { ...listed({ box: [1, 1, 2, 2], label: 1, score: 1 }), numLabels: 2 };
    expect(boxSlots(detector, { slots: 20, sort: 'score', bins: 'label' }).outputs).toBe(120);
    expect(await slotsOf(detector, { slots: 2, bins: 'label' })).toEqual([...absent, 1, 1, 2, 2, 1, 1]);
  });

  it('drops what is beyond the slots of its bin and says so, if it is asked to', async () => {
    const boxes = [0, 1, 1].map((label, i) => ({ box: [i, i, i + 1, i + 1] as const, label, score: 1 - i / 4 }));
    const last = async (options: object, ...some: TestBox[]): Promise<number | undefined> =>
      (await slotsOf(listed(...some), { slots: 2, beyond: true, ...options })).at(-1);
    expect(await last({}, ...boxes)).toBe(1);
    expect(await last({}, ...boxes.slice(1))).toBe(0);
    expect(await last({ bins: 'label', labels: 2 }, ...boxes)).toBe(1);
    expect(await last({ bins: 'label', labels: 2 }, ...boxes.slice(0, 2))).toBe(0);
    expect(await last({ labels: [0] }, ...boxes)).toBe(0);
    expect(await last({ threshold: 0.5 }, ...boxes)).toBe(0);
  });

  it('suppresses boxes of one label that overlap, before slots are given', async () => {
    const detector = listed(
      { box: [0, 0, 10, 10], label: 0, score: 0.5 },
      { box: [1, 0, 11, 10], label: 0, score: 0.75 },
      { box: [0, 0, 10, 10], label: 1, score: 0.25 },
    );
    const row = await slotsOf(detector, { slots: 3, overlap: 0.5 });
    expect(row).toEqual([1, 0, 11, 10, 0, 0.75, 0, 0, 10, 10, 1, 0.25, ...absent]);
  });

  const formats: readonly (readonly [BoxFormat, BoxUnits, TestBox['box']])[] = [
    ['xyxy', 'pixels', [2, 4, 8, 5]],
    ['yxyx', 'pixels', [4, 2, 5, 8]],
    ['xywh', 'pixels', [2, 4, 6, 1]],
    ['cxcywh', 'pixels', [5, 4.5, 6, 1]],
    ['xyxy', 'normalized', [2 / 16, 4 / 8, 8 / 16, 5 / 8]],
    ['yxyx', 'normalized', [4 / 8, 2 / 16, 5 / 8, 8 / 16]],
    ['cxcywh', 'normalized', [5 / 16, 4.5 / 8, 6 / 16, 1 / 8]],
  ];
  it.each(formats)('reads boxes as %s in %s', async (format, units, box) => {
    const detector = listed({ box, label: 0, score: 1 });
    const wide = { batch: 1, shape: [8, 16, 3] };
    expect(await slotsOf(detector, { slots: 1, format, units }, wide)).toEqual([2, 4, 8, 5, 0, 1]);
    expect(await slotsOf({ ...detector, format, units }, { slots: 1 }, wide)).toEqual([2, 4, 8, 5, 0, 1]);
    const flat = { batch: 1, shape: [128] };
    expect(await slotsOf(detector, { slots: 1, format, units, size: [8, 16] }, flat)).toEqual([2, 4, 8, 5, 0, 1]);
  });

  it('makes a row of NaN where a number is not finite, but for padding', async () => {
    const good = { box: [1, 1, 2, 2], label: 0, score: 1 } as const;
    for (const bad of [{ box: [1, NaN, 2, 2] as const }, { box: [1, 1, 2, Infinity] as const }, { score: NaN }]) {
      const row = await slotsOf(listed(good, { ...good, ...bad }), { slots: 1, beyond: true });
      expect(row).toEqual(Array(7).fill(NaN));
      const padding = await slotsOf(listed(good, { ...good, ...bad, label: -1 }), { slots: 1 });
      expect(padding).toEqual([1, 1, 2, 2, 0, 1]);
    }
  });

  it('reads detectors of tensors, with counts or with padding, and frees what they make', async () => {
    const wanted = [0, 0, 2, 4, 1, 0.5, ...absent, 1, 1, 3, 5, 0, 0.75, 2, 2, 4, 6, 2, 0.25];
    const boxes = [0, 0, 2, 4, 9, 9, 9, 9, 1, 1, 3, 5, 2, 2, 4, 6];
    const scores = [0.5, 1, 0.75, 0.25];
    const labels = [1, 3, 0, 2];
    const tensors = (rows: number, extra: object): ReturnType<TensorDetector> => {
      tf.zeros([7]); // a leak
      const whole = (tensor: tf.Tensor): tf.Tensor => tf.slice(tensor, 0, rows);
      return {
        boxes: whole(tf.tensor3d(boxes, [2, 2, 4])),
        scores: whole(tf.tensor2d(scores, [2, 2])),
        labels: whole(tf.tensor2d(labels, [2, 2], 'int32')),
        ...extra,
      };
    };
    const counted: TensorDetector = (x) =>
      tensors(x.shape[0] ?? 0, { counts: tf.tensor1d([1, 2].slice(0, x.shape[0]), 'int32') });
    const padded: TensorDetector = (x) =>
      tensors(x.shape[0] ?? 0, { labels: tf.slice(tf.tensor2d([1, -1, 0, 2], [2, 2], 'int32'), 0, x.shape[0] ?? 0) });
    const before = tf.memory().numTensors;
    for (const detector of [counted, padded]) {
      expect(await slotsOf(detector, { slots: 2 }, { batch: 2, shape: [2, 2, 1] })).toEqual(wanted);
      expect(await slotsOf(detector, { slots: 2 }, { batch: 1, shape: [2, 2, 1] })).toEqual(wanted.slice(0, 12));
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  it('says what it is made of and what it takes', () => {
    const detector = { ...listed(), inputShape: [4, 4, 3], inputRange: [0, 255] as const, engine: 'mine 1' };
    const model = boxSlots(detector, { slots: 3, overlap: 0.5 });
    expect(model).toMatchObject({ inputShape: [4, 4, 3], inputRange: [0, 255], engine: 'mine 1' });
    expect(model.boxes).toEqual({
      slots: 3,
      bins: 'none',
      sort: 'score',
      labels: null,
      cells: null,
      threshold: 0,
      overlap: 0.5,
      beyond: false,
    });
    expect(boxSlots(() => ({}) as never, { slots: 1 }).engine).toMatch(/tfjs/);
  });
});

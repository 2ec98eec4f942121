import * as tf from '@tensorflow/tfjs';
import { boxSlots, type BoxSlotsOptions, ClassifierError, nonMaxSuppression, OptionError, worstIou } from 'catrs';
import { describe, it } from 'vitest';
import { expectError } from '../helpers/errors.ts';

const none = { detect: () => [{ boxes: [], scores: [], labels: [] }] };
const batch = { batch: 1, shape: [4, 4, 1] };

describe('boxSlots refuses', () => {
  const cases: readonly (readonly [string, BoxSlotsOptions, string])[] = [
    ['no whole number of slots', { slots: 0.5 }, '`slots` must be an integer of at least 1, got 0.5'],
    ['an unknown order', { slots: 1, sort: 'area' as never }, "`sort` must be 'score' or 'center', got \"area\""],
    [
      'bins by labels that nobody knows',
      { slots: 20, bins: 'label' },
      '`labels` must say which labels have bins, got none (bins must be known before: `labels: 80` for 0 .. 79, or a list)',
    ],
    [
      'the same label twice',
      { slots: 2, labels: [1, 1] },
      '`labels` must be an integer of at least 1, or a list of different integers of at least 0, got [1, 1]',
    ],
    ['bins by cells without a grid', { slots: 4, bins: 'cell' }, '`cells` must say how many cells there are, got none'],
    [
      'a grid without bins by cells',
      { slots: 4, cells: [2, 2] },
      '`cells` must be left out where bins are no cells, got [2, 2]',
    ],
    [
      'slots that the bins cannot share',
      { slots: 20, bins: 'label and cell', labels: 3, cells: [1, 2] },
      '`slots` must be a multiple of the number of bins, 6, got 20',
    ],
    ['an overlap that is no share', { slots: 1, overlap: -1 }, '`overlap` must be a number from 0 to 1, got -1'],
    [
      'a size with no area',
      { slots: 1, size: [4, 0] },
      '`size` must be [height, width], two numbers greater than 0, got [4, 0]',
    ],
  ];
  it.each(cases)('%s', (_, options, text) =>
    expectError(() => boxSlots(none, options), OptionError, `boxSlots: ${text}`),
  );

  it('what is no detector', () =>
    expectError(
      () => boxSlots({} as never, { slots: 1 }),
      OptionError,
      'boxSlots: `detector` must be a function to { boxes, scores, labels } or an object with a method `detect`, got an object (Object)',
    ));

  it('shares of an image whose size it does not know', () =>
    expectError(
      () => boxSlots(none, { slots: 1, units: 'normalized' }).classify(new Float32Array(4), { batch: 1, shape: [4] }),
      OptionError,
      'boxSlots: `size` must say the height and width of images, got none for inputs of shape [4]',
    ));
});

describe('boxSlots refuses a detector that', () => {
  const answers: readonly (readonly [string, unknown, string])[] = [
    [
      'answers without a list',
      {},
      'must return the boxes of 1 rows, a list with { boxes, scores, labels } for each, got an object (Object)',
    ],
    [
      'answers for other rows',
      [],
      'must return the boxes of 1 rows, a list with { boxes, scores, labels } for each, got 0',
    ],
    [
      'forgets a score',
      [{ boxes: [1, 2, 3, 4], scores: [], labels: [0] }],
      'must return four numbers, a score and a label for each box, got 4 numbers of boxes, 0 scores and 1 labels in row 0',
    ],
    [
      'has half a label',
      [{ boxes: [1, 2, 3, 4], scores: [1], labels: [0.5] }],
      'must return labels that are integers below `labels` = 3, got 0.5',
    ],
    [
      'has a label too many',
      [{ boxes: [1, 2, 3, 4], scores: [1], labels: [3] }],
      'must return labels that are integers below `labels` = 3, got 3',
    ],
  ];
  it.each(answers)('%s', (_, answer, text) =>
    expectError(
      () => boxSlots({ detect: () => answer as never }, { slots: 1, labels: 3 }).classify(new Float32Array(16), batch),
      ClassifierError,
      `boxSlots: \`detector\` ${text}`,
    ),
  );

  it('gives tensors of another shape', async () => {
    const tensors = (shape: readonly number[]): Promise<void> =>
      expectError(
        () =>
          boxSlots(() => ({ boxes: tf.zeros([1, 3, 4]), scores: tf.zeros([1, 3]), labels: tf.zeros([...shape]) }), {
            slots: 1,
          }).classify(new Float32Array(16), batch),
        ClassifierError,
        `boxSlots: \`detector\` must return \`labels\` of shape [1, 3], got [${shape.join(', ')}]`,
      );
    await tensors([1, 4]);
    await tensors([3]);
  });

  it('counts more boxes than it gives', () =>
    expectError(
      () =>
        boxSlots(
          () => ({
            boxes: tf.zeros([1, 3, 4]),
            scores: tf.zeros([1, 3]),
            labels: tf.zeros([1, 3]),
            counts: tf.tensor1d([4]),
          }),
          { slots: 1 },
        ).classify(new Float32Array(16), batch),
      ClassifierError,
      'boxSlots: `detector` must return counts from 0 to 3, got 4',
    ));
});

describe('boxes refuse', () => {
  it('lists of different lengths', () =>
    expectError(
      () => nonMaxSuppression({ boxes: [1, 2, 3, 4], scores: [1], labels: [] }),
      OptionError,
      'nonMaxSuppression: `found` must hold as many of each, got 4 numbers of boxes, 1 scores and 0 labels',
    ));

  it('a wrong overlap', () =>
    expectError(
      () => nonMaxSuppression({ boxes: [], scores: [], labels: [] }, { overlap: 2 }),
      OptionError,
      'nonMaxSuppression: `overlap` must be a number from 0 to 1, got 2',
    ));

  it('bounds of another number of coordinates', () =>
    expectError(
      () => worstIou([{ lower: 0, upper: 0 }], [0, 0, 1, 1]),
      OptionError,
      'worstIou: `bounds` must be the bounds of four coordinates, got 1',
    ));
});

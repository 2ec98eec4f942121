import * as tf from '@tensorflow/tfjs';
import {
  boxSlots,
  ClassifierError,
  createKey,
  fillUniforms,
  graphDetector,
  nonMaxSuppression,
  OptionError,
  type TypedDetector,
} from 'catrs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadBoxesGraph, loadSuppressedGraph } from '../helpers/detector-graph.ts';
import { expectError } from '../helpers/errors.ts';

const NAMES = ['detection_boxes', 'detection_scores', 'detection_classes'] as const;
const ROWS = [0, 1, 4, 5, 0.5, 2, 3, 3, 8, 9, 0.75, 1, /**/ 2, 2, 6, 6, 0.25, 0, 1, 1, 1, 1, 0, 0];
const listOf = async (detector: TypedDetector, values: readonly number[], batch: number): Promise<number[][]> => {
  const found = await detector.detect(Float32Array.from(values), { batch, shape: [values.length / batch] });
  return found.map(({ boxes, scores, labels }) => [...Array.from(boxes), ...Array.from(scores), ...Array.from(labels)]);
};
const WANTED = [
  [0, 1, 4, 5, 3, 3, 8, 9, 0.5, 0.75, 2, 1],
  [2, 2, 6, 6, 1, 1, 1, 1, 0.25, 0, 0, 0],
];

describe('graphDetector', () => {
  let byName: tf.GraphModel;
  beforeAll(async () => {
    byName = await loadBoxesGraph(2, NAMES);
  });

  it('knows the outputs of the object detection API by their names, and frees what it makes', async () => {
    const detector = graphDetector(byName);
    expect(detector).toMatchObject({ format: 'yxyx', units: 'normalized', inputShape: [12] });
    const before = tf.memory().numTensors;
    expect(await listOf(detector, ROWS, 2)).toEqual(WANTED);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('takes the names of a signature, and names that are given', async () => {
    const [a, b, c] = ['Identity', 'Identity_1', 'Identity_2'] as const;
    const signed = await loadBoxesGraph(2, [a, b, c], { signature: NAMES });
    expect(await listOf(graphDetector(signed), ROWS, 2)).toEqual(WANTED);
    const unnamed = await loadBoxesGraph(2, [a, b, c]);
    const given = graphDetector(unnamed, { boxes: a, scores: b, labels: c, format: 'xywh' });
    expect(given).toMatchObject({ format: 'xywh', units: 'pixels' });
    expect(await listOf(given, ROWS, 2)).toEqual(WANTED);
    expect(await listOf(graphDetector(unnamed, { boxes: a, scores: b }), ROWS.slice(12), 1)).toEqual([
      [2, 2, 6, 6, 1, 1, 1, 1, 0.25, 0, 0, 0],
    ]);
    await expectError(
      () => graphDetector(unnamed),
      OptionError,
      'graphDetector: `boxes` must name one of the outputs (Identity, Identity_1, Identity_2), got none',
    );
    await expectError(
      () => graphDetector(unnamed, { boxes: 'a' }),
      OptionError,
      'graphDetector: `boxes` must be one of the outputs (Identity, Identity_1, Identity_2), got "a"',
    );
  });

  it('gives bytes to a model that takes them', async () => {
    const model = await loadBoxesGraph(2, NAMES, { bytes: true });
    const detector = graphDetector(model, { scale: 2 });
    expect(detector.inputRange).toEqual([0, 127.5]);
    const values = [0, 0.2, 0.3, 200, -4, 3, 1, 1, 1, 1, 1, 1];
    expect(await listOf(detector, values, 1)).toEqual([[0, 0, 1, 255, 2, 2, 2, 2, 0, 2, 6, 2]]);
  });

  it('runs a graph of varying outputs image by image, as suppression in plain numbers does', async () => {
    const [rows, k] = [5, 12];
    const draws = new Float32Array(rows * k * 5);
    fillUniforms(draws, { key: createKey(2), start: 0, dimension: draws.length });
    const values = draws.map((value, i) =>
      i % 5 === 2 || i % 5 === 3 ? (draws[i - 2] as number) + 0.6 * value : value,
    );
    const detector = graphDetector(await loadSuppressedGraph(k));
    const before = tf.memory().numTensors;
    const found = await listOf(detector, [...values], rows);
    expect(tf.memory().numTensors).toBe(before);
    expect(new Set(found.map(({ length }) => length)).size).toBeGreaterThan(1);
    found.forEach((row, i) => {
      const own = Array.from({ length: k }, (_, box) => [...values.subarray(5 * (k * i + box), 5 * (k * i + box + 1))]);
      const [boxes, scores] = [own.flatMap((one) => one.slice(0, 4)), own.map((one) => one[4] as number)];
      const kept = nonMaxSuppression({ boxes, scores, labels: scores.map(() => 0) }, { threshold: 0.25, overlap: 0.5 });
      const wanted = [
        ...kept.flatMap((one) => boxes.slice(4 * one, 4 * one + 4)),
        ...kept.map((one) => scores[one] as number),
        ...kept.map(() => 0),
      ];
      expect(row).toEqual(wanted);
    });
  });

  it('goes into slots, and names its engine', async () => {
    const model = boxSlots(graphDetector(byName), { slots: 2, size: [10, 100] });
    const [row] = [await model.classify(Float32Array.from(ROWS), { batch: 2, shape: [12] })];
    expect([...row.subarray(0, 12)]).toEqual([300, 30, 900, 80, 1, 0.75, 100, 0, 500, 40, 2, 0.5]);
    expect(model.engine).toMatch(/tfjs/);
  });

  it('says what is wrong', async () => {
    await expectError(
      () => graphDetector({} as never),
      OptionError,
      'graphDetector: `model` must be a tf.GraphModel, got an object (Object)',
    );
    await expectError(
      () => listOf(graphDetector(byName, { boxes: 'detection_scores', scores: 'detection_boxes' }), ROWS, 2),
      ClassifierError,
      'graphDetector: `detector` must return boxes [2, N, 4], got [2, 2] (a model that takes one image at a time needs fixedBatch: 1)',
    );
  });
});

import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Trainers } from '../../src/node/train-step.ts';
import type { TrainerBatch } from '../../src/node/train-step.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { fillUniforms } from '../../src/random/fill-bits.ts';
import { Sgd } from '../../src/recipes/sgd.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { useTrainers } from './start.ts';
import { makeModel, trainerOf } from './trainer-module.ts';

const start = useTrainers();
const key = createKey(11);
const IMAGES = 7;
let x: tf.Tensor;
let trainers: Trainers;
beforeAll(async () => {
  await useBackend('cpu');
  trainers = await start({ workers: 3 });
  const values = new Float32Array(IMAGES * 5);
  fillUniforms(values, { key, start: 0, dimension: 5 });
  x = tf.tensor(values, [IMAGES, 5]);
});
afterAll(() => x.dispose());
const batch = (step: number): TrainerBatch => ({ x, labels: [0, 1, 2, 0, 1, 2, 0], key: foldIn(key, step) });

/** The weights and statistics after some steps of a fresh model, and the losses. */
async function train(threads: Trainers | undefined, kind: 'plain' | 'norm', steps = 3): Promise<number[][]> {
  const model = makeModel(kind);
  const { loss, variables, statistics } = trainerOf(model);
  const sgd = new Sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 1e-3 });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    if (threads) losses.push(await threads.minimize(sgd, variables, batch(step), { statistics }));
    else {
      using prepared = loss.prepare(batch(step));
      const value = sgd.minimize(() => prepared.value(), true, [...variables])!;
      losses.push((await value.data())[0]!);
      value.dispose();
    }
  }
  const weights = await Promise.all([...variables, ...statistics].map((variable) => variable.data()));
  sgd.dispose();
  model.dispose();
  return [losses, ...weights.map((values) => [...values])];
}

function largestDifference(a: number[][], b: number[][]): number {
  expect(a.map(({ length }) => length)).toEqual(b.map(({ length }) => length));
  const differences = a.flatMap((row, i) => row.map((value, j) => Math.abs(value - b[i]![j]!)));
  return Math.max(...differences);
}

describe('steps of several threads', () => {
  it('are those of one thread but for rounding, the same bits in each run, and leave no tensors', async () => {
    expect(trainers.workers).toBe(3);
    await expectNoLeak(async () => {
      const alone = await train(undefined, 'plain');
      const together = await train(trainers, 'plain');
      expect(largestDifference(alone, together)).toBeLessThan(1e-5);
      expect(await train(trainers, 'plain')).toEqual(together);
    });
  });

  it('give gradients of the batch, cut whatever it holds, by the names of the host', async () => {
    const model = makeModel('plain');
    const { loss, variables } = trainerOf(model);
    const noise = tf.tidy(() => tf.mul(0.1, tf.ones([4, IMAGES, 5])));
    const full: TrainerBatch = {
      ...batch(0),
      labels: tf.tensor1d([0, 1, 2, 0, 1, 2, 0], 'int32'),
      noise,
      noiseAdv: tf.neg(noise),
      k: tf.tensor1d([1, 2, 1, 2, 1, 2, 2], 'int32'),
      softTargets: tf.fill([IMAGES, 3], 1 / 3),
      epoch: 2,
    };
    for (const given of [batch(5), full, { ...batch(6), firstImage: 4, labels: Uint8Array.of(0, 1, 2, 0, 1, 2, 0) }]) {
      using prepared = loss.prepare(given);
      const { value, grads } = tf.variableGrads(() => prepared.value(), [...variables]);
      await expectNoLeak(async () => {
        using step = await trainers.gradients(variables, given);
        expect(step.value).toBeCloseTo((await value.data())[0]!, 6);
        expect(Object.keys(step.gradients).sort()).toEqual(variables.map(({ name }) => name).sort());
        for (const [name, gradient] of Object.entries(step.gradients)) {
          expect(gradient.shape).toEqual(grads[name]!.shape);
          const expected = await grads[name]!.data();
          (await gradient.data()).forEach((number, i) => expect(number).toBeCloseTo(expected[i]!, 6));
        }
      });
      tf.dispose([value, grads]);
    }
    expect(full.noise!.isDisposed).toBe(false);

    const single: TrainerBatch = { x: tf.slice(x, 0, 1), labels: [0], key };
    using prepared = loss.prepare(single);
    const value = prepared.value();
    using step = await trainers.gradients(variables, single);
    expect(step.value, 'one image, one thread').toBe((await value.data())[0]);
    tf.dispose([value, single.x]);
    model.dispose();
  });

  it('normalise by shares, and leave the mean of the statistics', async () => {
    const normed = await start({ data: 'norm' });
    const model = makeModel('norm');
    const { loss, variables, statistics } = trainerOf(model);
    const initial = await Promise.all(statistics.map((variable) => variable.array()));
    // The same in this thread: each share from the same statistics, then their mean.
    const after: number[][][] = [];
    const values: number[] = [];
    for (const [begin, size] of [
      [0, 3],
      [3, 4],
    ] as const) {
      statistics.forEach((variable, i) => tf.tidy(() => variable.assign(tf.tensor(initial[i] as number[]))));
      const share = { ...batch(0), x: tf.slice(x, begin, size), firstImage: begin };
      using prepared = loss.prepare({ ...share, labels: [0, 1, 2, 0, 1, 2, 0].slice(begin, begin + size) });
      values.push((await prepared.value().data())[0]!);
      after.push((await Promise.all(statistics.map((variable) => variable.array()))) as number[][]);
    }
    statistics.forEach((variable, i) => tf.tidy(() => variable.assign(tf.tensor(initial[i] as number[]))));
    const step = await normed.gradients(variables, batch(0), { statistics });
    expect(step.value).toBeCloseTo((3 * values[0]! + 4 * values[1]!) / 7, 6);
    step.dispose();
    const found = (await Promise.all(statistics.map((variable) => variable.array()))) as number[][];
    found.forEach((row, i) =>
      row.forEach((number, j) => expect(number).toBeCloseTo((3 * after[0]![i]![j]! + 4 * after[1]![i]![j]!) / 7, 6)),
    );
    expect(found).not.toEqual(initial);
    expect(await train(normed, 'norm', 2), 'the same in each run').toEqual(await train(normed, 'norm', 2));
    model.dispose();
  });
});

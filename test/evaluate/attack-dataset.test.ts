import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { SmoothedDdn } from '../../src/attacks/smoothed-ddn.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import type { InputAttack } from '../../src/attacks/types.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import type { LabelledDataset } from '../../src/data/labelled-dataset.ts';
import { attackDataset, type AttackDatasetOptions, type AttackedRow } from '../../src/evaluate/attack-dataset.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey, foldIn, split } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import type { Norm } from '../../src/types.ts';
import { useBackend } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { linearClassifier } from '../helpers/linear.ts';
import { loadLinearGraph } from '../helpers/linear-graph.ts';

const key = createKey(4);
const noise = new GaussianNoise({ sigma: 0.25 });
const linear = linearClassifier([3, -4], 0.5);
const inputRange = [-2, 2] as const;
const g = new SmoothedClassifier(linear.logits, { noise, numClasses: 2, inputRange });
// Ten points across the plane 3 x − 4 y + 0.5 = 0; the last has a wrong label.
const values = Float32Array.from({ length: 20 }, (_, i) => (i % 2 ? 0.5 : (i / 2) * 0.1));
const labels = Array.from({ length: 10 }, (_, i) => linear.label(values.subarray(2 * i, 2 * i + 2)));
labels[9] = 1 - labels[9]!;
const dataset = arrayDataset({ values, shape: [2], labels });
const attack = new SmoothedPgd({ epsilon: 0.15, steps: 3, numNoise: 4 });
const settings = { key, n: 300, alpha: 0.01 };

/** Rows of a run, without the time. */
async function run(
  change: Partial<AttackDatasetOptions> = {},
  { data = dataset, by = attack as InputAttack, of = g } = {},
) {
  const rows: Omit<AttackedRow, 'milliseconds'>[] = [];
  for await (const { milliseconds, ...row } of attackDataset(of, by, data, { ...settings, ...change })) {
    expect(milliseconds).toBeGreaterThan(0);
    rows.push(row);
  }
  return rows;
}

describe('attackDataset', () => {
  beforeAll(() => useBackend('cpu'));

  it('attacks every image on its own and predicts it with other keys, by hand', async () => {
    const rows = await run({ clean: true });
    expect(rows.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const { index, label, prediction, ...row } of rows) {
      expect(label).toBe(labels[index]);
      const [, , cleanKey, attackKey, predictKey] = split(foldIn(key, index), 5);
      const x = tf.tensor2d(values.slice(2 * index, 2 * index + 2), [1, 2]);
      const moved = attack.perturb(g, { x, labels: [label], key: attackKey });
      const [one, advised] = [x, moved].map((batch) => tf.reshape(batch, [2])) as [tf.Tensor, tf.Tensor];
      expect(prediction).toEqual(await g.predict(advised, { ...settings, key: predictKey }));
      expect(row.clean).toEqual(await g.predict(one, { ...settings, key: cleanKey }));
      const { label: predicted, abstained } = prediction;
      expect(row).toMatchObject({ predicted, abstained, broken: predicted !== -1 && predicted !== label, norm: 'l2' });
      const [before, after] = [await x.data(), await moved.data()];
      expect(row.distance).toBe(Math.sqrt((after[0]! - before[0]!) ** 2 + (after[1]! - before[1]!) ** 2));
      tf.dispose([x, moved, one, advised]);
    }
    expect(rows.filter(({ broken }) => broken).length, 'some are broken').toBeGreaterThan(3);
    expect(rows.filter(({ broken }) => !broken).length, 'and some are not').toBeGreaterThan(1);
    expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
  });

  it('judges with noise that a certificate of the same key has not seen: unmoved images get other votes', async () => {
    const idle: InputAttack = { perturb: (_, { x }) => tf.clone(x) };
    const rows = await run({ clean: true }, { by: idle });
    const close = rows.filter(({ prediction }) => Math.min(...prediction.counts) > 20);
    expect(close.length).toBeGreaterThan(3);
    let equal = 0;
    for (const { index, prediction, clean } of close) {
      const x = tf.tensor1d(values.slice(2 * index, 2 * index + 2));
      const certified = await Promise.all(
        split(foldIn(key, index)).map((sample) => g.sampleCounts(x, { key: sample, n: 300 })),
      );
      for (const { counts } of [prediction, clean!]) if (certified.map(String).includes(String(counts))) equal++;
      x.dispose();
    }
    expect(equal, 'by chance, 1 in 20').toBeLessThan(close.length / 2);
  });

  it('predicts the clean image only where it is told to', async () => {
    expect((await run({ select: { max: 1 } }))[0]).not.toHaveProperty('clean');
    const [asked] = await run({ select: { max: 1 }, clean: true });
    const { clean, ...row } = asked!;
    expect(clean).toMatchObject({ label: labels[0], n: 300 });
    expect(row).toEqual((await run({ select: { max: 1 } }))[0]);
  });

  it('attacks each image with all epsilons, with the rows of the runs of each and one prediction of the image', async () => {
    const ddn = new SmoothedDdn({ epsilon: 0.2, steps: 4, numNoise: 4, levels: null });
    const fixedStep = new SmoothedPgd({ epsilon: 0.15, steps: 3, numNoise: 4, stepSize: 0.05 });
    for (const by of [attack, ddn, fixedStep]) {
      const epsilons = [0.07, 0.15, 0.4];
      let asked = 0;
      const counting = Object.assign(Object.create(g) as typeof g, {
        predict: (...given: Parameters<typeof g.predict>) => (asked++, g.predict(...given)),
      });
      const rows = await run({ epsilons, clean: true, select: { skip: 3 } }, { by, of: counting });
      expect(asked).toBe(4 * (3 + 1));
      expect(rows.map(({ index, epsilon }) => [index, epsilon])).toEqual(
        [0, 3, 6, 9].flatMap((index) => epsilons.map((epsilon) => [index, epsilon])),
      );
      for (const epsilon of epsilons) {
        const alone = await run({ clean: true, select: { skip: 3 } }, { by: by.withEpsilon(epsilon) });
        expect(rows.filter((row) => row.epsilon === epsilon)).toEqual(alone);
      }
    }
    const [row] = await run({ select: { max: 1 } });
    expect(row!.epsilon, 'that of the attack').toBe(0.15);
    const [idle] = await run({ select: { max: 1 } }, { by: { perturb: (_, { x }) => tf.clone(x) } });
    expect(idle!.epsilon).toBeUndefined();
  });

  it('does not call an abstention broken', async () => {
    // An attack that ends on the plane itself.
    const toPlane: InputAttack = {
      perturb: (_, { x }) => tf.tidy(() => tf.add(tf.mul(x, 0), tf.tensor2d([0.5, 0.5], [1, 2]))),
    };
    const rows = await run({ alpha: 1e-6, select: { max: 5 } }, { by: toPlane });
    expect(rows.map(({ predicted, abstained, broken }) => ({ predicted, abstained, broken }))).toEqual(
      Array.from({ length: 5 }, () => ({ predicted: -1, abstained: true, broken: false })),
    );
  });

  it.each<[Norm | undefined, number]>([
    [undefined, 5],
    ['l2', 5],
    ['l1', 7],
    ['linf', 4],
  ])('measures the distance in the norm %s', async (norm, expected) => {
    const wide = new SmoothedClassifier(linear.logits, { noise, numClasses: 2, inputRange: [-9, 9] });
    const shift: InputAttack = {
      perturb: (_, { x }) => tf.tidy(() => tf.add(x, tf.tensor2d([3, -4], [1, 2]))),
    };
    const zero = arrayDataset({ values: new Float32Array(2), shape: [2], labels: [0] });
    const [row] = await run(norm && { norm }, { by: shift, of: wide, data: zero });
    expect(row).toMatchObject({ distance: expected, norm: norm ?? 'l2' });
  });

  it('measures changes that are too small for float32 sums', async () => {
    const tiny: InputAttack = {
      perturb: (_, { x }) => tf.tidy(() => tf.add(x, tf.tensor2d([2 ** -24, 0], [1, 2]))),
    };
    const [row] = await run({ select: { start: 5, max: 1 } }, { by: tiny });
    const [a] = values.subarray(10);
    expect(row!.distance).toBe(Math.fround(a! + 2 ** -24) - a!);
  });

  it.each([
    [{ start: 3 }, [3, 4, 5, 6, 7, 8, 9]],
    [{ skip: 4 }, [0, 4, 8]],
    [{ start: 1, skip: 3, max: 2 }, [1, 4]],
    [{ start: 1, skip: 2, max: 4, shard: { index: 1, count: 3 } }, [3]],
    [{ start: 10 }, []],
  ])('%o attacks %o, with the same rows as the whole run', async (select, indices) => {
    const whole = await run();
    expect(await run({ select })).toEqual(indices.map((index) => whole[index]));
  });

  it.each([1, 7, 1000])('gives the same rows whatever the batch size, %i', async (batchSize) => {
    expect(await run({ batchSize })).toEqual(await run());
  });

  it('attacks a soft smoothed classifier, and one that returns probabilities, through their logits', async () => {
    const soft = new SoftSmoothedClassifier(linear.logits, { noise, numClasses: 2, inputRange });
    for await (const row of attackDataset(soft, attack, dataset, { ...settings, select: { max: 2 } })) {
      expect(row.prediction.smoothing).toBe('soft');
      expect(row.distance).toBeCloseTo(0.15, 6);
    }
    const asProbabilities = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.softmax(linear.logits(x)));
    const options = { noise, numClasses: 2, inputRange, output: 'probabilities' } as const;
    const fromProbabilities = new SmoothedClassifier(asProbabilities, options);
    const logits = tf.tidy(() => fromProbabilities.logits(tf.tensor2d([[0.5, 0.25]]), { training: false }));
    const [zero, score] = await logits.data();
    expect(score! - zero!, 'g.logits are logits: w . x + b').toBeCloseTo(1, 5);
    logits.dispose();
    const other = await run({}, { of: fromProbabilities });
    const outcomes = (rows: typeof other) => rows.map(({ predicted, broken }) => ({ predicted, broken }));
    expect(outcomes(other)).toEqual(outcomes(await run()));
  });

  it('attacks a tf.GraphModel, whose operations have gradients', async () => {
    const { model, logits } = await loadLinearGraph();
    const data = arrayDataset({ values: Float32Array.of(0.9, 0.1, 0.2, 0.4), shape: [4], labels: [0] });
    const of = (classifier: typeof logits | tf.GraphModel) =>
      run({}, { of: new SmoothedClassifier(classifier, { noise, numClasses: 3, inputRange }), data });
    const [graph, plain] = [await of(model), await of(logits)];
    expect(graph).toEqual(plain);
    expect(graph[0]!.distance).toBeCloseTo(0.15, 6);
    model.dispose();
  });

  it('can be left early, and ends with the reason of an abort, without a leak', () =>
    expectNoLeak(async () => {
      for await (const { index } of attackDataset(g, attack, dataset, settings)) if (index === 2) break;
      const reason = new Error('enough');
      expect(await thrownBy(() => run({ signal: AbortSignal.abort(reason) }))).toBe(reason);
      const controller = new AbortController();
      const seen: number[] = [];
      const aborted = async (): Promise<void> => {
        for await (const { index } of attackDataset(g, attack, dataset, { ...settings, signal: controller.signal })) {
          seen.push(index);
          if (index === 1) controller.abort(reason);
        }
      };
      expect(await thrownBy(aborted)).toBe(reason);
      expect(seen).toEqual([0, 1]);
    }));

  it('lets the host have a turn for every image, however short the run is', async () => {
    let turns = 0;
    const count = (): void => {
      turns++;
      if (turns < 1000) timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    await run({ n: 100 });
    clearImmediate(timer);
    expect(turns).toBeGreaterThanOrEqual(10);
  });

  it('takes an attack that returns what it is given', () =>
    expectNoLeak(async () => {
      const [row] = await run({ select: { max: 1 } }, { by: { perturb: (_, { x }) => x } });
      expect(row).toMatchObject({ distance: 0, broken: false });
    }));

  it('throws what the data set throws', async () => {
    const broken: LabelledDataset = { ...dataset, example: () => Promise.reject(new Error('no such file')) };
    expect(await thrownBy(() => run({}, { data: broken }))).toMatchObject({ message: 'no such file' });
  });
});

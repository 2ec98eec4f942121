import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SmoothMixPgd } from '../../src/attacks/smooth-mix-pgd.ts';
import { SmoothedDdn } from '../../src/attacks/smoothed-ddn.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import type { InputAttack } from '../../src/attacks/types.ts';
import { fixedSample } from '../../src/certify/fixed-sample.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { attackDataset } from '../../src/evaluate/attack-dataset.ts';
import type { AttackedClassifier } from '../../src/evaluate/attacked-classifier.ts';
import { calibrateRobustSets } from '../../src/evaluate/calibrate-robust-sets.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { cifarResnet } from '../../src/models/cifar-resnet.ts';
import { lenet } from '../../src/models/lenet.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey, foldIn, split } from '../../src/random/key.ts';
import { batchKeys, exampleKey, trainingKeys } from '../../src/random/purposes.ts';
import { microBatches } from '../../src/recipes/micro-batches.ts';
import { noisyMetrics } from '../../src/recipes/noisy-metrics.ts';
import { randomCropAndFlip } from '../../src/recipes/random-crop-and-flip.ts';
import { softTargets } from '../../src/recipes/soft-targets.ts';
import { trainingBatches } from '../../src/recipes/training-batches.ts';
import { DerandomizedClassifier } from '../../src/smoothed/derandomized-classifier.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import type * as positions from '../../src/random/draw-position.ts';
import type { Key } from '../../src/types.ts';
import { targetOf } from '../helpers/attack-target.ts';
import { useBackend } from '../helpers/backends.ts';
import { sevenLosses } from '../losses/seven-losses.ts';
import { drawnKeys, shared } from './drawn-keys.ts';

vi.mock('../../src/random/draw-position.ts', async (original) =>
  (await import('./drawn-keys.ts')).watching(await original<typeof positions>()),
);

const key = createKey(7);
const noise = new GaussianNoise({ sigma: 0.25 });
const SHAPE = [4, 4, 1];
const LABELS = [0, 1, 0];
const dataset = arrayDataset({
  values: Float32Array.from({ length: 48 }, (_, i) => (i % 9) / 9),
  shape: SHAPE,
  labels: LABELS,
});
const all = async (rows: AsyncIterable<unknown>): Promise<void> => {
  for await (const row of rows) void row;
};
const pgd = new SmoothedPgd({ epsilon: 0.1, steps: 1 });
const ddn = new SmoothedDdn({ epsilon: 0.1, steps: 1 });

describe('purposes of one key', () => {
  let model: tf.LayersModel;
  let g: SmoothedClassifier;
  let x: tf.Tensor;
  beforeAll(async () => {
    await useBackend('cpu');
    model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: SHAPE }), tf.layers.dense({ units: 2 })] });
    g = new SmoothedClassifier(model, { noise, numClasses: 2 });
    x = tf.fill([3, ...SHAPE], 0.5);
  });
  afterAll(() => {
    model.dispose();
    x.dispose();
  });

  const randomized = fixedSample({ bound: 'randomized-clopper-pearson' });
  const sampling = { key, n: 50, n0: 10, alpha: 0.01 };
  const certifying = { ...sampling, rule: randomized };

  /** The keys that attackDataset draws from: in the attack, in the prediction that judges it, and in the one without attack. */
  async function attacked(attack: InputAttack): Promise<Map<string, Set<string>>> {
    const purposes = new Map<string, Set<string>>();
    const under = async <T>(name: string, work: () => T | Promise<T>): Promise<T> => {
      let result: T | undefined;
      const keys = await drawnKeys(async () => {
        result = await work();
      });
      purposes.set(name, new Set([...(purposes.get(name) ?? []), ...keys]));
      return result as T;
    };
    let predictions = 0;
    const watched: AttackedClassifier<Awaited<ReturnType<typeof g.predict>>> = {
      logits: g.logits,
      noise,
      numClasses: 2,
      inputRange: [0, 1],
      predict: (image, options) => under(predictions++ % 2 === 0 ? 'judge' : 'clean', () => g.predict(image, options)),
    };
    purposes.set(
      'attack',
      await drawnKeys(() => all(attackDataset(watched, attack, dataset, { key, n: 50, clean: true }))),
    );
    expect([...purposes.keys()].sort()).toEqual(['attack', 'clean', 'judge']);
    return purposes;
  }

  it('share nothing in runs over a data set, whatever certifies, predicts, attacks, judges, teaches or trains', async () => {
    const purposes = new Map<string, ReadonlySet<string>>();
    const add = async (name: string, work: () => unknown): Promise<void> =>
      void purposes.set(name, await drawnKeys(work));
    await add('certificates', () => all(certifyDataset(g, dataset, certifying)));
    expect(purposes.get('certificates')?.size, 'selection, estimation and the number of the bound, of 3 images').toBe(
      9,
    );
    await add('calibration', () =>
      calibrateRobustSets(model, { noise, score: 'aps', numClasses: 2, data: dataset, key, alpha: 0.4 }),
    );
    expect(purposes.get('calibration')?.size, 'noise and the number of the score, of 3 images').toBe(6);
    await add('votes', () => all(softTargets(g, dataset, { key, n: 50 })));
    for (const [name, keys] of await attacked(pgd)) purposes.set(name, keys);
    for (const [name, keys] of await attacked(ddn)) {
      purposes.set(name, new Set([...(purposes.get(name) ?? []), ...keys]));
    }
    const { init, order, steps, evaluation } = trainingKeys(key);
    await add('initial weights', () => lenet({ key: init }).dispose());
    for (const epoch of [0, 1, 2]) {
      await add(`order of epoch ${epoch}`, () =>
        all(trainingBatches(dataset, { batchSize: 3, key: foldIn(order, epoch) })),
      );
      for (const batch of [0, 1, 2]) {
        const { crop, loss } = batchKeys(steps, epoch, batch);
        await add(`augmentation of ${epoch}, ${batch}`, () => randomCropAndFlip(x, { key: crop }).dispose());
        await add(`losses of ${epoch}, ${batch}`, () => {
          for (const { make } of sevenLosses) {
            for (const part of microBatches({ x, labels: LABELS, key: loss, epoch }, 2)) {
              make(model, 2, 1).prepare(part).dispose();
              part.dispose();
            }
          }
        });
      }
    }
    await add('accuracy of an epoch', () => noisyMetrics(model, dataset, { noise, key: evaluation }));
    expect(shared(purposes)).toEqual([]);
    expect([...purposes.values()].every((keys) => keys.size > 0)).toBe(true);
  });

  it('keep the keys that certificates of 0.5 rest on', async () => {
    const of = (index: number): Key[] => {
      const mine = foldIn(key, index);
      return [...split(mine), foldIn(mine, 0)];
    };
    const expected = [0, 1, 2].flatMap(of).map(String);
    expect(await drawnKeys(() => all(certifyDataset(g, dataset, certifying)))).toEqual(new Set(expected));
    const soft = new SoftSmoothedClassifier(model, { noise, numClasses: 2 });
    const samples = [0, 1, 2].flatMap((index) => of(index).slice(0, 2)).map(String);
    expect(await drawnKeys(() => all(certifyDataset(soft, dataset, sampling)))).toEqual(new Set(samples));
    expect(await drawnKeys(() => all(softTargets(g, dataset, { key, n: 50 })))).toEqual(
      new Set([0, 1, 2].map((index) => String(exampleKey(key, index)))),
    );
  });

  it('share nothing within one call', async () => {
    const image = tf.fill(SHAPE, 0.5);
    const parts = split(key, 3).map(String);
    const expected: readonly (readonly [string, () => unknown, readonly string[]])[] = [
      ['certify', () => g.certify(image, certifying), [parts[0]!, parts[1]!, String(foldIn(key, 0))]],
      ['predict', () => g.predict(image, { key, n: 50 }), [String(key)]],
    ];
    for (const [name, work, keys] of expected) expect([name, await drawnKeys(work)]).toEqual([name, new Set(keys)]);
    image.dispose();
  });

  it('share keys only where two calls that each want a key of their own are given the same one', async () => {
    const image = tf.fill(SHAPE, 128 / 255);
    const [labels, numNoise] = [LABELS, 2];
    const finite = new DeterministicSplittingNoise({ halfWidth: 0.5, key });
    const lossOf = (name: string): void => {
      const { make } = sevenLosses.find((method) => method.name === name)!;
      make(model, numNoise, 1).prepare({ x, labels, key, epoch: 0 }).dispose();
    };
    const calls: Readonly<Record<string, () => unknown>> = {
      'g.certify': () => g.certify(image, certifying),
      'g.predict': () => g.predict(image, { key, n: 50 }),
      'noise.perturb': () => noise.perturb(image, { key, start: 0, count: 2 }).dispose(),
      'noise.sampleBatch': () => noise.sampleBatch({ key, numNoise, shape: x.shape }).dispose(),
      DeterministicSplittingNoise: () =>
        new DerandomizedClassifier(model, { noise: finite, numClasses: 2 }).certify(image),
      ...Object.fromEntries(sevenLosses.map(({ name }) => [`loss ${name}`, () => lossOf(name)])),
      SmoothedPgd: () => pgd.perturb(targetOf(model, noise, [0, 1]), { x, labels, key }).dispose(),
      SmoothedDdn: () => ddn.perturb(targetOf(model, noise, [0, 1]), { x, labels, key }).dispose(),
      SmoothMixPgd: () =>
        new SmoothMixPgd({ stepSize: 0.1, steps: 1 })
          .perturb(targetOf(model, noise, [0, 1]), { x, labels, key })
          .dispose(),
      trainingBatches: () => all(trainingBatches(dataset, { batchSize: 3, key })),
      randomCropAndFlip: () => randomCropAndFlip(x, { key }).dispose(),
      lenet: () => lenet({ key }).dispose(),
      cifarResnet: () => cifarResnet({ key, depth: 8 }).dispose(),
    };
    const purposes = new Map<string, ReadonlySet<string>>();
    for (const [name, call] of Object.entries(calls)) purposes.set(name, await drawnKeys(call));
    // The key itself, or its children by foldIn or split: which of them, the guide's table says for each call.
    const groups = new Map<string, string[]>();
    for (const [name, keys] of purposes) {
      const kinds = [
        ...(keys.has(String(key)) ? ['key'] : []),
        ...([0, 1, 2].some((i) => keys.has(String(foldIn(key, i)))) ? ['foldIn(key, i)'] : []),
        ...split(key, 5).flatMap((child, c) => (keys.has(String(child)) ? [`split(key)[${c}]`] : [])),
        ...split(key, 5).flatMap((child, c) =>
          [0, 1, 2].some((i) => keys.has(String(foldIn(child, i)))) ? [`foldIn(split(key)[${c}], i)`] : [],
        ),
        ...split(split(key)[1], 2).flatMap((child, c) =>
          keys.has(String(child)) ? [`split(split(key)[1])[${c}]`] : [],
        ),
      ];
      for (const kind of kinds) groups.set(kind, [...(groups.get(kind) ?? []), name]);
    }
    expect(Object.fromEntries([...groups].sort())).toMatchInlineSnapshot(`
      {
        "foldIn(key, i)": [
          "g.certify",
          "noise.sampleBatch",
          "loss Gaussian",
          "loss Stability",
          "loss MACER",
          "loss Consistency",
          "SmoothMixPgd",
          "randomCropAndFlip",
          "lenet",
          "cifarResnet",
        ],
        "foldIn(split(key)[0], i)": [
          "loss SmoothAdv",
          "loss SmoothMix",
          "loss CAT-RS",
          "SmoothedPgd",
          "SmoothedDdn",
        ],
        "key": [
          "g.predict",
          "noise.perturb",
          "DeterministicSplittingNoise",
          "trainingBatches",
        ],
        "split(key)[0]": [
          "g.certify",
        ],
        "split(key)[1]": [
          "g.certify",
          "loss CAT-RS",
          "SmoothedPgd",
          "SmoothedDdn",
        ],
        "split(key)[2]": [
          "loss SmoothMix",
        ],
        "split(split(key)[1])[1]": [
          "loss SmoothAdv",
        ],
      }
    `);
    // No two calls share what is not in these groups.
    const inGroup = new Set(
      [...groups.values()].flatMap((names) => names.flatMap((a) => names.map((b) => `${a} = ${b}`))),
    );
    expect(shared(purposes).filter((pair) => !inGroup.has(pair))).toEqual([]);
    image.dispose();
  });
});

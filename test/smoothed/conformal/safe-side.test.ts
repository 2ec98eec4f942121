import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  apsScore,
  attackSets,
  calibrateRobustSets,
  certifyDataset,
  createKey,
  foldIn,
  freshSecretKey,
  GaussianNoise,
  lacScore,
  type Noise,
  outputFigures,
  type OutputRow,
  rapsScore,
  RobustSets,
  setCoverage,
  SmoothedPgd,
  SoundGaussianNoise,
  split,
  UniformNoise,
  verifyCertificate,
} from 'catrs';
import { useBackend } from '../../helpers/backends.ts';
import { CLASSES, data, labels, model, noise, options, POINTS, stored, stream } from './made-sets.ts';

/** The noise, whose draws with some keys or numbers fail. */
function failing(fails: (sample: number, key: readonly number[]) => boolean): Noise {
  const sure = new GaussianNoise({ sigma: 0.5 });
  return {
    ...{ name: sure.name, parameters: sure.parameters, norms: sure.norms, domain: sure.domain },
    radius: (bound, request) => sure.radius(bound, request),
    shiftDown: (bound, radius, request) => sure.shiftDown(bound, radius, request),
    perturb: (x, request) => {
      for (let i = 0; i < request.count; i++)
        if (fails(request.start + i, request.key)) request.onFailure?.(request.start + i);
      return sure.perturb(x, request);
    },
  };
}

describe('what was not seen', () => {
  let x: tf.Tensor1D;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.tensor1d([0.25, 0.5, 0.75]);
  });

  it('is the greatest score at calibration, and every label in a set', async () => {
    const failed = new Set([3, 10, 50]);
    const keys = [...failed].map((i) => String(split(foldIn(createKey(0), i), 9)[8]));
    const some = await calibrateRobustSets(model, {
      ...options,
      noise: failing((_, key) => keys.includes(String(key))),
    });
    expect(some.toJSON().scores.slice(-3)).toEqual([null, null, null]);
    expect(some.toJSON().scores.slice(0, -3)).not.toContain(null);
    expect(RobustSets.fromJSON(model, stored(some)).threshold).toBe(some.threshold);
    const all = failing(() => true);
    const none = await calibrateRobustSets(model, { ...options, noise: all });
    expect(none.threshold).toBe(Infinity);
    const sets = RobustSets.fromJSON(model, stored(await calibrateRobustSets(model, options)), { noise: all });
    const set = await sets.predict(x, { key: createKey(1) });
    expect(set).toMatchObject({ failures: 1, scores: [null, null, null, null], labels: [0, 1, 2, 3] });
    expect(verifyCertificate(set, noise).faults).toEqual([]);
  });

  it('counts for every label among many draws', async () => {
    const draws = { calibration: 10, prediction: 100 };
    const sure = await calibrateRobustSets(model, { ...options, draws });
    const half = RobustSets.fromJSON(model, stored(sure), { noise: failing((sample) => sample % 2 === 0) });
    const key = createKey(4);
    const [one, other] = [
      await sure.predict(x, { key, checkEvery: 100 }),
      await half.predict(x, { key, checkEvery: 100 }),
    ];
    expect(other.failures).toBe(50);
    expect(other.counts!.every((count, label) => count >= one.counts![label]! && count >= 50)).toBe(true);
    expect(one.labels.every((label) => other.labels.includes(label))).toBe(true);
    expect(verifyCertificate(other, noise).faults).toEqual([]);
  });

  it('may be NaN, where that is asked for', async () => {
    const broken = (z: tf.Tensor): tf.Tensor =>
      tf.tidy(() => {
        const logits = model(z);
        const isLarge = tf.greater(tf.slice(tf.reshape(z, [-1, 3]), [0, 0], [-1, 1]), 0.9);
        return tf.where(tf.tile(isLarge, [1, CLASSES]), tf.fill(logits.shape, NaN), logits);
      });
    const sets = await calibrateRobustSets(broken, { ...options, nonFinite: 'worst' });
    const infinite = sets.toJSON().scores.filter((score) => score === null).length;
    expect(infinite).toBeGreaterThan(5);
    const found = [];
    for await (const { certificate } of sets.certifyStream(stream(60), { key: createKey(2) })) found.push(certificate);
    const unseen = found.filter(({ scores }) => scores![0] === null);
    expect(unseen.length).toBeGreaterThan(3);
    for (const certificate of unseen) expect(certificate.labels).toEqual([0, 1, 2, 3]);
    for (const certificate of found) expect(verifyCertificate(certificate, noise).faults).toEqual([]);
  });
});

describe('noises', () => {
  it('are sound ones, too, and others that shift any probability', async () => {
    const sound = new SoundGaussianNoise({ sigma: 0.5 });
    const bytes = {
      ...data,
      example: async (i: number) => {
        const { x, label } = await data.example(i);
        return { x: x.map((value) => Math.fround(Math.round(255 * value) / 255)), label };
      },
    };
    const sets = await calibrateRobustSets(model, { ...options, noise: sound, data: bytes });
    const x = tf.tensor1d([0, 1, 0]);
    const set = await sets.predict(x, { key: createKey(1) });
    expect(set.domain).toBe('uint8');
    expect(verifyCertificate(set, sound)).toEqual({ valid: true, faults: [], radius: 0.1 });
    const uniform = new UniformNoise({ halfWidth: 0.5 });
    const flat = await calibrateRobustSets(model, { ...options, noise: uniform, radius: 0.1 });
    expect(flat).toMatchObject({ norm: 'l1' });
    expect(flat.alphaPrime).toBeCloseTo(0.2 - 0.1 / (2 * 0.5), 12);
    expect(verifyCertificate(await flat.predict(x, { key: createKey(1) }), uniform).faults).toEqual([]);
    x.dispose();
  });
});

describe('scores', () => {
  const p = Float64Array.of(0.1, 0.5, 0.1, 0.3);
  it('are the written ones', () => {
    expect(Array.from(lacScore().scores(p, 0))).toEqual([0.9, 0.5, 0.9, 0.7]);
    const close = (found: ArrayLike<number>, wanted: number[]): void =>
      wanted.forEach((value, i) => expect(found[i]).toBeCloseTo(value, 12));
    close(apsScore().scores(p, 0.5), [0.85, 0.25, 0.95, 0.65]);
    close(rapsScore({ lambda: 0.1, kReg: 1 }).scores(p, 0), [0.8 + 0.2, 0, 0.9 + 0.3, 0.5 + 0.1]);
  });

  it('may be one of the user, with parameters', async () => {
    const own = {
      name: 'margin',
      parameters: { scale: 2 },
      usesUniform: false,
      scores: (all: Float64Array) => all.map((value) => 2 * (Math.max(...all) - value)),
    };
    const sets = await calibrateRobustSets(model, { ...options, score: own });
    expect(() => RobustSets.fromJSON(model, stored(sets))).toThrow(
      '`score` must be the one of the calibration, margin, scale = 2',
    );
    expect(RobustSets.fromJSON(model, stored(sets), { score: own }).threshold).toBe(sets.threshold);
  });
});

describe('runs', () => {
  it('end with their abort reason, and tell of their progress', async () => {
    const reason = new Error('enough');
    const before = tf.memory().numTensors;
    await expect(calibrateRobustSets(model, { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const sets = await calibrateRobustSets(model, options);
    const seen: number[] = [];
    const run = sets.certifyStream(stream(20), {
      key: createKey(0),
      batchSize: 4,
      onSamples: ({ index }) => seen.push(index),
    });
    for await (const { milliseconds } of run) {
      expect(milliseconds).toBeGreaterThan(0);
      if (seen.length >= 8) break;
    }
    expect(seen.slice(0, 4)).toEqual([0, 1, 2, 3]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('over data sets have rows with figures', async () => {
    const sets = await calibrateRobustSets(model, options);
    const rows: OutputRow[] = [];
    for await (const row of certifyDataset(sets, data, { key: createKey(8) })) rows.push(row);
    for await (const row of certifyDataset(sets.at({ radius: 0.2 }), data, { key: createKey(8) })) rows.push(row);
    const { figures, curves } = outputFigures(rows);
    expect(figures).toMatchObject({
      alpha: 0.2,
      'inputs whose truth is known': 2 * POINTS,
      'share with a secret key': 0,
    });
    expect(figures['coverage']).toBeGreaterThan(0.7);
    const [sizes, coverage] = curves;
    expect(sizes?.points.map(([radius]) => radius)).toEqual([0.1, 0.2]);
    expect(sizes!.points[1]![1]).toBeGreaterThanOrEqual(sizes!.points[0]![1]);
    expect(coverage!.points[1]![1]).toBeGreaterThanOrEqual(coverage!.points[0]![1]);
  });

  it('attack images without a look at the draw that judges them', async () => {
    const sets = await calibrateRobustSets(model, options);
    const attack = new SmoothedPgd({ epsilon: 0.1, steps: 3, numNoise: 2 });
    const key = createKey(6);
    const given: string[] = [];
    const watched = {
      perturb: (...[target, request]: Parameters<typeof attack.perturb>) => {
        given.push(String(request.key));
        return attack.perturb(target, request);
      },
    };
    const rows = [];
    for await (const row of attackSets(sets, watched, data, { key, select: { max: 5 } })) rows.push(row);
    expect(rows.map(({ label }) => label)).toEqual(labels.slice(0, 5));
    for (const [i, row] of rows.entries()) {
      const children = split(foldIn(key, i), 5);
      expect(given[i]).toBe(String(children[3]));
      expect(row.attacked.key).toEqual(children[4]);
      expect(row.clean.key).toEqual(children[2]);
      expect(row.distance).toBeLessThanOrEqual(0.1 * (1 + 1e-5));
      expect(verifyCertificate(row.attacked, noise).faults).toEqual([]);
    }
    const { coverage, full } = setCoverage(
      rows.map(({ attacked, label }) => ({ labels: attacked.labels, label })),
      CLASSES,
    );
    expect(coverage).toBeGreaterThan(0);
    expect(full).not.toBeNull();
    expect(freshSecretKey()).toHaveLength(2);
  });
});

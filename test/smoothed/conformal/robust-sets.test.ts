import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  calibrateRobustSets,
  type CalibrateRobustSetsOptions,
  createKey,
  foldIn,
  freshSecretKey,
  type LabelSetCertificate,
  RobustSets,
  verifyCertificate,
} from 'catrs';
import { describeBackends } from '../../helpers/backends.ts';
import { model, noise, options, POINTS, stored, stream, values } from './made-sets.ts';

async function all(sets: RobustSets, count: number, more: object = {}): Promise<LabelSetCertificate[]> {
  const found: LabelSetCertificate[] = [];
  for await (const { certificate } of sets.certifyStream(stream(count), more)) found.push(certificate);
  return found;
}

describeBackends('robust conformal sets', () => {
  let x: tf.Tensor1D;
  let before = 0;
  beforeEach(() => {
    x = tf.tensor1d([0.25, 0.5, 0.75]);
    before = tf.memory().numTensors;
  });
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });

  it.each(['lac', 'aps', 'raps'] as const)('are calibrated and asked with %s', async (score) => {
    const sets = await calibrateRobustSets(model, { ...options, score });
    expect(sets).toMatchObject({ calibration: POINTS, alpha: 0.2, radius: 0.1, norm: 'l2', delta: null, draws: null });
    const key = createKey(1);
    const set = await sets.predict(x, { key });
    expect(set).toEqual(await sets.certify(x, { key }));
    expect(set).toMatchObject({ task: 'conformal', key, secret: false, n: 1, nUsed: 1, failures: 0, dimension: 3 });
    expect(set.labels).toEqual(set.scores?.flatMap((s, label) => (s! <= sets.threshold ? [label] : [])));
    expect(verifyCertificate(set, noise)).toEqual({ valid: true, faults: [], radius: 0.1 });
    expect(JSON.parse(JSON.stringify(set))).toEqual(set);
    const copy = RobustSets.fromJSON(model, stored(sets));
    expect(await copy.predict(x, { key })).toEqual(set);
    expect(copy.toJSON()).toEqual(sets.toJSON());
  });

  it('draw a fresh secret key for every set, and do not say it', async () => {
    const sets = await calibrateRobustSets(model, options);
    const [one, other] = [await sets.predict(x), await sets.predict(x)];
    expect(one).toMatchObject({ key: null, secret: true });
    expect(one.scores).not.toEqual(other.scores);
    expect(verifyCertificate(one, noise).valid).toBe(true);
    const found = await all(sets, 3);
    expect(found.every(({ key, secret }) => key === null && secret)).toBe(true);
    expect(freshSecretKey()).not.toEqual(freshSecretKey());
  });

  it('give the same sets in streams, whatever the batch', async () => {
    for (const draws of [undefined, { calibration: 20, prediction: 30 }]) {
      const sets = await calibrateRobustSets(model, { ...options, score: 'aps', ...(draws && { draws }) });
      const key = createKey(5);
      const found = await all(sets, 10, { key });
      for (const batchSize of [1, 3, 64]) expect(await all(sets, 10, { key, batchSize })).toEqual(found);
      for (const [index, certificate] of found.entries()) {
        const own = tf.tensor1d(values.slice(3 * index, 3 * index + 3));
        expect(await sets.predict(own, { key: foldIn(key, index) })).toEqual(certificate);
        own.dispose();
        expect(verifyCertificate(certificate, noise).faults).toEqual([]);
      }
      const again = await calibrateRobustSets(model, {
        ...options,
        score: 'aps',
        batchSize: 7,
        ...(draws && { draws }),
      });
      expect(again.toJSON()).toEqual(sets.toJSON());
    }
  });
});

describe('robust conformal sets of many draws', () => {
  it('stop early without another set', async () => {
    const sets = await calibrateRobustSets(model, { ...options, draws: { calibration: 20, prediction: 100 } });
    const key = createKey(9);
    const early = await all(sets, 20, { key, checkEvery: 5 });
    const late = await all(sets, 20, { key, checkEvery: 100 });
    expect(early.map(({ labels: set }) => set)).toEqual(late.map(({ labels: set }) => set));
    expect(late.every(({ nUsed }) => nUsed === 100)).toBe(true);
    expect(early.some(({ nUsed }) => nUsed < 100)).toBe(true);
    for (const certificate of [...early, ...late]) expect(verifyCertificate(certificate, noise).faults).toEqual([]);
    const wider = sets.at({ radius: 0.3, draws: { prediction: 200 } });
    expect(wider.draws).toMatchObject({ calibration: 20, prediction: 200 });
    expect(wider.draws!.leastCount / 200).toBeLessThan(sets.draws!.leastCount / 100);
  });
});

describe('intervals of a regressor', () => {
  it('lie around the output of the draw', async () => {
    const regressor = (z: tf.Tensor): tf.Tensor => tf.tidy(() => tf.sum(tf.reshape(z, [-1, 3]), 1, true));
    const target = (i: number): number => values[3 * i]! + values[3 * i + 1]! + values[3 * i + 2]! + 0.01 * (i % 5);
    const targets = {
      size: POINTS,
      shape: [3],
      example: (i: number) => ({ x: values.slice(3 * i, 3 * i + 3), target: target(i) }),
    };
    const given: CalibrateRobustSetsOptions = {
      noise,
      data: targets,
      key: createKey(0),
      alpha: 0.1,
      radius: 0.2,
      score: 'residual',
    };
    const sets = await calibrateRobustSets(regressor, { ...given, score: 'residual' });
    const x = tf.tensor1d([0.25, 0.5, 0.75]);
    const set = await sets.predict(x, { key: createKey(3) });
    const [{ lower, upper } = { lower: 0, upper: 0 }] = set.intervals;
    const [output] = set.output;
    expect(Math.abs((lower! + upper!) / 2 - output!)).toBeLessThan(1e-12);
    expect(upper! - output!).toBeGreaterThanOrEqual(sets.threshold);
    expect(upper! - output!).toBeLessThan(sets.threshold * (1 + 1e-12));
    expect(verifyCertificate(set, noise).faults).toEqual([]);
    const copy = RobustSets.fromJSON(regressor, stored(sets));
    expect(await copy.predict(x, { key: createKey(3) })).toEqual(set);
    x.dispose();
  });
});

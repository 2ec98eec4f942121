import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  calibrateRobustSets,
  CatrsError,
  type ConformalCertificate,
  createKey,
  GaussianNoise,
  reproduceCertificate,
  RobustSets,
  type RobustSetsRecord,
  verifyCertificate,
} from 'catrs';
import { useBackend } from '../../helpers/backends.ts';
import { data, model, noise, options, stored, values } from './made-sets.ts';

const draws = { calibration: 20, prediction: 100 };

/** Other values for one of a JSON value: up and down, longer and shorter. */
function edits(value: unknown): unknown[] {
  if (typeof value === 'number') return [value + 1, value - 1, value * (1 + 1e-9) + 1e-9, -value - 1, null];
  if (typeof value === 'boolean') return [!value];
  if (typeof value === 'string') return [`${value}x`, value.slice(1), ''];
  if (value === null) return [0, 1, [0, 0], {}];
  return [null];
}

/** Copies of a value with one entry changed, left out or added, and where. */
function* edited(value: unknown, at = ''): Generator<{ readonly at: string; readonly copy: unknown }> {
  if (typeof value !== 'object' || value === null) {
    for (const copy of edits(value)) yield { at, copy };
    return;
  }
  for (const copy of edits(value)) yield { at, copy };
  if (Array.isArray(value)) {
    const list = value as readonly unknown[];
    yield { at: `${at}[]`, copy: [...list, list.at(-1) ?? 1] };
    if (list.length > 0) yield { at: `${at}[]`, copy: list.slice(0, -1) };
    for (const [i, entry] of list.entries())
      for (const one of edited(entry, `${at}[${i}]`)) yield { at: one.at, copy: list.with(i, one.copy) };
    return;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  yield { at: `${at}.more`, copy: { ...fields, more: 1 } };
  for (const [name, entry] of Object.entries(fields)) {
    yield { at: `${at}.${name}`, copy: Object.fromEntries(Object.entries(fields).filter(([other]) => other !== name)) };
    for (const one of edited(entry, `${at}.${name}`)) yield { at: one.at, copy: { ...fields, [name]: one.copy } };
  }
}

/** What a run says of an edited value: the faults, or the error. */
function caught(check: () => { readonly valid: boolean }): boolean {
  try {
    return !check().valid;
  } catch (error) {
    if (error instanceof CatrsError) return true;
    throw error;
  }
}

describe('the certificates of conformal sets', () => {
  const certificates = new Map<string, ConformalCertificate>();
  let sets: RobustSets;
  let x: tf.Tensor1D;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.tensor1d([0.25, 0.5, 0.75]);
    const key = createKey(1);
    sets = await calibrateRobustSets(model, options);
    certificates.set('one draw', await sets.predict(x, { key }));
    certificates.set('a secret draw', await sets.predict(x));
    const aps = await calibrateRobustSets(model, { ...options, score: 'aps', delta: 0.1 });
    certificates.set('aps, for this calibration', await aps.predict(x, { key }));
    const many = await calibrateRobustSets(model, { ...options, draws });
    certificates.set('many draws', await many.predict(x, { key }));
    const targets = {
      size: data.size,
      shape: [3],
      example: (i: number) => ({ x: values.slice(3 * i, 3 * i + 3), target: (i % 9) / 9 }),
    };
    const sum = (z: tf.Tensor): tf.Tensor => tf.tidy(() => tf.sum(tf.reshape(z, [-1, 3]), 1, true));
    const intervals = await calibrateRobustSets(sum, { ...options, data: targets, score: 'residual' });
    certificates.set('an interval', await intervals.predict(x, { key }));
  });
  afterAll(() => x.dispose());

  it.each(['one draw', 'a secret draw', 'aps, for this calibration', 'many draws', 'an interval'])(
    'of %s are faults with any entry edited',
    (name) => {
      const certificate = certificates.get(name)!;
      expect(verifyCertificate(certificate, noise)).toEqual({ valid: true, faults: [], radius: 0.1 });
      const missed = [...edited(certificate)].filter(
        ({ copy }) => !caught(() => verifyCertificate(copy as ConformalCertificate, noise)),
      );
      expect(missed.map(({ at }) => at)).toEqual([]);
    },
  );

  it('are drawn again by their key, and not where it is secret', async () => {
    const certificate = certificates.get('one draw') as Awaited<ReturnType<typeof sets.predict>>;
    expect(await reproduceCertificate(sets, x, certificate)).toMatchObject({ same: true, differences: [] });
    const secret = certificates.get('a secret draw') as Awaited<ReturnType<typeof sets.predict>>;
    await expect(reproduceCertificate(sets, x, secret)).rejects.toThrow('a secret key');
  });

  it('are held against the calibration scores of their sets', () => {
    const certificate = certificates.get('one draw')!;
    expect(verifyCertificate(certificate, noise, { sets: stored(sets) }).faults).toEqual([]);
    const { faults } = verifyCertificate(certificates.get('many draws')!, noise, { sets: stored(sets) });
    expect(faults.join('; ')).toMatch(/digest is .*; threshold is .*; draws is /);
    const other = new GaussianNoise({ sigma: 0.25 });
    expect(() => verifyCertificate(certificate, other, { sets: stored(sets) })).toThrow('`noise` must be the one');
  });
});

describe('the JSON of conformal sets', () => {
  it('is refused with any entry edited', async () => {
    const { scores, ...rest } = stored(await calibrateRobustSets(model, options));
    const sample = { ...rest, scores: [...scores.slice(0, 2), ...scores.slice(-2)] };
    const whole = (copy: typeof sample): unknown =>
      Array.isArray((copy as typeof sample | null)?.scores) && copy.scores.length >= 4
        ? { ...copy, scores: [...copy.scores.slice(0, 2), ...scores.slice(2, -2), ...copy.scores.slice(2)] }
        : copy;
    expect(() => RobustSets.fromJSON(model, whole(sample) as RobustSetsRecord)).not.toThrow();
    const missed = [...edited(sample)].filter(({ at, copy }) => {
      if (at === '.more') return false;
      try {
        RobustSets.fromJSON(model, whole(copy as typeof sample) as RobustSetsRecord);
        return true;
      } catch (error) {
        if (error instanceof CatrsError) return false;
        throw error;
      }
    });
    expect(missed.map(({ at }) => at)).toEqual([]);
  });
});

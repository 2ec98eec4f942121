import * as tf from '@tensorflow/tfjs';
import {
  type BoundsCertificate,
  boxSlots,
  type BoxSlotsOptions,
  certifiedBoxes,
  ClassifierError,
  createKey,
  fillNormals,
  foldIn,
  GaussianNoise,
  OptionError,
  SmoothedRegressor,
  SoundGaussianNoise,
  verifyCertificate,
} from 'catrs';
import { describe, expect, it } from 'vitest';
import { expectError } from '../../helpers/errors.ts';
import { mediansOfOneBox, oneBox } from './one-box.ts';

const SIGMA = 0.5;
const noise = new GaussianNoise({ sigma: SIGMA });
const free = [-Infinity, Infinity] as const;
const smoothed = (options: Partial<BoxSlotsOptions> = {}): SmoothedRegressor =>
  new SmoothedRegressor(boxSlots(oneBox, { slots: 2, labels: 2, beyond: true, ...options }), {
    noise,
    inputRange: free,
  });
const origin = tf.tensor1d([0, 0, 0, 0]);
async function certify(
  x: readonly number[],
  radius: number | readonly number[],
  options: Partial<BoxSlotsOptions> = {},
): Promise<BoundsCertificate> {
  const input = tf.tensor1d([...x]);
  try {
    return await smoothed(options).certify(input, { key: createKey(1), n: 1000, alpha: 0.001, radius });
  } finally {
    input.dispose();
  }
}

describe('a smoothed detector', () => {
  it('certifies a box with its label, the slots without one, and how many there are', async () => {
    const certificate = await certify([0, 0, 3, 3], 0.25);
    expect(certificate).toMatchObject({ task: 'regression', outputs: 13, boxes: { slots: 2, labels: [0, 1] } });
    const { slots, atMost, radius, ball } = certifiedBoxes(certificate);
    expect({ atMost, radius, ball }).toEqual({ atMost: 1, radius: 0.25, ball: 'closed' });
    expect(slots).toMatchObject([
      { slot: 0, state: 'present', label: 1 },
      { slot: 1, state: 'absent', label: null },
    ]);
    const [{ lower, upper } = { lower: 0, upper: 0 }] = slots[0]?.bounds ?? [];
    expect(lower).toBeLessThan(9);
    expect(lower).toBeGreaterThan(8);
    expect(upper).toBeGreaterThan(11);
    expect(upper).toBeLessThan(12);
  });

  it('says nothing of a box that a perturbation brings or takes, or of a label that it changes', async () => {
    const weak = certifiedBoxes(await certify([0, 0, 0.1, 3], 0.25));
    expect(weak.slots[0]).toMatchObject({ state: 'unknown', label: null });
    expect(weak.atMost).toBe(1);
    const either = certifiedBoxes(await certify([0, 0, 3, 0.1], 0.25));
    expect(either.slots[0]).toMatchObject({ state: 'unknown', label: null });
    expect(either.slots[0]?.bounds.every(({ upper }) => upper !== null)).toBe(true);
    const none = certifiedBoxes(await certify([0, 0, -3, 3], 0.25));
    expect(none.slots.map(({ state }) => state)).toEqual(['absent', 'absent']);
    expect(none.atMost).toBe(0);
  });

  it('has the label for certain where bins are labels, and a count only with a number for what is beyond', async () => {
    const options = { bins: 'label', beyond: false } as const;
    const { slots, atMost } = certifiedBoxes(await certify([0, 0, 3, -3], 0.25, options));
    expect(slots).toMatchObject([{ state: 'present', label: 0 }, { state: 'absent' }]);
    expect(atMost).toBeNull();
  });

  it('reads each radius of a certificate', async () => {
    const certificate = await certify([0, 0, 1, 3], [0.1, 0.9]);
    expect(certifiedBoxes(certificate, 0.1).slots[0]?.state).toBe('present');
    expect(certifiedBoxes(certificate).slots[0]?.state).toBe('unknown');
    await expectError(
      () => certifiedBoxes(certificate, 0.2),
      OptionError,
      'certifiedBoxes: `radius` must be one of the certificate (0.1, 0.9), got 0.2',
    );
  });

  it('crosses no bound within the radius: false alarm below 12 · 1e-4', async () => {
    const [alpha, radius, n] = [1e-4, 0.4, 2000];
    const g = smoothed();
    const draws = new Float32Array(4 * 12);
    fillNormals(draws, { key: createKey(7), start: 0, dimension: draws.length });
    const turns = new Float32Array(4 * 200);
    fillNormals(turns, { key: createKey(8), start: 0, dimension: turns.length });
    for (let i = 0; i < 12; i++) {
      const x = [...draws.subarray(4 * i, 4 * i + 4)].map((value, k) => (k === 2 ? 1.2 * value + 0.5 : value));
      const input = tf.tensor1d(x);
      const { bounds } = await g.certify(input, { key: foldIn(createKey(9), i), n, alpha, radius });
      input.dispose();
      const ends = bounds.map(({ lower, upper, always }) =>
        always ? [Infinity, Infinity] : [lower ?? -Infinity, upper ?? Infinity],
      );
      for (let turn = 0; turn < 208; turn++) {
        const unit = turn < 8 ? [0, 1, 2, 3].map((k) => (k === turn >> 1 ? 1 - 2 * (turn & 1) : 0)) : [...turns.subarray(4 * (turn - 8), 4 * (turn - 7))]; // prettier-ignore
        const length = Math.hypot(...unit);
        const moved = x.map((value, k) => value + (radius * (unit[k] ?? 0)) / length);
        mediansOfOneBox(moved, SIGMA).forEach((median, k) => {
          const [low = 0, high = 0] = ends[k] ?? [];
          expect(low - 1e-9 <= median && median <= high + 1e-9, `input ${i}, number ${k}: ${low} ${median} ${high}`).toBe(true); // prettier-ignore
        });
      }
    }
  });

  it('works with sound noise, and from typed arrays with the same numbers', async () => {
    const sound = new SoundGaussianNoise({ sigma: SIGMA });
    const g = new SmoothedRegressor(boxSlots(oneBox, { slots: 2 }), { noise: sound });
    const x = tf.tensor1d([0, 0, 1, 1]);
    const certificate = await g.certify(x, { key: createKey(1), n: 500, alpha: 0.01, radius: 0.2 });
    expect(certifiedBoxes(certificate).slots[0]).toMatchObject({ state: 'present', label: 1 });
    expect(verifyCertificate(certificate, sound)).toMatchObject({ valid: true, radius: 0.2 });
    const typed = boxSlots(
      {
        detect: (inputs, { batch }) =>
          Array.from({ length: batch }, (_, row) => {
            const [a = 0, b = 0, score = 0, sign = 0] = inputs.subarray(4 * row, 4 * row + 4);
            const at = (value: number, from: number): number => Math.fround(Math.fround(4 * value) + from);
            const boxes = [at(a, 10), at(b, 10), at(a, 30), at(b, 30)];
            return { boxes, scores: [score], labels: [sign > 0 ? 1 : 0] };
          }),
      },
      { slots: 2 },
    );
    const other = new SmoothedRegressor(typed, { noise: sound });
    const again = await other.certify(x, { key: createKey(1), n: 500, alpha: 0.01, radius: 0.2, batchSize: 33 });
    expect(again).toEqual(certificate);
    x.dispose();
  });

  it('lets rows jump where a score crosses the threshold, but not whole batches', async () => {
    let calls = 0;
    const jumping = (rows: number) => ({
      detect: (_: Float32Array, { batch }: { batch: number }) => {
        calls += 1;
        // As a score next to the threshold: in some batches one row has another box.
        const lists = Array.from({ length: batch }, (_, row) =>
          row < rows && calls > 1 ? [1, 1, 5, 5] : [1, 1, 4, 4],
        );
        return lists.map((boxes) => ({ boxes, scores: [1], labels: [0] }));
      },
    });
    const ask = (rows: number): Promise<unknown> => {
      calls = 0;
      const g = new SmoothedRegressor(boxSlots(jumping(rows), { slots: 1 }), { noise, inputRange: free });
      return g.certify(origin, { key: createKey(1), n: 100, alpha: 0.01, radius: 0.1, batchSize: 50 });
    };
    expect(await ask(1)).toMatchObject({ task: 'regression' });
    const text = await ask(50).then(() => '', String);
    expect(text).toMatch(/must be one fixed function of each row, got 16 of 48 numbers that differ/);
  });

  it('counts a row that is not finite against each bound where that is asked for', async () => {
    const half = boxSlots(
      { detect: (inputs, { batch }) => Array.from({ length: batch }, (_, row) => ({ boxes: [0, 0, 9, inputs[4 * row]! > 1.2 ? NaN : 9], scores: [1], labels: [0] })) }, // prettier-ignore
      { slots: 1 },
    );
    const options = { key: createKey(1), n: 200, alpha: 0.01, radius: 0.1 };
    const x = tf.zeros([4]);
    const worst = new SmoothedRegressor(half, { noise, inputRange: free, nonFinite: 'worst' });
    const certificate = await worst.certify(x, options);
    expect(new Set(certificate.looks[0]?.missing)).toEqual(new Set([certificate.looks[0]?.missing[0]]));
    expect(certificate.looks[0]?.missing[0]).toBeGreaterThan(0);
    expect(certifiedBoxes(certificate).slots[0]?.state).toBe('present');
    expect(verifyCertificate(certificate, noise).valid).toBe(true);
    const strict = new SmoothedRegressor(half, { noise, inputRange: free });
    await expect(strict.certify(x, options)).rejects.toThrow(ClassifierError);
    x.dispose();
  });

  it('refuses what is no certificate of boxes with bounds', async () => {
    const x = tf.zeros([4]);
    const plain = new SmoothedRegressor((z) => tf.slice(z, [0, 0], [-1, 2]), { noise, outputs: 2, inputRange: free });
    const other = await plain.certify(x, { key: createKey(1), n: 100, alpha: 0.01, radius: 0.1 });
    const ofRadius = await smoothed().certifyInterval(x, {
      key: createKey(1),
      n: 100,
      alpha: 0.01,
      low: 0,
      high: null,
    });
    x.dispose();
    const must = 'certifiedBoxes: `certificate` must be one of bounds, of a model of `boxSlots`, got';
    await expectError(() => certifiedBoxes(other), OptionError, `${must} one of other outputs`);
    await expectError(() => certifiedBoxes(ofRadius), OptionError, `${must} one of a radius`);
    await expectError(
      () => new SmoothedRegressor(boxSlots(oneBox, { slots: 2 }), { noise, outputs: 13 }),
      OptionError,
      'SmoothedRegressor: `outputs` must be 12, as the model says, got 13',
    );
  });
});

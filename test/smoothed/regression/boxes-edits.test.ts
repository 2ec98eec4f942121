import * as tf from '@tensorflow/tfjs';
import {
  type BoundsCertificate,
  type BoxLayout,
  boxSlots,
  createKey,
  GaussianNoise,
  SmoothedRegressor,
  verifyCertificate,
} from 'catrs';
import { describe, expect, it } from 'vitest';
import { oneBox } from './one-box.ts';

const noise = new GaussianNoise({ sigma: 0.5 });
const model = boxSlots(oneBox, { slots: 4, labels: 2, bins: 'label', threshold: 0.1, beyond: true });
const x = tf.tensor1d([0, 0, 3, 3]);
const certificate = await new SmoothedRegressor(model, { noise, inputRange: [-Infinity, Infinity] }).certify(x, {
  key: createKey(1),
  n: 400,
  alpha: 0.01,
  radius: 0.2,
});
x.dispose();

const isRefused = (edited: unknown): boolean => {
  try {
    return !verifyCertificate(edited as BoundsCertificate, noise).valid;
  } catch {
    return true; // no certificate at all
  }
};
const withBoxes = (change: Partial<Record<keyof BoxLayout | 'more', unknown>>): unknown => ({
  ...certificate,
  boxes: { ...certificate.boxes, ...change },
});

describe('a certificate of boxes', () => {
  it('holds, as JSON too', () => {
    expect(verifyCertificate(JSON.parse(JSON.stringify(certificate)) as BoundsCertificate, noise)).toMatchObject({
      valid: true,
      radius: 0.2,
    });
  });

  it('is refused where its layout cannot be that of its numbers', () => {
    const edits: readonly Parameters<typeof withBoxes>[0][] = [
      { slots: 5 },
      { slots: 2 },
      { slots: 4.5 },
      { beyond: false },
      { beyond: 1 },
      { labels: [1, 0] }, // the bin of label 1 holds label 1
      { labels: [0, 2] },
      { labels: [0, 0] },
      { labels: null },
      { bins: 'cell' },
      { bins: 'labels' },
      { cells: [1, 1] },
      { sort: 'area' },
      { threshold: 4 }, // scores were lower
      { threshold: null },
      { overlap: 2 },
      { more: 1 },
    ];
    for (const edit of edits) expect(isRefused(withBoxes(edit)), JSON.stringify(edit)).toBe(true);
  });

  it('says of the model what nobody can see in numbers: its order, its suppression, a threshold below all scores', () => {
    for (const edit of [{ sort: 'center' }, { overlap: 0.5 }, { threshold: 0 }] as const) {
      expect(isRefused(withBoxes(edit)), JSON.stringify(edit)).toBe(false);
    }
  });

  it('is refused where a slot has some numbers of a box and not all, or a label or score that no box has', () => {
    const [look] = certificate.looks;
    const [statistics] = look?.statistics ?? [];
    if (look === undefined || statistics === undefined) throw new Error('there is one look at one radius');
    const edited = (side: 'lower' | 'upper', place: number, value: unknown): unknown => ({
      ...certificate,
      looks: [
        {
          ...look,
          statistics: [{ ...statistics, [side]: statistics[side].map((one, i) => (i === place ? value : one)) }],
        },
      ],
    });
    const edits: (readonly ['lower' | 'upper', number, unknown])[] = [];
    for (let place = 0; place < 24; place++) {
      for (const side of ['lower', 'upper'] as const) {
        edits.push([side, place, null], [side, place, '-Infinity']);
        edits.push([side, place, typeof statistics[side][place] === 'number' ? 'Infinity' : 1]);
      }
    }
    edits.push(['lower', 16, 0], ['upper', 16, 1.5], ['lower', 17, 0.0625], ['upper', 24, 0.5]);
    expect(statistics.lower.slice(12, 18).every((one) => typeof one === 'number')).toBe(true);
    for (const edit of edits) expect(isRefused(edited(...edit)), JSON.stringify(edit)).toBe(true);
  });
});

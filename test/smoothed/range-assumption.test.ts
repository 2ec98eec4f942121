import * as tf from '@tensorflow/tfjs';
import {
  createKey,
  GaussianNoise,
  reproduceCertificate,
  SmoothedClassifier,
  SoftSmoothedClassifier,
  verifyCertificate,
} from 'catrs';
import { describe, expect, it } from 'vitest';
import { rangeAssumption, rangeIn } from '../../src/smoothed/range-assumption.ts';

const noise = new GaussianNoise({ sigma: 40 });
const key = createKey(5);
const logits = (x: tf.Tensor): tf.Tensor => tf.concat([x, tf.sub(150, x)], 1);
const options = { noise, numClasses: 2, inputRange: [0, 255] } as const;

describe('the range of the inputs in a certificate', () => {
  it.each([
    ['hard', new SmoothedClassifier(logits, options)],
    ['soft', new SoftSmoothedClassifier(logits, options)],
  ])('is named by %s smoothing where it is not [0, 1], and held by what checks it', async (_, g) => {
    const x = tf.tensor1d([200]);
    const certificate = await g.certify(x, { key, n: 2000 });
    expect(certificate.assumptions).toEqual(['real arithmetic', 'input range 0 to 255']);
    expect(certificate.radius).toBeGreaterThan(0);
    expect(verifyCertificate(certificate, noise)).toMatchObject({ valid: true });
    expect(await reproduceCertificate(g, x, certificate)).toMatchObject({ same: true });
    const said = { ...certificate, assumptions: ['real arithmetic', 'input range 0 to 300'] };
    expect((await reproduceCertificate(g, x, said)).same).toBe(false);
    for (const assumptions of [
      ['input range 0 to 255', 'real arithmetic'],
      ['real arithmetic', 'input range 0 to 1'],
      ['real arithmetic', 'input range 0 to 0x1f'],
      ['real arithmetic', 'input range 0 to 255', 'input range 0 to 300'],
    ]) {
      expect(verifyCertificate({ ...certificate, assumptions }, noise).valid, String(assumptions)).toBe(false);
    }
    x.dispose();
  });

  it('reads back what it writes, and says nothing of [0, 1] or of ranges without ends', () => {
    for (const range of [
      [0, 255],
      [-1, 1],
      [-0.5, 0.1 + 0.2],
      [0, 1e-7],
    ] as const) {
      expect(rangeIn(['a', ...rangeAssumption(range)])).toEqual(range);
    }
    for (const range of [
      [0, 1],
      [-Infinity, Infinity],
      [0, Infinity],
    ] as const)
      expect(rangeAssumption(range)).toEqual([]);
    expect(rangeIn(['real arithmetic'])).toBeUndefined();
  });
});

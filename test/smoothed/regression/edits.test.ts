import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Certificate, createKey, type Noise, type RegressionCertificate, SmoothedRegressor, verifyCertificate } from 'catrs';
import { useBackend } from '../../helpers/backends.ts';
import { edits } from '../edits.ts';
import { outputsOf, scriptedNoise } from './scripted-outputs.ts';

describe('an edited certificate of a smoothed regressor', () => {
  beforeAll(() => useBackend('cpu'));
  it('x', async () => {
    const x = tf.tensor1d([0.5]);
    const noise = scriptedNoise(1, (i) => i === 3);
    const g = new SmoothedRegressor(outputsOf((i) => [Math.sin(i), i % 7 === 0 ? NaN : Math.cos(i)]), { noise, outputs: 2, nonFinite: 'worst', outputRange: [-1, 1] });
    const key = createKey(4);
    const all: RegressionCertificate[] = [
      await g.certify(x, { key, n: 120, radius: [0.3, 0.6], alpha: 0.05 }),
      await g.certify(x, { key, n: 120, radius: 0.3, looks: [40, 120], alpha: 0.05 }),
      await g.certify(x, { key, n: 400, radius: 0.3, stop: { width: 1.9 }, alpha: 0.05, grid: {low: -1, high: 1, bins: 50}, checkEvery: 50 }),
      await g.predict(x, { key, n: 120, alpha: 0.05 }),
      await g.certifyInterval(x, { key, n: 120, low: [-1.5, null], high: [0.95, 0.999], alpha: 0.05 }),
      await g.certifyInterval(x, { key, n: 400, low: -1.5, high: 1.5, alpha: 0.05, stop: { radius: 0.1 } }),
    ];
    for (const c of all) {
      const stored = JSON.parse(JSON.stringify(c)) as RegressionCertificate;
      expect(verifyCertificate(stored, noise).faults).toEqual([]);
      const passed = new Map<string, string[]>();
      let count = 0;
      const t = Date.now();
      for (const { field, what, certificate } of edits(stored as unknown as Certificate)) {
        count++;
        try {
          if (verifyCertificate(certificate, noise).valid) passed.set(field, [...(passed.get(field) ?? []), what]);
        } catch (error) { if (!/^verifyCertificate: /.test((error as Error).message)) console.log(field, what, error); }
      }
      console.log(c.claim, c.rule.name, count, Date.now() - t, [...passed].map(([f, w]) => `${f} ${w.length}: ${w.slice(0, 4).join(' | ').slice(0, 500)}`).join('\n'));
    }
  });
});

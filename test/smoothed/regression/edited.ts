import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import {
  CatrsError,
  type Certificate,
  createKey,
  type Noise,
  type RegressionCertificate,
  SmoothedRegressor,
  verifyCertificate,
} from 'catrs';
import { edits } from '../edits.ts';
import { outputsOf, scriptedNoise } from './scripted-outputs.ts';

/** A noise of which sample 3 fails: with it every count of a certificate is above 0. */
export const failing: Noise = scriptedNoise(1, (i) => i === 3);

/** One certificate of each kind and rule, by its name. */
export async function madeCertificates(): Promise<Record<string, RegressionCertificate>> {
  const model = outputsOf((i) => [Math.sin(i), i % 7 === 0 ? NaN : Math.cos(i)]);
  const g = new SmoothedRegressor(model, {
    ...{ noise: failing, outputs: 2, nonFinite: 'worst', outputRange: [-1, 1] },
  });
  const shared = { key: createKey(4), alpha: 0.05 };
  const grid = { low: -1, high: 1, bins: 50 };
  const x = tf.tensor1d([0.5]);
  const made = {
    'a fixed sample': await g.certify(x, { ...shared, n: 120, radius: [0.3, 0.6] }),
    'one side': await g.certify(x, { ...shared, n: 120, radius: 0.3, sides: 'lower' }),
    looks: await g.certify(x, { ...shared, n: 120, radius: 0.3, looks: [40, 120] }),
    'any time, on a grid': await g.certify(x, {
      ...shared,
      n: 400,
      radius: 0.3,
      stop: { width: 1.9 },
      grid,
      checkEvery: 50,
    }),
    'a prediction': await g.predict(x, { ...shared, n: 120 }),
    'an interval': await g.certifyInterval(x, { ...shared, n: 120, low: [-0.98, null], high: [0.95, 0.999] }),
    'an interval at any time': await g.certifyInterval(x, {
      ...shared,
      n: 400,
      low: -0.98,
      high: 0.98,
      stop: { radius: 0.1 },
    }),
  };
  x.dispose();
  return made;
}

/**
 * What an edit may change without a fault, and why.
 *
 * - `key`, `dimension`: what the noise was drawn with, and an input that is not here.
 * - `outputRange`: what the host says of its model; a bound that rests on it follows.
 * - `rule`, `n`: a stop that would have held there too; more samples at most.
 * - `grid`: finer ones have the same edges.
 * - `looks`: values of an early look that no bound is.
 * - `low`, `high`, `aroundLow`, `aroundHigh`: an end is held against the values around it, and these against their order.
 */
const SAID = {
  bounds: ['key', 'dimension', 'outputRange'],
  looks: ['looks'],
  radius: ['key', 'dimension', 'low', 'high', 'aroundLow', 'aroundHigh'],
  anytime: ['rule', 'n', 'grid'],
};

/** Edits a certificate in every field, every `stride`-th of all edits; each must be a fault or an error of its form, but for what is only said. */
export function checkEdits(made: RegressionCertificate, stride: number): void {
  const stored = JSON.parse(JSON.stringify(made)) as RegressionCertificate;
  expect(verifyCertificate(stored, failing)).toMatchObject({ valid: true, faults: [] });
  const { claim, rule } = stored;
  const said: readonly string[] = [
    ...SAID[claim],
    ...(rule.name === 'looks' ? SAID.looks : []),
    ...(rule.name === 'anytime' ? SAID.anytime : []),
  ];
  const passed = new Set<string>();
  const caught = new Set<string>();
  for (const { field, what, certificate } of edits(stored as unknown as Certificate, stride)) {
    if (isFault(certificate)) caught.add(field);
    else {
      passed.add(field);
      expect(said, what).toContain(field);
    }
  }
  if (stride === 1) for (const field of Object.keys(stored)) expect([...caught], field).toContain(field);
}

function isFault(certificate: unknown): boolean {
  try {
    return !verifyCertificate(certificate as RegressionCertificate, failing).valid;
  } catch (error) {
    if (!(error instanceof CatrsError)) throw error;
    expect(error.message).toMatch(/^verifyCertificate: /);
    return true;
  }
}

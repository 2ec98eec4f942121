import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKey, GaussianNoise, type RegressionCertifyOptions, SmoothedRegressor } from 'catrs';
import { useBackend } from '../../helpers/backends.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const OUTPUTS = 500;
const MEBIBYTE = 2 ** 20;

/** Most bytes of array buffers alive at the looks of a run, beyond those before it. */
async function peak(options: Omit<RegressionCertifyOptions, 'key' | 'radius'>): Promise<number> {
  const model = {
    classify: (inputs: Float32Array): Float32Array => {
      const values = new Float32Array(inputs.length * OUTPUTS);
      for (let i = 0; i < values.length; i++) values[i] = (inputs[Math.floor(i / OUTPUTS)] ?? 0) + ((i % OUTPUTS) % 7);
      return values;
    },
  };
  const g = new SmoothedRegressor(model, { noise: new GaussianNoise({ sigma: 0.25 }), outputs: OUTPUTS });
  const x = tf.tensor1d([0.5]);
  for (let turn = 0; turn < 3; turn++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20)); // buffers of runs before are freed between turns
  }
  collect();
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  let next = 0;
  const onSamples = ({ drawn }: { readonly drawn: number }): void => {
    if (drawn < next) return;
    next = drawn + 1000;
    collect();
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  };
  await g.certify(x, { key: createKey(0), radius: 0.05, alpha: 0.01, batchSize: 16, ...options, onSamples });
  x.dispose();
  return most;
}

describe('memory of a smoothed regressor with 500 outputs', () => {
  beforeAll(() => useBackend('cpu'));

  it('does not grow from n = 100 to 10 000 with a grid', async () => {
    const grid = { low: -2, high: 9, bins: 64 };
    await peak({ n: 100, grid }); // what is made once
    const [few, many] = [await peak({ n: 100, grid }), await peak({ n: 10_000, grid })];
    expect(many).toBeLessThan(few + 2 * MEBIBYTE);
  });

  it('grows with n where values are kept, and with passes to a part of that', async () => {
    // α / (2 · 500) and ρ = 0.2 leave more than a third of the values at each end.
    const all = await peak({ n: 10_000 });
    expect(all).toBeGreaterThan(10 * MEBIBYTE);
    const part = await peak({ n: 10_000, passes: 4 });
    expect(part).toBeLessThan(0.65 * all); // the values of one part are freed while the next are drawn
  });

  it('keeps only the ends that can be a bound', async () => {
    const [near, far] = [await peak({ n: 4000 }), await peak({ n: 4000, sides: 'lower' })];
    expect(far).toBeLessThan(0.75 * near);
  });
});

import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { type CertifiedRow, certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { fillUniforms } from '../../src/random/fill-bits.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { Sgd } from '../../src/recipes/sgd.ts';
import type { CertifyOptions } from '../../src/smoothed/call-options.ts';
import type { Certifier } from '../../src/smoothed/types.ts';
import { guestsFolder, nativeTensorflow } from '../helpers/guests.ts';
import { useNative } from '../../src/native/index.ts';
import { useTrainers, useWorkers } from '../node/start.ts';
import { makeCertifier, learner } from './thread-module.ts';

const native = nativeTensorflow();
const module = new URL('thread-module.ts', import.meta.url);
const key = createKey(3);

async function rowsOf(g: Certifier<CertifyOptions>) {
  const values = new Float32Array(7 * 784);
  fillUniforms(values, { key, start: 0, dimension: 784 });
  const images = arrayDataset({ values, shape: [28, 28, 1], labels: [0, 1, 2, 3, 4, 5, 6] });
  const rows: CertifiedRow[] = [];
  for await (const row of certifyDataset(g, images, { key, n0: 30, n: 251, batchSize: 64 })) rows.push(row);
  return rows.map((row) => ({ ...row, milliseconds: 0 }));
}

// The order matters: the threads come first, so that they are those who load TensorFlow, and with one thread.
describe.skipIf('reason' in native)(`threads on TensorFlow${'reason' in native ? `: ${native.reason}` : ''}`, () => {
  const startWorkers = useWorkers();
  const startTrainers = useTrainers();

  it('certify as one does, two as this one, with one core each', async () => {
    const one = await startWorkers({ module, data: 1, workers: 1 });
    const expected = await rowsOf(one);
    expect(expected).toHaveLength(7);
    const two = await startWorkers({ module, data: 1, workers: 2 });
    expect(await rowsOf(two)).toStrictEqual(expected);
    // The setting of the threads is that of the process.
    expect(process.env['TF_NUM_INTRAOP_THREADS']).toBe('1');
    expect(await rowsOf(await makeCertifier(1))).toStrictEqual(expected);
  });

  it('cannot have another number than the process has', async () => {
    await expect(startWorkers({ module, data: 2, workers: 1 })).rejects.toThrow(
      /^useNative: `threads` must be the number that TensorFlow is loaded with in this process, got 2 with TF_NUM_INTRAOP_THREADS 1/,
    );
  });

  it('train as one does, up to rounding', async () => {
    await useNative({ threads: 1, resolveFrom: guestsFolder });
    const values = new Float32Array(6 * 784);
    fillUniforms(values, { key, start: 0, dimension: 784 });
    const x = tf.tensor(values, [6, 28, 28, 1]);
    const results: number[][] = [];
    for (const workers of [1, 2]) {
      const trainers = await startTrainers({ module, data: 1, workers });
      const { model, variables } = learner();
      const sgd = new Sgd({ learningRate: 0.05, momentum: 0.9 });
      const found: number[] = [];
      for (let step = 0; step < 3; step++) {
        const batch = { x, labels: [0, 1, 2, 3, 4, 5], key: foldIn(key, step) };
        found.push(await trainers.minimize(sgd, variables, batch));
      }
      for (const variable of variables) found.push(...(await variable.data()).slice(0, 50));
      results.push(found);
      await trainers.close();
      sgd.dispose();
      model.dispose();
    }
    const [alone, together] = results as [number[], number[]];
    expect(alone[0]).not.toBe(alone[1]);
    expect(Math.max(...alone.map((value, i) => Math.abs(value - together[i]!)))).toBeLessThan(1e-4);
    x.dispose();
  });
});

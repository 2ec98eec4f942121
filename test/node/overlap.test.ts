import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { loadCheckpoint, saveCheckpoint } from '../../src/node/checkpoint-files.ts';
import { onnxClassifier } from '../../src/onnx/onnx-classifier.ts';
import type { OnnxTensor } from '../../src/onnx/onnx-session.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { readLog, run, useFolder } from './run.ts';

beforeAll(() => useBackend('cpu'));

describe('two at the same time', () => {
  const folder = useFolder();

  const settled = (works: readonly Promise<unknown>[]): Promise<string[]> =>
    Promise.all(
      works.map((work) =>
        work.then(
          () => 'done',
          (error: unknown) => {
            expect(error).toBeInstanceOf(OptionError);
            return (error as Error).message;
          },
        ),
      ),
    );

  it('runs into one log: one is refused, and the log is that of the other', async () => {
    await run(folder.path('alone.tsv'));
    const file = folder.path('both.tsv');
    const found = await settled([run(file), run(file)]);
    expect(found.filter((one) => one === 'done')).toHaveLength(1);
    expect(found.filter((one) => one.includes('must not be in use by another run'))).toHaveLength(1);
    expect(await readLog(file)).toBe(await readLog(folder.path('alone.tsv')));
  });

  it('checkpoints to one file: one is refused, and the file is whole', async () => {
    const file = folder.path('checkpoint.safetensors');
    const variables = { a: tf.variable(tf.ones([1000])) };
    const save = (state: number): Promise<void> => saveCheckpoint(file, { variables, state });
    const found = await settled([save(1), save(2)]);
    expect(found.filter((one) => one === 'done').length).toBeGreaterThan(0);
    expect(found.every((one) => one === 'done' || one.includes('must not be in use by another run'))).toBe(true);
    expect([1, 2]).toContain(await loadCheckpoint(file, { variables }));
    variables.a.dispose();
  });

  it('classifiers over one ONNX session: its runs stand in one line, and their outputs are copied', async () => {
    class Tensor implements OnnxTensor {
      readonly data: Float32Array;
      readonly dims: readonly number[];
      constructor(_: string, data: unknown, dims: readonly number[]) {
        this.data = data as Float32Array;
        this.dims = dims;
      }
    }
    const memory = new Float32Array(2 * 64);
    let [inside, most] = [0, 0];
    const session = {
      inputNames: ['x'],
      outputNames: ['y'],
      run: async ({ x }: Readonly<Record<string, OnnxTensor>>) => {
        most = Math.max(most, ++inside);
        const { data, dims } = x as Tensor;
        const [batch = 0] = dims;
        await new Promise((resolve) => setTimeout(resolve));
        for (let row = 0; row < batch; row++) memory.set([0, (data[2 * row] ?? 0) - 0.5], 2 * row);
        inside--;
        return { y: new Tensor('float32', memory.subarray(0, 2 * batch), [batch, 2]) };
      },
    };
    const noise = new GaussianNoise({ sigma: 0.5 });
    const classifiers = [1, 2, 3].map(() => onnxClassifier(session, { Tensor }));
    const works = classifiers.map((f, i) => async () => {
      const x = tf.tensor1d([0.5 * i, 0]);
      const g = new SmoothedClassifier(f, { noise, numClasses: 2, batchSize: 16 });
      const certificate = await g.certify(x, { key: createKey(i), n0: 16, n: 100, alpha: 0.01 });
      x.dispose();
      return certificate;
    });
    const inOrder: unknown[] = [];
    for (const work of works) inOrder.push(await work());
    expect(await Promise.all(works.map((work) => work()))).toEqual(inOrder);
    expect(most).toBe(1);
  });
});

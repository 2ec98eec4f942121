import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKey } from 'catrs';
import { loadFragments, TYPES } from '../../examples/file-types/data.ts';
import { published, runExperiment } from '../../examples/file-types/experiment.ts';
import { copyClassifier } from '../../examples/file-types/model.ts';
import { table } from '../../examples/file-types/report.ts';
import { useBackend } from '../helpers/backends.ts';

beforeAll(() => useBackend('wasm'));

describe('fragments of files', () => {
  const request = { length: 300, training: 7, evaluation: 3, key: createKey(1) };

  it('are of each type, as many as asked for, and the same each time', () => {
    const { training, evaluation } = loadFragments(request);
    expect(training.labels).toEqual(TYPES.flatMap((_, type) => new Array<number>(7).fill(type)));
    expect(evaluation.labels).toEqual(TYPES.flatMap((_, type) => new Array<number>(3).fill(type)));
    expect([...training.bytes, ...evaluation.bytes].every((bytes) => bytes.length === 300)).toBe(true);
    expect(loadFragments(request)).toEqual({ training, evaluation });
    const texts = [...training.bytes, ...evaluation.bytes].map((bytes) => bytes.join());
    expect(new Set(texts).size).toBe(texts.length);
  });
});

describe('the network', () => {
  it('says the same of a copy whatever stands in the columns that it does not read, and beside whatever other copies', async () => {
    const { classifier, dispose } = copyClassifier(20, 0);
    const run = classifier as (x: tf.Tensor, mode: { training: boolean }) => tf.Tensor;
    const rows = tf.tensor2d(Array.from({ length: 3 }, (_, b) => Array.from({ length: 50 }, (_, i) => (i < 10 + b ? 65 + b : 256)))); // prettier-ignore
    const all = run(rows, { training: false });
    const last = run(tf.slice(rows, [2, 0], [1, 50]), { training: false });
    const [expected, got] = [(await all.array()) as number[][], (await last.array()) as number[][]];
    got[0]!.forEach((logit, c) => expect(logit).toBeCloseTo(expected[2]![c]!, 5));
    dispose();
  });
});

describe('the experiment', () => {
  it('trains and certifies', async () => {
    const lines: string[] = [];
    const small = {
      ...published,
      training: 50,
      evaluation: 2,
      epochs: 6,
      n0: 20,
      n: 100,
      noises: [published.noises[0]!],
    };
    const outcomes = await runExperiment(small, (line) => lines.push(line));
    expect(outcomes[0]!.rows).toHaveLength(2 * TYPES.length);
    expect(outcomes[0]!.rows.every(({ certificate }) => certificate.norm === 'edit')).toBe(true);
    const losses = lines.flatMap((line) => /loss (.*)/.exec(line)?.[1] ?? []).map(Number);
    expect(losses).toHaveLength(6);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.02);
    expect(table(outcomes).split('\n')).toHaveLength(2 + 13 + 1 + TYPES.length);
  });
});

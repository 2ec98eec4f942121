import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Classifier } from '../../src/classifier/types.ts';
import { TensorError } from '../../src/errors.ts';
import type { PreparedBatch, TrainingBatch, TrainingLoss } from '../../src/losses/types.ts';
import { createKey } from '../../src/random/key.ts';
import { describeContract } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { readFixture } from '../helpers/fixtures.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { tinyCnn, type TinyCnnFixture, tinyCnnVariables } from '../helpers/tiny-cnn.ts';
import { sevenLosses } from '../losses/seven-losses.ts';

const { model } = await readFixture<{ readonly model: TinyCnnFixture }>('tinycnn.json');
const [images, numNoise] = [4, 3];
const labels = [0, 1, 2, 0];

type Terms = Readonly<Record<string, tf.Tensor1D>>;
type Step = PreparedBatch<Terms>;

const mean = (list: readonly number[]): number => list.reduce((sum, entry) => sum + entry, 0) / list.length;
const sumOf = (terms: Readonly<Record<string, number>>): number => Object.values(terms).reduce((a, b) => a + b);

/** Terms of each method, and what its metrics say besides. */
const fields: Readonly<Record<string, readonly [terms: readonly string[], others: readonly string[]]>> = {
  Gaussian: [['crossEntropy'], []],
  Stability: [['crossEntropy', 'stability'], []],
  SmoothAdv: [['crossEntropy'], []],
  MACER: [['classification', 'robustness'], []],
  Consistency: [['crossEntropy', 'consistency'], []],
  SmoothMix: [['crossEntropy', 'mixup'], ['mask']],
  'CAT-RS': [
    ['low', 'high'],
    ['pHat', 'k', 'mask'],
  ],
};

describeContract('the numbers of a step', sevenLosses, ({ name, make }) => {
  let variables: ReturnType<typeof tinyCnnVariables>;
  let x: tf.Tensor;
  const passes: { readonly rows: number; readonly logits: tf.Tensor }[] = [];

  beforeAll(() => {
    variables = tinyCnnVariables(model);
    x = tf.tensor(
      Array.from({ length: images * 64 }, (_, i) => 0.5 + 0.5 * Math.sin(3 * i + (i % 7))),
      [images, 8, 8, 1],
    );
  });
  afterAll(() => tf.dispose([variables, x]));

  const prepare = (classifier: Classifier = tinyCnn(variables)): Step => {
    const loss = make(classifier, numNoise, 1) as TrainingLoss<TrainingBatch, Step>;
    return loss.prepare({ x, labels, key: createKey(7), epoch: 200 });
  };
  const valueOf = async (step: Step): Promise<number> => {
    const value = step.value();
    const [number = NaN] = await value.data();
    value.dispose();
    return number;
  };

  it('have the terms of the method: the value is the mean over the images of their sum', async () => {
    using step = prepare();
    const value = await valueOf(step);
    const [names, others] = fields[name]!;
    const metrics = await step.metrics();
    expect(Object.keys(metrics).sort()).toEqual(['accuracy', 'loss', 'terms', ...others].sort());
    expect(Object.keys(metrics.terms)).toEqual(names);
    expect(metrics.loss, 'the very number').toBe(value);
    expect(sumOf(metrics.terms) / value).toBeCloseTo(1, 5);

    const each = await step.perImage();
    expect(mean(each.loss) / value).toBeCloseTo(1, 5);
    for (const term of names) expect(mean(each.terms[term]!)).toBeCloseTo(metrics.terms[term]!, 10);
    each.loss.forEach((entry, b) => {
      expect(names.reduce((sum, term) => sum + each.terms[term]![b]!, 0) / entry).toBeCloseTo(1, 5);
    });

    const terms = step.terms();
    expect(Object.keys(terms)).toEqual(names);
    for (const term of names) {
      expect(terms[term]!.shape).toEqual([images]);
      (await terms[term]!.data()).forEach((entry, b) => expect(entry).toBeCloseTo(each.terms[term]![b]!, 4));
    }
    tf.dispose({ ...terms });
  });

  it('come from the forward pass of the value: nothing is asked again, and nothing read on the tape', async () => {
    const network = tinyCnn(variables);
    const spy: Classifier = (rows) => {
      const logits = network(rows);
      passes.push({ rows: rows.shape[0]!, logits: tf.keep(logits.clone()) });
      return logits;
    };
    using step = prepare(spy);
    tf.dispose(passes.splice(0).map(({ logits }) => logits));
    const optimizer = tf.train.sgd(0); // the weights stay
    const read = vi.spyOn(tf.backend(), 'read');
    const value = optimizer.minimize(() => step.value(), true, Object.values(variables))!;
    expect(read).not.toHaveBeenCalled();
    read.mockRestore();
    const inValue = passes.length;
    const metrics = await step.metrics();
    const each = await step.perImage();
    expect(passes.length).toBe(inValue);
    expect(metrics.loss).toBe((await value.data())[0]);

    const noisy = passes.find(({ rows }) => rows === images * numNoise)!;
    const votes = tf.argMax(noisy.logits, 1);
    const right = Array.from(await votes.data(), (vote, row) => Number(vote === labels[row % images]));
    expect(metrics.accuracy).toBeCloseTo(mean(right), 6);
    each.accuracy.forEach((share, b) => {
      expect(share).toBeCloseTo(mean(right.filter((_, row) => row % images === b)), 6);
    });
    tf.dispose([votes, value, passes.splice(0).map(({ logits }) => logits)]);
    optimizer.dispose();
  });

  it('are those of the latest value, and leave nothing when the step is disposed', () =>
    expectNoLeak(async () => {
      const step = prepare();
      const first = await valueOf(step);
      const held = tf.memory().numTensors;
      expect(await valueOf(step)).toBe(first);
      expect(tf.memory().numTensors, 'the numbers of one pass').toBe(held);
      expect((await step.metrics()).loss).toBe(first);
      step.dispose();
      step.dispose();
    }));

  it('are refused before the value and after the step is disposed', async () => {
    const step = prepare();
    const loss = `${{ MACER: 'Macer', 'CAT-RS': 'ConfidenceAware' }[name] ?? name}Loss`;
    const text = (method: string, got: string): string =>
      `${loss}.${method}: \`value\` must be called before the metrics, got ${got}`;
    const before = 'no call (metrics are of the forward pass of value())';
    await expectError(() => step.metrics(), TensorError, text('metrics', before));
    await expectError(() => step.perImage(), TensorError, text('perImage', before));
    step.value().dispose();
    step.dispose();
    const after = 'a disposed step (dispose it after the metrics are read)';
    await expectError(() => step.metrics(), TensorError, text('metrics', after));
    await expectError(() => step.perImage(), TensorError, text('perImage', after));
  });
});

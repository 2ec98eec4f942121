import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { TypedBatch } from '../../src/classifier/types.ts';
import { BandAblation } from '../../src/noise/band-ablation.ts';
import { DerandomizedClassifier } from '../../src/smoothed/derandomized-classifier.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const noise = new BandAblation({ inputShape: [5, 6, 1], keep: 'blocks', size: [2, 3], encoding: 'mask' });
const values = Float32Array.from({ length: 30 }, (_, i) => ((i * 17) % 30) / 30);
const weights = Float32Array.from({ length: 60 * 3 }, (_, i) => (((i * 29) % 41) - 20) / 8);
const model = (x: tf.Tensor): tf.Tensor =>
  tf.tidy(() => tf.matMul(tf.reshape(x, [-1, 60]) as tf.Tensor2D, tf.tensor2d(weights, [60, 3])));

/** Votes by plain loops over the logits of the backend: every class whose softmax is at least the threshold. */
async function slowCounts(threshold: number): Promise<{ counts: number[]; perCopy: number[] }> {
  const x = tf.tensor(values, [5, 6, 1]);
  const logits = tf.tidy(() => model(noise.perturb(x, { start: 0, count: noise.copies })) as tf.Tensor2D);
  const rows = await logits.array();
  tf.dispose([x, logits]);
  const counts = [0, 0, 0];
  const perCopy = rows.map((row) => {
    const most = Math.max(...row);
    const sum = row.reduce((total, z) => total + Math.exp(z - most), 0);
    const voted = row.map((z) => Math.exp(z - most) / sum >= threshold);
    voted.forEach((votes, c) => (counts[c]! += votes ? 1 : 0));
    return voted.filter(Boolean).length;
  });
  return { counts, perCopy };
}

describeBackends('votes of the copies of a deterministic noise', () => {
  it.each([0.1, 0.3, 0.45, 0.7, 0.99])('by the threshold %d are those of plain loops', (threshold) =>
    expectNoLeak(async () => {
      const g = new DerandomizedClassifier(model, { noise, numClasses: 3, votes: { threshold } });
      const { counts, perCopy } = await slowCounts(threshold);
      const x = tf.tensor(values, [5, 6, 1]);
      for (const batchSize of [7, 30]) expect(await g.counts(x, { batchSize })).toEqual(counts);
      const certificate = await g.certify(x);
      expect(certificate.rule).toEqual({ name: 'enumeration', parameters: { threshold } });
      expect(g.rule).toEqual(certificate.rule);
      if (threshold === 0.3) expect(Math.max(...perCopy)).toBeGreaterThan(1);
      if (threshold === 0.99) expect(Math.min(...perCopy)).toBe(0);
      x.dispose();
    }),
  );

  it('by typed arrays and by probabilities are the same', () =>
    expectNoLeak(async () => {
      const x = tf.tensor(values, [5, 6, 1]);
      const asked: TypedBatch[] = [];
      const typed = {
        classify: async (inputs: Float32Array, batch: TypedBatch): Promise<Float32Array> => {
          asked.push(batch);
          const logits = tf.tidy(() => model(tf.tensor(inputs, [batch.batch, ...batch.shape])));
          const found = await logits.data<'float32'>();
          logits.dispose();
          return found;
        },
      };
      const probabilities = (z: tf.Tensor): tf.Tensor => tf.tidy(() => tf.softmax(model(z)));
      const votes = { threshold: 0.3 };
      const counts = await new DerandomizedClassifier(model, { noise, numClasses: 3, votes }).counts(x);
      const g = new DerandomizedClassifier(typed, { noise, numClasses: 3, votes, batchSize: 11 });
      expect(await g.counts(x)).toEqual(counts);
      const ofProbabilities = { noise, numClasses: 3, votes, output: 'probabilities' } as const;
      expect(await new DerandomizedClassifier(probabilities, ofProbabilities).counts(x)).toEqual(counts);

      // Each row comes with what it shows, also where it is asked again in another batch.
      const all = noise.keptPositions({ start: 0, count: noise.copies });
      const masks = Array.from({ length: noise.copies }, (_, copy) =>
        all.subarray(copy * 30, (copy + 1) * 30).join(''),
      );
      const given = asked.flatMap(({ kept, batch }) =>
        Array.from({ length: batch }, (_, row) => kept!.subarray(row * 30, (row + 1) * 30).join('')),
      );
      expect(new Set(given)).toEqual(new Set(masks));
      expect(asked[0]!.shape).toEqual([5, 6, 2]);
      x.dispose();
    }));
});

describe('a vision transformer that drops hidden tokens', () => {
  /** One head of attention over the pixels that a copy shows, then a mean of tokens: nothing else is computed. */
  const vit = (drops: boolean) => ({
    numClasses: 3,
    classify: (inputs: Float32Array, { batch, shape, kept }: TypedBatch): Float32Array => {
      const [height = 0, width = 0, channels = 0] = shape;
      const out = new Float32Array(batch * 3);
      for (let row = 0; row < batch; row++) {
        const tokens: (readonly [value: number, place: number])[] = [];
        for (let p = 0; p < height * width; p++) {
          const at = row * height * width + p;
          const isShown = drops ? kept?.[at] === 1 : inputs[at * channels + 1] === 1;
          if (isShown) tokens.push([inputs[at * channels]!, p / (height * width)]);
        }
        for (let c = 0; c < 3; c++) {
          const weight = tokens.map(([value, place]) => Math.exp(value * (c + 1) - 2 * place));
          const sum = weight.reduce((a, b) => a + b, 0);
          const attended = tokens.reduce(
            (total, [value, place], i) => total + (weight[i]! / sum) * (value - place * c),
            0,
          );
          out[row * 3 + c] = 8 * attended;
        }
      }
      return out;
    },
  });

  it('gets with every row what it shows, and answers as one that reads the mask', async () => {
    await tf.setBackend('cpu');
    const x = tf.tensor(values, [5, 6, 1]);
    const certificates = [];
    for (const [drops, batchSize] of [
      [true, 4],
      [true, 30],
      [false, 30],
    ] as const) {
      // prettier-ignore
      const g = new DerandomizedClassifier(vit(drops), { noise, votes: { threshold: 0.35 }, batchSize });
      certificates.push(await g.certify(x));
    }
    expect(certificates[1]).toEqual(certificates[0]);
    expect(certificates[2]).toEqual(certificates[0]);
    x.dispose();
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createKey,
  ensemble,
  type EnsembleOptions,
  GaussianNoise,
  SmoothedClassifier,
  type TypedClassifier,
} from 'catrs';
import * as tf from '@tensorflow/tfjs';
import golden from '../fixtures/families/extended-votes.json' with { type: 'json' };

/** A member that says the logarithms of given probabilities of each row, whatever the row, and counts the rows that it saw. */
function saying(rows: readonly (readonly number[])[], seen: { rows: number }): TypedClassifier {
  return {
    classify: (inputs, { batch }) => {
      seen.rows += batch;
      // The first value of a row is its number.
      const size = inputs.length / batch;
      const asked = Array.from({ length: batch }, (_, i) => rows[Math.round(inputs[i * size] ?? NaN)] ?? []);
      return Float32Array.from(asked.flatMap((row) => row.map((p) => Math.log(Math.max(p, 1e-30)))));
    },
  };
}

/** Votes and numbers of calls of an ensemble on rows of which each member says [member][row][class]. */
async function votesOf(
  says: readonly (readonly (readonly number[])[])[],
  options: EnsembleOptions,
): Promise<{ readonly votes: readonly number[]; readonly calls: number }> {
  const seen = { rows: 0 };
  const f = ensemble(
    says.map((rows) => saying(rows, seen)),
    options,
  );
  const batch = says[0]?.length ?? 0;
  const logits = await f.classify(
    Float32Array.from({ length: batch }, (_, i) => i),
    { batch, shape: [1] },
  );
  const classes = logits.length / batch;
  const votes = Array.from({ length: batch }, (_, i) => {
    const row = Array.from(logits.subarray(i * classes, (i + 1) * classes));
    return row.indexOf(Math.max(...row));
  });
  return { votes, calls: seen.rows };
}

describe('an ensemble with lossless exits', () => {
  it.each(golden.lossless)(
    'of probabilities asks $calls members of the golden row',
    async ({ probabilities, calls, label }) => {
      const found = await votesOf(
        probabilities.map((row) => [row]),
        { average: 'probabilities', exit: 'lossless' },
      );
      expect(found).toEqual({ votes: [label], calls });
    },
  );

  it.each(golden.losslessVotes)(
    'of votes asks $calls members of $labels',
    async ({ labels, classes, calls, label }) => {
      const oneHot = (c: number): number[] => Array.from({ length: classes }, (_, i) => (i === c ? 1 : 0));
      const found = await votesOf(
        labels.map((c) => [oneHot(c)]),
        { average: 'votes', exit: 'lossless' },
      );
      expect(found).toEqual({ votes: [label], calls });
    },
  );

  it.each(['probabilities', 'votes'] as const)(
    'of %s votes as the whole ensemble, row by row, whatever the weights',
    async (average) => {
      const distribution = fc
        .array(fc.integer({ min: 0, max: 20 }), { minLength: 3, maxLength: 3 })
        .map((parts) => parts.map((part) => (part + 0.01) / (parts.reduce((a, b) => a + b, 0) + 0.03)));
      const rows = fc.array(distribution, { minLength: 6, maxLength: 6 });
      const says = fc.array(fc.tuple(rows, fc.integer({ min: 1, max: 4 })), { minLength: 1, maxLength: 7 });
      await fc.assert(
        fc.asyncProperty(says, async (members) => {
          const spoken = members.map(([row]) => row);
          const weights = members.map(([, weight]) => weight);
          const whole = await votesOf(spoken, { average, weights });
          const early = await votesOf(spoken, { average, weights, exit: 'lossless' });
          expect(early.votes).toEqual(whole.votes);
          expect(early.calls).toBeLessThanOrEqual(whole.calls);
        }),
        { numRuns: 60, seed: 5 },
      );
    },
  );

  it('certifies as the whole ensemble does, with fewer calls', async () => {
    const calls = { early: 0, whole: 0 };
    const member = (phase: number, which: keyof typeof calls): TypedClassifier => ({
      classify: (inputs, { batch }) => {
        calls[which] += batch;
        const size = inputs.length / batch;
        return Float32Array.from({ length: 2 * batch }, (_, i) => {
          const own = inputs.subarray(Math.floor(i / 2) * size, (Math.floor(i / 2) + 1) * size);
          const sum = own.reduce((a, b) => a + b, 0) - 0.4 * phase;
          return i % 2 === 0 ? 9 * sum : -9 * sum;
        });
      },
    });
    const phases = [0.9, 1, 1.1, 1, 1.05];
    const certify = async (which: keyof typeof calls, options: EnsembleOptions): Promise<readonly number[]> => {
      const f = ensemble(
        phases.map((phase) => member(phase, which)),
        options,
      );
      const g = new SmoothedClassifier(f, { noise: new GaussianNoise({ sigma: 0.25 }), numClasses: 2 });
      const x = tf.tensor1d([0.4, 0.2]);
      const { counts } = await g.certify(x, { key: createKey(1), n: 1000, batchSize: 100 });
      x.dispose();
      return counts;
    };
    const whole = await certify('whole', { average: 'probabilities' });
    expect(await certify('early', { average: 'probabilities', exit: 'lossless' })).toEqual(whole);
    expect(calls.early).toBeLessThan(0.8 * calls.whole);
  });

  it.each<[string, EnsembleOptions, string]>([
    ['logits', { exit: 'lossless' }, 'ensemble: `exit` must be left out for averages of logits, which have no bounds'],
    ['another word', { exit: 'early' as never }, "ensemble: `exit` must be 'lossless', or left out"],
  ])('refuses %s', (_name, options, text) => {
    expect(() => ensemble([saying([], { rows: 0 })], options)).toThrow(text);
  });

  it('refuses members of tensors', () => {
    expect(() => ensemble([(x) => x], { average: 'votes', exit: 'lossless' })).toThrow(
      'ensemble: `exit` must be left out for members of tensors',
    );
  });
});

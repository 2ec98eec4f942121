import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { GreedyEditAttack } from '../../src/attacks/greedy-edit-attack.ts';
import { DeletionNoise } from '../../src/noise/deletion-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const PAD = 9;
const noise = new DeletionNoise({ length: 12, deletion: 0.6, padId: PAD });
/** Class 0 for more ones than twos: a substitution of a one by a two counts twice as much as any other edit. */
const logits = (copies: tf.Tensor): tf.Tensor2D =>
  tf.tidy(() => {
    const count = (token: number): tf.Tensor => tf.sum(tf.cast(tf.equal(copies, token), 'float32'), 1);
    const margin = tf.mul(tf.sub(count(1), count(2)), 0.3);
    return tf.stack([margin, tf.neg(margin)], 1) as tf.Tensor2D;
  });
const target = { logits, noise, inputRange: [0, 2 ** 24] as const };
const ones = (length: number): number[] => new Array<number>(length).fill(1);

async function attacked(
  attack: GreedyEditAttack,
  sequences: readonly (readonly number[])[],
  labels: number[],
  firstImage = 0,
): Promise<number[][]> {
  const x = tf.tensor2d(sequences.map((tokens) => Array.from(noise.pad(tokens))));
  const before = Array.from(await x.data());
  const moved = attack.perturb(target, { x, labels, key: createKey(3), firstImage });
  expect(moved.shape).toEqual(x.shape);
  expect(Array.from(await x.data())).toEqual(before);
  const rows = (await moved.array()) as number[][];
  tf.dispose([x, moved]);
  return rows;
}

const howMany = (row: readonly number[], token: number): number => row.filter((one) => one === token).length;

describeBackends('GreedyEditAttack', () => {
  it('makes the edits that count most: ones become twos, one in each step', async () => {
    // A trial is one of the 8 substitutions by a two with probability 1/9: 200 hold none with 6e-11.
    const attack = new GreedyEditAttack({ epsilon: 3, tokens: [1, 2], trials: 200, numNoise: 100 });
    const [row] = await attacked(attack, [ones(8)], [0]);
    expect([howMany(row!, 1), howMany(row!, 2), howMany(row!, PAD)]).toEqual([5, 3, 4]);
  });

  it('goes away from the label, whichever it is', async () => {
    const attack = new GreedyEditAttack({ epsilon: 2, tokens: [1, 2, 3], trials: 200, numNoise: 60 });
    const [row] = await attacked(attack, [[2, 2, 2, 2]], [1]);
    expect([howMany(row!, 1), howMany(row!, 2)]).toEqual([2, 2]);
  });

  it('inserts where there are only other tokens, deletes where nothing can be put in that helps, and never grows past the length', async () => {
    const attack = new GreedyEditAttack({ epsilon: 2, tokens: [2], trials: 200, numNoise: 60 });
    const [grown, full] = await attacked(attack, [[], ones(12)], [0, 0]);
    expect(grown).toEqual([2, 2, ...new Array<number>(10).fill(PAD)]);
    expect([howMany(full!, 1), howMany(full!, 2)]).toEqual([10, 2]);
    const deleting = new GreedyEditAttack({ epsilon: 2, tokens: [1], trials: 200, numNoise: 60 });
    const [shrunk] = await attacked(deleting, [ones(6)], [0]);
    expect(shrunk).toEqual([...ones(4), ...new Array<number>(8).fill(PAD)]);
  });

  it('leaves a sequence alone that no edit makes worse', async () => {
    const attack = new GreedyEditAttack({ epsilon: 4, tokens: [1], trials: 50, numNoise: 20 });
    expect(await attacked(attack, [[]], [0])).toEqual([new Array<number>(12).fill(PAD)]);
  });

  it('edits at most so many tokens, pads at the end, and each sequence by its own key', async () => {
    const attack = new GreedyEditAttack({ epsilon: 3, tokens: [1, 2, 3, 4], trials: 20, numNoise: 10 });
    const sequences = [ones(12), [1, 2, 1, 2, 1], [3], [1, 1, 4, 4, 2, 1, 1, 1]];
    const rows = await attacked(attack, sequences, [0, 0, 1, 0]);
    for (const [b, row] of rows.entries()) {
      noise.assertValues('a test', Float32Array.from(row));
      expect(noise.distance(noise.pad(sequences[b]!), Float32Array.from(row))).toBeLessThanOrEqual(3);
    }
    const [alone] = await attacked(attack, [sequences[3]!], [0], 3);
    expect(alone).toEqual(rows[3]);
  });

  it('makes as many edits as the strength says', async () => {
    const attack = new GreedyEditAttack({ epsilon: 4, tokens: [2], trials: 100, numNoise: 50 });
    const x = tf.tensor2d([Array.from(noise.pad(ones(8)))]);
    const moved = attack.perturb(target, { x, labels: [0], key: createKey(3), strength: 0.5 });
    expect(howMany(Array.from(await moved.data()), 2)).toBe(2);
    tf.dispose([x, moved]);
  });

  it('leaks no tensor', () =>
    expectNoLeak(() =>
      attacked(new GreedyEditAttack({ epsilon: 2, tokens: [2], trials: 5, numNoise: 5 }), [ones(3)], [0]),
    ));
});

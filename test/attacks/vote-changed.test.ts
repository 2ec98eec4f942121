import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { voteChanged } from '../../src/attacks/smoothed-ddn.ts';
import { describeBackends } from '../helpers/backends.ts';

describeBackends('voteChanged', () => {
  it('compares the class with the most votes with the label; of equally many the lowest counts', async () => {
    // Votes of 4 copies, by image.
    const votes = [
      [2, 2, 0, 1],
      [2, 1, 1, 2],
      [0, 2, 2, 0],
      [1, 1, 1, 1],
    ];
    const copies = [0, 1, 2, 3].map((m) =>
      votes.map((image) => [0, 1, 2].map((c) => (c === image[m] ? 1 : 0.5 * Math.sin(c + m)))),
    );
    const logits = tf.tensor3d(copies);
    const byLabel = async (label: number): Promise<number[]> => {
      const labels = tf.fill([4], label, 'int32') as tf.Tensor1D;
      const changed = tf.tidy(() => voteChanged(logits, labels));
      const found = Array.from(await changed.data());
      tf.dispose([labels, changed]);
      return found;
    };
    expect(await byLabel(0)).toEqual([1, 1, 0, 1]);
    expect(await byLabel(1)).toEqual([1, 0, 1, 0]);
    expect(await byLabel(2)).toEqual([0, 1, 1, 1]);
    logits.dispose();
  });
});

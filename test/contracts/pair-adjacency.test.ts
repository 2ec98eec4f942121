import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { adjacencyOfPairs, pairsOfEdges } from '../../src/classifier/pair-adjacency.ts';
import { OptionError, TensorError } from '../../src/errors.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

describeBackends('graphs as pairs', () => {
  it.each([2, 3, 7, 12])('become the adjacency matrix of their edges: %d nodes', (nodes) =>
    expectNoLeak(async () => {
      const edges: [number, number][] = [];
      for (let i = 0; i < nodes; i++) {
        for (let j = 0; j < i; j++) if ((3 * i + 5 * j) % 4 === 1) edges.push((i + j) % 2 ? [i, j] : [j, i]);
      }
      const bits = pairsOfEdges([...edges, ...edges.slice(0, 1)], nodes);
      const none = new Float32Array(bits.length);
      const pairs = tf.tensor2d([...bits, ...none], [2, bits.length]);
      const adjacency = adjacencyOfPairs(pairs, nodes);
      expect(adjacency.shape).toEqual([2, nodes, nodes]);
      const expected = new Float32Array(2 * nodes * nodes);
      for (const [i, j] of edges) {
        expected[i * nodes + j] = 1;
        expected[j * nodes + i] = 1;
      }
      expect(await adjacency.data()).toEqual(expected);
      tf.dispose([pairs, adjacency]);
    }),
  );

  it('refuse what is no graph', async () => {
    const edge = 'pairsOfEdges: `edges` must join two different nodes from 0 to 3, got';
    for (const wrong of [
      [0, 4],
      [2, 2],
      [-1, 0],
      [0.5, 1],
    ] as const) {
      await expectError(() => pairsOfEdges([wrong], 4), OptionError, `${edge} [${wrong.join(', ')}]`);
    }
    await expectError(
      () => pairsOfEdges([], 1),
      OptionError,
      'pairsOfEdges: `nodes` must be an integer from 2 to 65536, got 1',
    );
    const pairs = tf.zeros([2, 5]);
    await expectError(
      () => adjacencyOfPairs(pairs, 4),
      TensorError,
      'adjacencyOfPairs: `pairs` must have shape [B, 6], got [2, 5]',
    );
    await expectError(
      () => adjacencyOfPairs([] as never, 4),
      TensorError,
      'adjacencyOfPairs: `pairs` must have shape [B, 6], got []',
    );
    pairs.dispose();
  });
});

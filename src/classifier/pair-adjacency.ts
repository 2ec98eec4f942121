import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal, TensorError } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { parseField } from '../options/parse.ts';
import { isTensor, showShape } from '../tensors/assert-shapes.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

// Beyond, the number of pairs is no whole number of 32 bits.
const nodeCount = fields.field<number>('must be an integer from 2 to 65536', (v) => fields.isInteger(v, 2, 2 ** 16));

/** The place of the pair i < j among the pairs of `nodes` nodes: (0, 1), (0, 2), ..., (1, 2), ... */
const placeOf = (i: number, j: number, nodes: number): number => i * nodes - (i * (i + 1)) / 2 + (j - i - 1);

/**
 * An undirected graph as bits: one for each pair of nodes i < j, in the order (0, 1), (0, 2), ..., (1, 2), ..., 1 where there is an edge. What
 * `BitFlipNoise` certifies of it counts edges.
 *
 * @param edges - pairs of nodes, in any order; an edge may be named twice
 * @param nodes - number of nodes n, from 2 to 65 536
 * @returns n(n − 1)/2 numbers 0 or 1
 * @throws OptionError for an edge that does not join two different nodes 0 .. n − 1
 * @example
 * ```ts
 * pairsOfEdges([[0, 1], [3, 2]], 4); // [1, 0, 0, 0, 0, 1]
 * ```
 */
export function pairsOfEdges(edges: Iterable<readonly [number, number]>, nodes: number): Float32Array<ArrayBuffer> {
  const call = 'pairsOfEdges';
  const count = parseField(call, 'nodes', nodeCount, nodes);
  const pairs = new Float32Array((count * (count - 1)) / 2);
  for (const edge of edges) {
    const [low, high] = [Math.min(...edge), Math.max(...edge)];
    if (!(fields.isInteger(low, 0, count - 1) && fields.isInteger(high, 0, count - 1) && low < high)) {
      const must = `must join two different nodes from 0 to ${count - 1}`;
      throw refusal(OptionError, { call, field: 'edges', value: edge }, must);
    }
    pairs[placeOf(low, high, count)] = 1;
  }
  return pairs;
}

/**
 * Adjacency matrices of undirected graphs from their pairs: symmetric, 0 on the diagonal. For the inside of a classifier that `BitFlipNoise` smooths, so
 * that one flip adds or deletes one edge.
 *
 * It copies entries by `gather`: bits stay bits, and gradients flow where the backend has them for it (not on WASM).
 *
 * @param pairs - [B, n(n − 1)/2], in the order of {@link pairsOfEdges}; not disposed
 * @param nodes - number of nodes n
 * @returns [B, n, n], owned by the caller
 * @throws TensorError for another number of pairs
 * @example
 * ```ts
 * const classify = (pairs: tf.Tensor) => tf.tidy(() => {
 *   const adjacency = adjacencyOfPairs(pairs, 4); // [B, 4, 4]
 *   return tf.slice(tf.sum(adjacency, 2), [0, 0], [-1, 2]); // the degrees of nodes 0 and 1: which has more edges?
 * });
 * ```
 */
export function adjacencyOfPairs(pairs: tf.Tensor, nodes: number): tf.Tensor3D {
  const call = 'adjacencyOfPairs';
  const count = parseField(call, 'nodes', nodeCount, nodes);
  const size = (count * (count - 1)) / 2;
  if (!isTensor(pairs) || pairs.rank !== 2 || pairs.shape[1] !== size) {
    const got = isTensor(pairs) ? showShape(pairs.shape) : undefined;
    throw refusal(TensorError, { call, field: 'pairs', value: pairs, got }, `must have shape [B, ${size}]`);
  }
  // The diagonal is read from a column of zeros behind the pairs.
  const places = new Int32Array(count * count).fill(size);
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      const place = placeOf(i, j, count);
      places[i * count + j] = place;
      places[j * count + i] = place;
    }
  }
  return tf.tidy(() => {
    const batch = pairs.shape[0] ?? 0;
    const padded = tf.concat([pairs, tf.zeros([batch, 1])], 1);
    return tf.reshape(tf.gather(padded, tensorOver(places, [count * count], 'int32'), 1), [batch, count, count]);
  });
}

import * as tf from '@tensorflow/tfjs';
import type { Key } from '../../../src/types.ts';
import { Draws } from '../draws.ts';
import { catalogue } from './catalogue.ts';
import type { Outcome } from './compare.ts';
import type { Network } from './network.ts';
import { buildModel, makeLayer } from './network.ts';
import { drawWeights } from './values.ts';

/** Runs a network on a backend; its weights come from a key. */
export async function runNetwork(backend: string, network: Network, x: Float32Array, weights: Key): Promise<Outcome> {
  await tf.setBackend(backend);
  try {
    const results = tf.tidy(() => {
      const input = tf.tensor(x, [network.batch, ...network.inputShape]);
      const first = network.steps[0]!;
      return catalogue[first.type]!.alone
        ? [makeLayer(first).apply(input) as tf.Tensor]
        : runModel(network, input, new Draws(weights));
    });
    const outputs = await Promise.all(
      results.map(async (result) => ({ shape: result.shape, values: Float32Array.from(await result.data()) })),
    );
    tf.dispose(results);
    return { outputs };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function runModel(network: Network, input: tf.Tensor, draws: Draws): tf.Tensor[] {
  const model = buildModel(network);
  try {
    model.setWeights(
      model.weights.map((weight) => {
        const { shape } = weight as unknown as { readonly shape: number[] };
        return tf.tensor(drawWeights(draws, weight.originalName, shape), shape);
      }),
    );
    return [model.apply(input, { training: false })].flat() as tf.Tensor[];
  } finally {
    model.dispose();
  }
}

import * as tf from '@tensorflow/tfjs';
import { ClassifierError } from '../../src/errors.ts';
import { layerWriter } from '../../src/onnx/layer-nodes.ts';
import { toOnnx } from '../../src/onnx/to-onnx.ts';
import { createKey, foldIn, split } from '../../src/random/key.ts';
import { Draws } from '../fuzz/draws.ts';
import { catalogue } from '../fuzz/networks/catalogue.ts';
import { difference, type Output } from '../fuzz/networks/compare.ts';
import { buildModel, drawNetwork, makeLayer, type Network } from '../fuzz/networks/network.ts';
import { drawInputs, drawWeights } from '../fuzz/networks/values.ts';

/** Runs an ONNX file on an input. */
export type RunOnnx = (file: Uint8Array, x: Output) => Promise<Output>;

const sizes = [5, 4, 4, 3];

/** The class of a layer type of the catalogue. */
function classOf(type: string): string {
  const { ranks, draw } = catalogue[type]!;
  const { config } = draw(new Draws(createKey(0)), sizes.slice(0, ranks[0]));
  return makeLayer({ type, config }).getClassName();
}

const types = Object.keys(catalogue);

/** Layer types of the catalogue that toOnnx writes. */
export const writtenTypes: readonly string[] = types.filter((type) => layerWriter(classOf(type)) !== undefined);

const others = types.filter((type) => !writtenTypes.includes(type));

/** Random networks around one layer type: where onnxruntime differs from cpu, and which layer classes were compared. */
export async function compareNetworks(
  type: string,
  { count, run, seed }: { readonly count: number; readonly run: RunOnnx; readonly seed: number },
): Promise<{ findings: string[]; compared: Set<string> }> {
  const findings: string[] = [];
  const compared = new Set<string>();
  for (let i = 0; i < count; i++) {
    const key = foldIn(foldIn(createKey(seed), types.indexOf(type)), i);
    const [networkKey, inputKey, weightKey] = split(key, 3);
    const network = drawNetwork(new Draws(networkKey!), type, 3, others);
    const values = drawInputs(new Draws(inputKey!), network);
    const found = await compareNetwork(network, { values, weights: new Draws(weightKey!), run, compared });
    if (found !== undefined) findings.push(`network ${i}: ${found} in ${JSON.stringify(network)}`);
  }
  return { findings, compared };
}

interface Comparison {
  readonly values: Float32Array;
  readonly weights: Draws;
  readonly run: RunOnnx;
  readonly compared: Set<string>;
}

/** Every layer of the network is the output of a file of its own. */
async function compareNetwork(network: Network, by: Comparison): Promise<string | undefined> {
  const model = buildModel(network);
  const x = { shape: [network.batch, ...network.inputShape], values: by.values };
  const input = tf.tensor(x.values, x.shape);
  try {
    tf.tidy(() =>
      model.setWeights(
        model.weights.map((weight) => {
          const { shape } = weight as unknown as { readonly shape: number[] };
          return tf.tensor(drawWeights(by.weights, weight.originalName, shape), shape);
        }),
      ),
    );
    const expected: Output[] = [];
    const actual: Output[] = [];
    for (const output of model.outputs) {
      const part = tf.model({ inputs: model.inputs, outputs: output });
      const result = part.predict(input) as tf.Tensor;
      expected.push({ shape: result.shape, values: Float32Array.from(await result.data()) });
      result.dispose();
      try {
        actual.push(await by.run(await toOnnx(part), x));
      } catch (error) {
        if (error instanceof ClassifierError && REFUSED.some((text) => error.message.includes(text))) return undefined;
        return `${JSON.stringify(network.steps[actual.length])}: ${(error as Error).message}`;
      }
    }
    model.layers.forEach((layer) => by.compared.add(layer.getClassName()));
    return difference(network, { outputs: expected }, { outputs: actual }, { special: false, tolerance: TOLERANCE });
  } finally {
    model.dispose();
    input.dispose();
  }
}

/** Relative to the largest number of a layer: both sum the same products, of which there are some hundreds, in another order. */
const TOLERANCE = 2e-5;

/** Settings that TensorFlow.js computes in its own way, and toOnnx refuses. */
const REFUSED = [
  'with padding "same" with strides beyond the kernel, in three dimensions',
  'with axes that hold the batch',
];

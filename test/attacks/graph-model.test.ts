import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { SmoothMixPgd } from '../../src/attacks/smooth-mix-pgd.ts';
import { SmoothedDdn } from '../../src/attacks/smoothed-ddn.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { attackDataset } from '../../src/evaluate/attack-dataset.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { targetOf } from '../helpers/attack-target.ts';
import { describeBackends } from '../helpers/backends.ts';
import { loadLinearGraph } from '../helpers/linear-graph.ts';

const key = createKey(8);
const noise = new GaussianNoise({ sigma: 0.25 });
let graph: Awaited<ReturnType<typeof loadLinearGraph>>;
let x: tf.Tensor2D;

/** A convolution with its activation fused, as the converter writes it, mean over the image. */
async function loadConvolutionGraph(activation: string): Promise<tf.GraphModel> {
  const float = { type: 'DT_FLOAT' };
  const size = (...sizes: number[]) => ({ dim: sizes.map((one) => ({ size: String(one) })) });
  const ints = (...list: number[]) => ({ list: { i: list.map(String) } });
  const text = (value: string) => ({ s: btoa(value) });
  const convolution = {
    T: float,
    strides: ints(1, 1, 1, 1),
    dilations: ints(1, 1, 1, 1),
    padding: text('SAME'),
    data_format: text('NHWC'),
    num_args: { i: '1' },
    epsilon: { f: 0 },
    fused_ops: { list: { s: [btoa('BiasAdd'), btoa(activation)] } },
  };
  const modelTopology = {
    node: [
      { name: 'x', op: 'Placeholder', attr: { dtype: float, shape: { shape: size(-1, 4, 4, 1) } } },
      ...['w', 'b', 'axes'].map((name) => ({ name, op: 'Const', attr: { dtype: float } })),
      { name: 'conv', op: '_FusedConv2D', input: ['x', 'w', 'b'], attr: convolution },
      { name: 'logits', op: 'Mean', input: ['conv', 'axes'], attr: { keep_dims: { b: false }, T: float } },
    ],
    versions: { producer: 1 },
  };
  const weightSpecs = [
    { name: 'w', shape: [3, 3, 1, 2], dtype: 'float32' as const },
    { name: 'b', shape: [2], dtype: 'float32' as const },
    { name: 'axes', shape: [2], dtype: 'int32' as const },
  ];
  const floats = Float32Array.from({ length: 20 }, (_, i) => Math.sin(i));
  const weightData = new Uint8Array([...new Uint8Array(floats.buffer), ...new Uint8Array(Int32Array.of(1, 2).buffer)]);
  return tf.loadGraphModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData: weightData.buffer } as never));
}

describeBackends('attacks on a graph model', () => {
  beforeAll(async () => {
    graph = await loadLinearGraph({ outputs: ['-1', '3'] });
    x = tf.tensor2d([0.5, 0.4, 0.3, 0.6, 0.2, 0.8, 0.5, 0.5], [2, 4]);
  });
  afterAll(() => {
    graph.model.dispose();
    x.dispose();
  });

  const inputAttacks = {
    SmoothedPgd: () => new SmoothedPgd({ epsilon: 0.3, steps: 3, numNoise: 4 }),
    SmoothedDdn: () => new SmoothedDdn({ epsilon: 2, steps: 20, numNoise: 4 }),
  };
  it.each(Object.entries(inputAttacks))('%s moves as with the same function', async (_, make) => {
    const request = { x, labels: [...(await tf.argMax(graph.logits(x), 1).data())], key };
    const [found, expected] = [graph.model, graph.logits].map((model) =>
      make().perturb(targetOf(model, noise, [-3, 3]), request),
    );
    expect(await found!.data()).toEqual(await expected!.data());
    expect(Math.max(...(await tf.abs(tf.sub(found!, x)).data()))).toBeGreaterThan(0.05);
    tf.dispose([found!, expected!]);
  });

  it('SmoothMixPgd and NoisePgd do, too', async () => {
    const mix = new SmoothMixPgd({ steps: 2, stepSize: 0.2, numNoise: 2 });
    const pairs = [graph.model, graph.logits].map((model) =>
      mix.perturb(targetOf(model, noise), { x, labels: [1, 2], key }),
    );
    expect(await pairs[0]!.adversary.data()).toEqual(await pairs[1]!.adversary.data());
    const drawn = tf.zeros([3, 2, 4]);
    const attack = new NoisePgd({ epsilon: 1, steps: 2 });
    const moved = [graph.model, graph.logits].map((model) => attack.perturb(model, { x, noise: drawn }));
    expect(await moved[0]!.data()).toEqual(await moved[1]!.data());
    pairs.forEach((pair) => pair.dispose());
    tf.dispose([drawn, ...moved]);
  });

  it('attackDataset attacks one', async () => {
    const g = new SmoothedClassifier(graph.model, { noise });
    const dataset = arrayDataset({ values: new Float32Array(await x.data()), shape: [4], labels: [1, 1] });
    const attack = new SmoothedPgd({ epsilon: 1, steps: 8, numNoise: 8 });
    const rows = [];
    for await (const row of attackDataset(g, attack, dataset, { key, n: 200, clean: true })) rows.push(row);
    expect(rows).toHaveLength(2);
    for (const { distance } of rows) expect(distance).toBeGreaterThan(0.1);
  });

  it.each(['Relu', 'Relu6', 'Elu'])('through a convolution with %s fused, by its gradient', async (activation) => {
    const model = await loadConvolutionGraph(activation);
    const image = tf.tidy(() => tf.add(tf.mul(tf.reshape(tf.range(0, 16), [1, 4, 4, 1]), 0.05), 0.1));
    const attack = new SmoothedPgd({ epsilon: 0.5, steps: 2, numNoise: 2 });
    const moved = attack.perturb(targetOf(model, noise), { x: image, labels: [0], key });
    const values = await tf.sub(moved, image).data();
    const length = Math.hypot(...values);
    expect(length).toBeGreaterThan(0.1);
    expect(length).toBeLessThan(0.5001);
    tf.dispose([image, moved]);
    model.dispose();
  });
});

import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { inputScale, outputActivation } from '../../src/cli/model-layers.ts';
import { useBackend } from '../helpers/backends.ts';

type GraphNode = readonly [name: string, op: string, ...inputs: string[]];

/** A graph model of two inputs and two classes whose first operations are given; constants by name. */
async function graph(
  nodes: readonly GraphNode[],
  constants: Readonly<Record<string, readonly number[]>>,
): Promise<tf.GraphModel> {
  const float = { type: 'DT_FLOAT' };
  const shape = { shape: { dim: [{ size: '-1' }, { size: '2' }] } };
  const last = nodes.at(-1)?.[0] ?? 'x';
  const weights = { ...constants, w: [1, 0, 0, 1] };
  const names = Object.keys(weights);
  const modelTopology = {
    node: [
      { name: 'x', op: 'Placeholder', attr: { dtype: float, shape } },
      ...names.map((name) => ({ name, op: 'Const', attr: { dtype: float } })),
      ...nodes.map(([name, op, ...input]) => ({ name, op, input, attr: { T: float } })),
      {
        name: 'logits',
        op: 'MatMul',
        input: [last, 'w'],
        attr: { transpose_a: { b: false }, transpose_b: { b: false }, T: float },
      },
    ],
    versions: { producer: 1 },
  };
  const shapes = names.map((name) => (name === 'w' ? [2, 2] : (weights[name as 'w']?.length ?? 1) === 1 ? [] : [2]));
  const weightSpecs = names.map((name, i) => ({ name, shape: shapes[i], dtype: 'float32' }));
  const weightData = Float32Array.from(Object.values(weights).flat()).buffer;
  return tf.loadGraphModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData } as never));
}

it.each<readonly [string, readonly GraphNode[], Readonly<Record<string, readonly number[]>>, object | undefined]>([
  ['a product', [['scaled', 'Mul', 'x', 's']], { s: [1 / 255] }, { name: 'x * 0.00392157', offset: 0 }],
  ['a quotient', [['scaled', 'RealDiv', 'x', 's']], { s: [255] }, { name: 'x / 255', offset: 0 }],
  [
    'a product and a sum',
    [
      ['same', 'Identity', 'x'],
      ['scaled', 'Mul', 'same', 's'],
      ['moved', 'AddV2', 'scaled', 'o'],
    ],
    { s: [1 / 127.5], o: [-1] },
    { name: 'x * 0.00784314', offset: -1 },
  ],
  ['nothing', [], {}, undefined],
  ['a product by channel', [['scaled', 'Mul', 'x', 's']], { s: [1, 2] }, undefined],
  ['another operation', [['moved', 'AddV2', 'x', 's']], { s: [1 / 255] }, undefined],
])('the scale at the beginning of a graph: %s', async (_, nodes, constants, expected) => {
  await useBackend('cpu');
  const model = await graph(nodes, constants);
  const found = await inputScale(model);
  if (expected === undefined) expect(found).toBeUndefined();
  else expect(found).toMatchObject(expected);
  model.dispose();
});

it('the scale and the activation of a layers model, also of inner ones', async () => {
  await useBackend('cpu');
  const inner = tf.sequential({ layers: [tf.layers.rescaling({ scale: 1 / 127.5, offset: -1, inputShape: [2] })] });
  const end = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 1, activation: 'sigmoid' })] });
  const model = tf.sequential({ layers: [inner, end] });
  expect(await inputScale(model)).toMatchObject({ name: 'Rescaling(0.00784314)', offset: -1 });
  expect(outputActivation(model)).toBe('sigmoid');
  const plain = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 2 })] });
  expect(await inputScale(plain)).toBeUndefined();
  expect(outputActivation(plain)).toBe('linear');
  expect(outputActivation((x) => x)).toBeUndefined();
  expect(await inputScale({ classify: () => new Float32Array(2) })).toBeUndefined();
  model.dispose();
  plain.dispose();
});

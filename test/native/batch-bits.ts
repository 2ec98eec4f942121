/**
 * Prints, for a network and a number of threads, the batch sizes in which a row comes out with other bits than in the one before, in the
 * library's way of asking rows and without it; and a digest of the bits of all rows.
 */
import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs';
import { askRows } from '../../src/classifier/ask-rows.ts';
import { cifarResnet, lenet } from '../../src/models/index.ts';
import { useNative } from '../../src/native/index.ts';
import { createKey } from '../../src/random/key.ts';
import { fillNormals } from '../../src/random/fill-normals.ts';
import { guestsFolder } from '../helpers/guests.ts';
import { mobileNet } from '../wasm/mobile-net.ts';

const { network, threads, sizes } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly network: 'lenet' | 'resnet' | 'mobilenet';
  readonly threads: number;
  readonly sizes: readonly number[];
};
await useNative({ threads, resolveFrom: guestsFolder });
const networks = {
  lenet: () => ({ model: lenet({ key: createKey(1) }), shape: [28, 28, 1] }),
  resnet: () => ({ model: cifarResnet({ depth: 20, key: createKey(1) }), shape: [32, 32, 3] }),
  mobilenet: () => ({ model: mobileNet(32, 10), shape: [32, 32, 3] }),
};
const { model, shape } = networks[network]();
const size = shape.reduce((a, b) => a * b);
const most = Math.max(...sizes, 7);
const values = new Float32Array(most * size);
fillNormals(values, { key: createKey(2), start: 0, dimension: size });
const run = (x: tf.Tensor): tf.Tensor => model.apply(x, { training: false }) as tf.Tensor;
const ask = askRows('test', { run, numClasses: undefined });
const bits = (logits: Float32Array): Uint32Array => new Uint32Array(Float32Array.from(logits).buffer);

async function differing(
  batches: readonly number[],
  answer: (batch: number) => Promise<Float32Array>,
): Promise<{ readonly differ: readonly number[]; readonly digest: string }> {
  const seen: (Uint32Array | undefined)[] = [];
  const differ: number[] = [];
  for (const batch of batches) {
    const found = bits(await answer(batch));
    const columns = found.length / batch;
    let same = true;
    for (let row = 0; row < batch; row++) {
      const own = found.slice(row * columns, (row + 1) * columns);
      const before = (seen[row] ??= own);
      same &&= own.every((word, i) => word === before[i]);
    }
    if (!same) differ.push(batch);
  }
  const hash = createHash('sha256');
  for (const row of seen) if (row) hash.update(row);
  return { differ, digest: hash.digest('hex') };
}

const asked = await differing([7, ...sizes], (batch) => ask(values.slice(0, batch * size), { batch, shape }));
const plain = await differing([7, 1], async (batch) => {
  const logits = tf.tidy(() => run(tf.tensor(values.slice(0, batch * size), [batch, ...shape])));
  const found = (await logits.data()) as Float32Array;
  logits.dispose();
  return found;
});
console.log(JSON.stringify({ asked: asked.differ, plain: plain.differ, digest: asked.digest }));

/**
 * What the counting of masks costs beside the forward passes, and what memory it takes: masks of 128 x 128 pixels with 19 classes, batches of 256 copies.
 *
 *     npx tsx examples/segmentation/cost.ts docs/results/segmentation/cost.json
 *
 * It runs on WebAssembly, and on TensorFlow's own library where test/guests has it (CATRS_NATIVE names the folder that resolves tfjs-node).
 */
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { createKey, GaussianNoise, SmoothedSegmenter } from 'catrs';
import { useNative } from 'catrs/native';
import { useWasm } from 'catrs/wasm';
import { unet } from './unet.ts';

const [file] = process.argv.slice(2);
const [SIZE, CLASSES] = [128, 19];
const BATCH = Number(process.env['BATCH'] ?? 256);
const noise = new GaussianNoise({ sigma: 0.25 });

/** Median of the seconds of a few runs. */
async function seconds(run: () => Promise<unknown>, rounds = 3): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    await run();
    times.push((performance.now() - begin) / 1000);
  }
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)]!;
}

async function measure(engine: string) {
  const model = unet({ size: SIZE, channels: 3, classes: CLASSES, width: 16, seed: 0 });
  const image = tf.randomUniform<tf.Rank.R3>([SIZE, SIZE, 3], 0, 1, 'float32', 1);
  const g = new SmoothedSegmenter(model, { noise, numClasses: CLASSES, batchSize: BATCH });
  const copies = noise.perturb(image, { key: createKey(1), start: 0, count: BATCH });
  const pass = async (): Promise<void> => {
    const logits = model.predict(copies) as tf.Tensor;
    // As much as says that the pass is over.
    const end = tf.slice(logits, [0, 0, 0, 0], [1, 1, 1, 1]);
    await end.data();
    tf.dispose([logits, end]);
  };
  await pass();
  const forward = await seconds(pass);
  copies.dispose();
  const draws = await seconds(async () => {
    const tensor = noise.perturb(image, { key: createKey(2), start: 0, count: BATCH });
    await tf.slice(tensor, [0, 0, 0, 0], [1, 1, 1, 1]).data();
    tensor.dispose();
  });
  const certify = (n: number): Promise<unknown> => g.certify(image, { key: createKey(3), n0: 2, n, alpha: 0.001 });
  await certify(BATCH);
  const one = await seconds(() => certify(BATCH));
  const three = await seconds(() => certify(3 * BATCH));
  const perBatch = (three - one) / 2;
  console.log({ engine, forward, draws, perBatch, counting: perBatch - forward - draws });
  image.dispose();
  model.dispose();
  return {
    engine,
    forward,
    draws,
    perBatch,
    counting: perBatch - forward - draws,
    share: (perBatch - forward - draws) / forward,
  };
}

const results: object[] = [];
const engines = (process.env['ENGINES'] ?? 'wasm,tensorflow').split(',');
if (engines.includes('wasm')) {
  await useWasm();
  results.push(await measure('wasm'));
}
if (engines.includes('tensorflow')) {
  await useNative({ resolveFrom: process.env['CATRS_NATIVE'] ?? 'test/guests' });
  results.push(await measure('tensorflow'));
}
const text = JSON.stringify(
  { machine: cpus()[0]?.model, cores: cpus().length, batch: BATCH, size: SIZE, classes: CLASSES, results },
  null,
  2,
);
if (file) await writeFile(file, `${text}\n`);
console.log(text);

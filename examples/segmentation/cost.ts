/**
 * What the counting of masks costs beside the forward passes, and what memory it takes: masks of 128 x 128 pixels with 19 classes, batches of 256 copies.
 *
 *     npx tsx examples/segmentation/cost.ts docs/results/segmentation/cost.json
 *
 * The model whose masks are counted costs nothing; the passes are those of the U-Net of unet.ts with 16 channels, timed beside it.
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
const ROUNDS = 7;
const noise = new GaussianNoise({ sigma: 0.25 });

/** Seconds of the processor that this process takes, of all its threads: other programs on the machine do not count. */
async function processorSeconds(run: () => Promise<unknown>): Promise<number> {
  const begin = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1e6;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

const image = (): tf.Tensor3D => tf.randomUniform<tf.Rank.R3>([SIZE, SIZE, 3], 0, 1, 'float32', 1);

/** A model that costs nothing: every row has the same logits. */
function constant(batch: number): { readonly model: (x: tf.Tensor) => tf.Tensor; readonly dispose: () => void } {
  const logits = tf.tidy(() =>
    tf.tile(tf.randomUniform([1, SIZE, SIZE, CLASSES], -1, 1, 'float32', 2), [batch, 1, 1, 1]),
  );
  const model = (x: tf.Tensor): tf.Tensor =>
    x.shape[0] === batch ? tf.clone(logits) : tf.slice(logits, 0, x.shape[0]!);
  return { model, dispose: () => logits.dispose() };
}

/** What the forward passes, the draws and the counting of one batch take: the medians of rounds that do all of it once. */
async function measure(engine: string) {
  const model = unet({ size: SIZE, channels: 3, classes: CLASSES, width: 16, seed: 0 });
  const x = image();
  const end = async (tensor: tf.Tensor): Promise<void> => {
    const last = tf.slice(tensor, [0, 0, 0, 0], [1, 1, 1, 1]);
    await last.data();
    tf.dispose([tensor, last]);
  };
  const draw = (seed: number): tf.Tensor => noise.perturb(x, { key: createKey(seed), start: 0, count: BATCH });
  const copies = draw(1);
  const free = constant(BATCH);
  const g = new SmoothedSegmenter(free.model, { noise, numClasses: CLASSES, batchSize: BATCH });
  const certify = (n: number): Promise<unknown> => g.certify(x, { key: createKey(3), n0: 2, n, alpha: 0.001 });
  const rounds: Readonly<Record<'forward' | 'draws' | 'counting' | 'share', number>>[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const forward = await processorSeconds(() => end(model.predict(copies) as tf.Tensor));
    const draws = await processorSeconds(() => end(draw(2)));
    // Two batches more: what a call costs once is in both.
    const one = await processorSeconds(() => certify(BATCH));
    const three = await processorSeconds(() => certify(3 * BATCH));
    const counting = (three - one) / 2 - draws;
    if (round >= 0) rounds.push({ forward, draws, counting, share: counting / forward });
  }
  free.dispose();
  model.dispose();
  tf.dispose([x, copies]);
  const of = (name: keyof (typeof rounds)[number]): number => median(rounds.map((round) => round[name]));
  const figures = { forward: of('forward'), draws: of('draws'), counting: of('counting'), share: of('share') };
  const result = { engine, ...figures, shares: rounds.map(({ share }) => share) };
  console.log(result);
  return result;
}

/** The most bytes at once, of tensors and of JavaScript, while n copies are counted. */
async function memory(n: number) {
  const [x, free] = [image(), constant(32)];
  const g = new SmoothedSegmenter(free.model, { noise, numClasses: CLASSES, batchSize: 32 });
  let [tensors, arrays] = [0, 0];
  const onSamples = (): void => {
    tensors = Math.max(tensors, tf.memory().numBytes);
    (globalThis as { gc?: () => void }).gc?.();
    arrays = Math.max(arrays, process.memoryUsage().arrayBuffers);
  };
  const { certified, components } = await g.certify(x, { key: createKey(4), n0: 10, n, onSamples });
  free.dispose();
  x.dispose();
  return { n, mebibytesOfTensors: tensors / 2 ** 20, mebibytesOfArrays: arrays / 2 ** 20, certified, components };
}

const results: object[] = [];
const engines = (process.env['ENGINES'] ?? 'wasm,tensorflow').split(',');
const memories: object[] = [];
if (engines.includes('wasm')) {
  await useWasm();
  if (process.env['ONLY'] !== 'memory') results.push(await measure(`WebAssembly (tfjs ${tf.version_core})`));
  for (const n of [100, 1000, 10_000]) memories.push(await memory(n));
}
if (engines.includes('tensorflow')) {
  const { tensorflowVersion } = await useNative({ resolveFrom: process.env['CATRS_NATIVE'] ?? 'test/guests' });
  results.push(await measure(`TensorFlow ${tensorflowVersion}`));
}
const machine = { processor: cpus()[0]?.model, cores: cpus().length, node: process.version };
const text = JSON.stringify(
  { machine, batch: BATCH, rounds: ROUNDS, size: SIZE, classes: CLASSES, results, memories },
  null,
  2,
);
if (file) await writeFile(file, `${text}\n`);
console.log(text);

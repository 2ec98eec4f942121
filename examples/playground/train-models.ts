/**
 * Trains the two models of the playground, Gaussian and CAT-RS, and writes them with a few digits to `public`.
 *
 * Run it with `npx tsx examples/playground/train-models.ts` after `npm run build`; it takes about 9 minutes on one thread.
 *
 * Method and settings are those of the main job (`npm start`), but over four times as many digits in fewer epochs: people draw digits
 * that look like none of the data set. Weights are stored in 8 bits with one scale for each output of a layer. The script certifies
 * digits held out from training with the stored weights and with the exact ones, and stops if the stored ones are worse.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { averageCertifiedRadius, type CertifiedRow, createKey, foldIn } from 'catrs';
import { encodeSafetensors } from 'catrs/data';
import { type Digits, loadDigits, NUM_CLASSES, partOf, PIXELS } from '../digits/data.ts';
import { WorkerPool } from '../digits/pool.ts';
import { presets, type Settings } from '../digits/settings.ts';
import type { Task, TaskResult, Weights } from '../digits/tasks.ts';
import type { WorkerInput } from '../digits/worker.ts';
import { packWeights, unpackWeights } from './src/packed-weights.ts';

const PUBLIC = new URL('./public/', import.meta.url);
/** Digits to choose from in the page, of each class. */
const CHOICES = 2;
/** Digits for the small training run in the page. */
const LIVE_DIGITS = 300;
/** The stored weights may cost this much average certified radius. */
const TOLERANCE = 0.01;

const settings: Settings = {
  ...presets.default,
  trainingDigits: 4000,
  pretrainingEpochs: 8,
  furtherEpochs: 5,
  evaluationDigits: 200,
};
const { learningRate, furtherLearningRate, trainingDigits } = settings;
const key = createKey(0);
const digits = await loadDigits();
const pool = new WorkerPool({ size: 1, workerData: { digits } satisfies WorkerInput });

async function run<T extends Task>(what: string, task: T): Promise<TaskResult<T>['value']> {
  const { value, seconds } = await pool.run(task);
  console.log(`${what}: ${seconds.toFixed(0)} s`);
  return value;
}

const pretrained = await run('Gaussian pre-training', {
  kind: 'train',
  method: 'gaussian',
  epochs: settings.pretrainingEpochs,
  learningRate,
  key: foldIn(key, 0),
  settings,
});
const range = { start: 0, count: trainingDigits };
const asked = { kind: 'softTargets', weights: pretrained, key: foldIn(key, 1), settings, ...range } as const;
const softTargets = await run('soft targets', asked);
const further = { weights: pretrained, epochs: settings.furtherEpochs, learningRate: furtherLearningRate };
await mkdir(new URL('models/', PUBLIC), { recursive: true });
for (const method of ['gaussian', 'catrs'] as const) {
  const task = { kind: 'train', method, ...further, softTargets, key: foldIn(key, 2), settings } as const;
  await store(method, await run(`${method}, further epochs`, task));
}
await pool.close();
const { images, labels } = partOf(digits, 'evaluation');
const chosen = Array.from({ length: NUM_CLASSES }, (_, digit) =>
  Array.from(labels.keys())
    .filter((i) => labels[i] === digit)
    .slice(0, CHOICES),
).flat();
await storeDigits('digits', { images, labels }, chosen);
await storeDigits(
  'training-digits',
  partOf(digits, 'training'),
  Array.from({ length: LIVE_DIGITS }, (_, i) => i),
);

/** Writes a model after a look at what its storage costs. */
async function store(method: 'gaussian' | 'catrs', weights: Weights): Promise<void> {
  const packed = packWeights(weights);
  const exact = await certify(`${method}, exact weights`, weights);
  const stored = await certify(`${method}, stored weights`, unpackWeights(packed));
  assert.ok(stored >= exact - TOLERANCE, `8 bits cost too much: ${stored} against ${exact}`);
  const metadata = new Map([
    ['method', method],
    ['sigma', String(settings.sigma)],
  ]);
  await writeFile(new URL(`models/${method}.safetensors`, PUBLIC), encodeSafetensors(packed, metadata));
}

async function certify(what: string, weights: Weights): Promise<number> {
  const count = settings.evaluationDigits;
  const task = {
    kind: 'certify',
    part: 'evaluation',
    weights,
    key: foldIn(key, 3),
    settings,
    start: 0,
    count,
  } as const;
  const rows: readonly CertifiedRow[] = await run(`${what}, certificates of ${count} digits`, task);
  const right = rows.filter(({ correct }) => correct).length;
  console.log(`${what}: average certified radius ${averageCertifiedRadius(rows).toFixed(4)}, ${right} right`);
  return averageCertifiedRadius(rows);
}

/** Writes grey values in 8 bits, as the data set has them. */
async function storeDigits(name: string, from: Digits, indices: readonly number[]): Promise<void> {
  const pixels = Uint8Array.from(
    indices.flatMap((i) => Array.from(from.images.subarray(i * PIXELS, (i + 1) * PIXELS), (v) => Math.round(255 * v))),
  );
  const file = encodeSafetensors(
    new Map([
      ['images', { dtype: 'uint8', shape: [indices.length, 28, 28], data: pixels }],
      [
        'labels',
        { dtype: 'uint8', shape: [indices.length], data: Uint8Array.from(indices, (i) => from.labels[i] ?? 0) },
      ],
    ]),
  );
  await writeFile(new URL(`${name}.safetensors`, PUBLIC), file);
}

/**
 * Certifies real digits at one radius, with a fixed sample and by a plan of looks, and compares samples, time and answers.
 *
 * Run it with `npx tsx examples/adaptive-run.ts` after `npm run build`; it takes about a minute.
 *
 * Both runs go through `certifyDataset`, which fills its batches across images: an image that is decided makes room for the next.
 */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import {
  type CertificationRule,
  certifiedAccuracy,
  type CertifiedRow,
  certifyDataset,
  createKey,
  fixedSample,
  foldIn,
  GaussianLoss,
  GaussianNoise,
  meanSamples,
  plannedRadius,
  SmoothedClassifier,
  split,
  trainableVariables,
  verifyCertificate,
} from 'catrs';
import { arrayDataset } from 'catrs/data';
import { normalCdf } from 'catrs/stats';
import { useWasm } from 'catrs/wasm';
import { DIGIT_SHAPE, loadDigits } from './load-digits.ts';
import { type ExampleOptions, runExample } from './run-example.ts';

const SIGMA = 0.5;
const RADIUS = 0.4;
const NUM_CLASSES = 10;

/** One run over all images. */
export interface Run {
  readonly rows: CertifiedRow[];
  readonly seconds: number;
}

/** Trains a linear classifier under noise, certifies held-out digits twice, and compares. */
export async function main({ fast }: ExampleOptions): Promise<{ fixed: Run; planned: Run }> {
  await useWasm();
  const [trainingKey, certifyKey] = split(createKey(3));
  const noise = new GaussianNoise({ sigma: SIGMA });
  const model = await trainLinear(noise, fast ? 15 : 60, trainingKey);
  const g = new SmoothedClassifier(model, { noise });
  const held = await loadDigits({ from: 600, perClass: fast ? 1 : 10 });
  const dataset = arrayDataset({ ...held, shape: DIGIT_SHAPE });
  const n = fast ? 2_000 : 10_000;

  const run = async (rule: CertificationRule): Promise<Run> => {
    const begun = performance.now();
    const rows: CertifiedRow[] = [];
    for await (const row of certifyDataset(g, dataset, { key: certifyKey, n, rule })) rows.push(row);
    return { rows, seconds: (performance.now() - begun) / 1000 };
  };
  const fixed = await run(fixedSample());
  const planned = await run(plannedRadius({ radius: RADIUS }));
  print({ 'fixed sample': fixed, 'planned radius': planned });
  check(noise, fixed, planned, n);
  model.dispose();
  return { fixed, planned };
}

async function trainLinear(
  noise: GaussianNoise,
  steps: number,
  key: ReturnType<typeof createKey>,
): Promise<tf.LayersModel> {
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [...DIGIT_SHAPE] }),
      tf.layers.dense({ units: NUM_CLASSES, kernelInitializer: 'zeros' }),
    ],
  });
  const train = await loadDigits({ perClass: 50 });
  const x = tf.tensor(train.values, [train.labels.length, ...DIGIT_SHAPE]);
  const loss = new GaussianLoss(model, { noise });
  const optimizer = tf.train.adam(0.01);
  for (let step = 0; step < steps; step++) {
    using prepared = loss.prepare({ x, labels: train.labels, key: foldIn(key, step) });
    optimizer.minimize(() => prepared.value(), false, trainableVariables(model));
  }
  x.dispose();
  optimizer.dispose();
  return model;
}

function print(runs: Readonly<Record<string, Run>>): void {
  for (const [name, { rows, seconds }] of Object.entries(runs)) {
    const [accuracy = 0] = certifiedAccuracy(rows, [RADIUS]);
    const share = `${(100 * accuracy).toFixed(0)} % of ${rows.length} digits certified and correct at radius ${RADIUS}`;
    console.log(`${name}: ${share}, ${meanSamples(rows).toFixed(0)} samples an image, ${seconds.toFixed(1)} s`);
  }
}

/** Every claim follows from its votes, and all votes of the longer run, which begins with the same ones, do not speak against it. */
function check(noise: GaussianNoise, fixed: Run, planned: Run, n: number): void {
  const needed = normalCdf(RADIUS / SIGMA);
  let decided = 0;
  planned.rows.forEach(({ certificate }, i) => {
    assert.deepEqual(verifyCertificate(certificate, noise).faults, []);
    const other = fixed.rows[i]?.certificate;
    assert.ok(other && other.cAHat === certificate.cAHat, 'the same key selects the same class');
    if (certificate.reason === 'undecided') return;
    decided++;
    // Six standard errors: a false alarm below 1e-8 for each image.
    const margin = 6 * Math.sqrt((needed * (1 - needed)) / other.nUsed);
    const share = other.nA / other.nUsed;
    if (certificate.radius > 0)
      assert.ok(share > needed - margin, `image ${i} is certified with ${share} of the votes`);
    else assert.ok(share < needed + margin, `image ${i} is declined with ${share} of the votes`);
  });
  assert.ok(meanSamples(planned.rows) < meanSamples(fixed.rows) / 2, 'the planned run needs fewer samples');
  console.log(
    `check: ${decided} of ${planned.rows.length} digits decided, none against the up to ${n} votes of the longer run`,
  );
}

await runExample(import.meta.url, main);

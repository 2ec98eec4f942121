/**
 * Certified boxes of digits on canvases: which are there, of which label, and between which lines their edges stay, by radius.
 *
 * Run it with `npx tsx examples/boxes/main.ts` after `npm run build`; it takes a few minutes on two cores. `--fast` trains and certifies little, for the tests.
 * `--out FOLDER` says where the files go (default `build/boxes`); a model that is there is not trained again.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import {
  type BoundsCertificate,
  boxMetrics,
  type BoxMetrics,
  boxSlots,
  certifiedBoxes,
  type CertifiedSlot,
  createKey,
  foldIn,
  GaussianNoise,
  SmoothedRegressor,
  type TrueBox,
  verifyCertificate,
} from 'catrs';
import { loadModel, saveModel } from 'catrs/node';
import { useWasm } from 'catrs/wasm';
import { loadDigits, partOf } from '../digits/data.ts';
import { canvasOf, CANVAS_KEYS, SIDE } from './canvases.ts';
import { detectorOf, train } from './detector.ts';
import { picture } from './picture.ts';

const SIGMA = 0.15;
const RADII = [0.05, 0.1, 0.2, 0.3];
const SHOWN = 0.2;
const ALPHA = 0.001;
const key = createKey(40);

/** A canvas for the picture: its pixels, what is true, and what is certified at one radius. */
export interface ShownCanvas {
  readonly pixels: readonly number[];
  readonly truths: readonly TrueBox[];
  readonly slots: readonly CertifiedSlot[];
  readonly atMost: number | null;
}

/** What the run found. */
export interface BoxResults {
  readonly sigma: number;
  readonly n: number;
  readonly alpha: number;
  readonly canvases: number;
  /** Certified recall and precision at IoU 0.5 and 0.75, for each radius. */
  readonly metrics: readonly (BoxMetrics & { readonly iou: number })[];
  readonly shownRadius: number;
  readonly shown: readonly ShownCanvas[];
}

/** Trains, certifies, verifies and writes. */
export async function main({ fast, folder }: { readonly fast: boolean; readonly folder: string }): Promise<BoxResults> {
  await useWasm();
  const digits = await loadDigits();
  const noise = new GaussianNoise({ sigma: SIGMA });
  const network = await trained(join(folder, 'model'), fast ? 20 : 1800, noise, digits);
  // One slot for each digit: the canvases never show one twice.
  const model = boxSlots(detectorOf(network), {
    slots: 10,
    bins: 'label',
    labels: 10,
    threshold: 0.5,
    overlap: 0.4,
    beyond: true,
  });
  const g = new SmoothedRegressor(model, { noise });
  const [count, n] = fast ? [2, 500] : [40, 2000];
  const rows: { certificate: BoundsCertificate; target: TrueBox[] }[] = [];
  const shown: ShownCanvas[] = [];
  for (let i = 0; i < count; i++) {
    const { x, truths } = canvasOf(partOf(digits, 'evaluation'), CANVAS_KEYS.evaluation, i);
    const canvas = tf.tensor3d(x, [SIDE, SIDE, 1]);
    const certificate = await g.certify(canvas, { key: foldIn(key, i), n, alpha: ALPHA, radius: RADII });
    canvas.dispose();
    const { valid, faults } = verifyCertificate(certificate, noise);
    if (!valid) throw new Error(`canvas ${i}: ${faults.join('; ')}`);
    rows.push({ certificate, target: truths });
    const { slots, atMost } = certifiedBoxes(certificate, SHOWN);
    const pixels = Array.from(x, (value) => Math.round(255 * value));
    if (i < 8) shown.push({ pixels, truths, slots, atMost });
    console.log(`canvas ${i}: ${truths.length} digits, ${slots.filter(({ state }) => state === 'present').length} certified within ${SHOWN}`); // prettier-ignore
  }
  const metrics = [0.5, 0.75].flatMap((iou) => boxMetrics(rows, { iou }).map((one) => ({ iou, ...one })));
  for (const { iou, radius, recall, precision } of metrics) {
    console.log(
      `IoU ${iou}, radius ${radius}: certified recall ${recall?.toFixed(2)}, precision ${precision?.toFixed(2)}`,
    );
  }
  const results = { sigma: SIGMA, n, alpha: ALPHA, canvases: count, metrics, shownRadius: SHOWN, shown };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'results.json'), `${JSON.stringify(results)}\n`);
  await writeFile(join(folder, 'certified-boxes.svg'), picture(results));
  network.dispose();
  return results;
}

async function trained(
  folder: string,
  steps: number,
  noise: GaussianNoise,
  digits: Awaited<ReturnType<typeof loadDigits>>,
): Promise<tf.LayersModel> {
  const known = await loadModel(folder, { format: 'layers-model' }).catch(() => undefined);
  if (known) return known;
  const onStep = (step: number, loss: number): void => {
    if (step % 50 === 0) console.log(`step ${step}: loss ${loss.toFixed(3)}`);
  };
  const network = await train(partOf(digits, 'training'), noise, { steps, key: createKey(41), onStep });
  await saveModel(network, folder);
  return network;
}

const [, started, ...given] = process.argv;
if (started !== undefined && pathToFileURL(started).href === import.meta.url) {
  const at = given.indexOf('--out');
  await main({ fast: given.includes('--fast'), folder: given[at + 1 || given.length] ?? 'build/boxes' });
}

/**
 * Certified defence of digits against patches: columns and blocks, votes by argmax and by threshold, as a table and a picture.
 *
 * Run it with `npx tsx examples/patches/main.ts` after `npm run build`; it takes about 20 minutes on two cores. `--fast` trains and certifies little, for the
 * tests. `--out FOLDER` says where the files go (default `build/patches`); a model that is there is not trained again.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import {
  BandAblation,
  type CertifiedRow,
  certifyDataset,
  type CopyVotes,
  createKey,
  DerandomizedClassifier,
  foldIn,
  verifyCertificate,
} from 'catrs';
import { loadModel, saveModel } from 'catrs/node';
import { certifiedAccuracySpec, renderSvg } from 'catrs/plots';
import { useWasm } from 'catrs/wasm';
import {
  type Digits,
  firstOf,
  IMAGE_SHAPE,
  loadDigits,
  NUM_CLASSES,
  partOf,
  PIXELS,
  toDataset,
} from '../digits/data.ts';
import { pathToFileURL } from 'node:url';
import { trainOnCopies } from './train.ts';

/** A defence and its name in the table. */
interface Defence {
  readonly name: string;
  readonly model: 'columns' | 'blocks';
  readonly noise: BandAblation;
  readonly votes: CopyVotes;
}

/** What a defence does, in images. */
export interface DefenceResult {
  readonly name: string;
  /** Forward passes for an image. */
  readonly copies: number;
  readonly images: number;
  /** g(x) is the label. */
  readonly clean: number;
  /** By the side of the square from 1 on: the label is certified. */
  readonly certified: readonly number[];
  /** By the side: a wrong class is certified. */
  readonly certifiedWrong: readonly number[];
  readonly seconds: number;
}

const SIDES = 10;
const columns = new BandAblation({ inputShape: IMAGE_SHAPE, keep: 'columns', size: 4 });
const allBlocks = new BandAblation({ inputShape: IMAGE_SHAPE, keep: 'blocks', size: 12 });
const blocks = new BandAblation({ inputShape: IMAGE_SHAPE, keep: 'blocks', size: 12, stride: 2 });
const THRESHOLD = { threshold: 0.3 };

const defences: readonly Defence[] = [
  { name: 'columns of 4, threshold 0.3', model: 'columns', noise: columns, votes: THRESHOLD },
  { name: 'columns of 4, argmax', model: 'columns', noise: columns, votes: 'argmax' },
  { name: 'blocks of 12, threshold 0.3', model: 'blocks', noise: blocks, votes: THRESHOLD },
  { name: 'blocks of 12, argmax', model: 'blocks', noise: blocks, votes: 'argmax' },
];

/** Trains, certifies and writes; returns the table. */
export async function main({
  fast,
  folder,
}: {
  readonly fast: boolean;
  readonly folder: string;
}): Promise<DefenceResult[]> {
  await useWasm();
  const digits = await loadDigits();
  const models = {
    columns: await trained(join(folder, 'columns'), columns, digits, { epochs: fast ? 1 : 25, fast, seed: 0 }),
    blocks: await trained(join(folder, 'blocks'), allBlocks, digits, { epochs: fast ? 1 : 15, fast, seed: 1 }),
  };
  const evaluation = firstOf(partOf(digits, 'evaluation'), fast ? 8 : 1000);
  const results: DefenceResult[] = [];
  for (const defence of defences) {
    const result = await certified(models[defence.model], defence, evaluation);
    console.log(line(result));
    results.push(result);
  }
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
  const curves = results.map(({ name, clean, certified, images }) => ({
    name,
    points: staircase([clean, ...certified].map((count) => count / images)),
  }));
  const title = `${evaluation.labels.length} digits, every square patch of at most this side`;
  await writeFile(
    join(folder, 'certified-patches.svg'),
    await renderSvg(certifiedAccuracySpec(curves, { title, unit: 'pixels a side' })),
  );
  for (const model of Object.values(models)) model.dispose();
  return results;
}

/** The model of a folder, or one that is trained on all digits but those of the evaluation, and saved there. */
async function trained(
  folder: string,
  noise: BandAblation,
  { images, labels }: Digits,
  { epochs, fast, seed }: { readonly epochs: number; readonly fast: boolean; readonly seed: number },
): Promise<tf.LayersModel> {
  const known = await loadModel(folder, { format: 'layers-model' }).catch(() => undefined);
  if (known) return known;
  const count = fast ? 320 : 9000; // training and validation: nothing is chosen here
  const model = await trainOnCopies(
    noise,
    { images: images.subarray(0, count * PIXELS), labels: labels.subarray(0, count) },
    {
      epochs,
      key: foldIn(createKey(20), seed),
      onEpoch: (epoch, loss) =>
        console.log(`${noise.parameters['keep'] as string}: epoch ${epoch + 1}, loss ${loss.toFixed(3)}`),
    },
  );
  await saveModel(model, folder);
  return model;
}

/** Certifies all images and checks every certificate. */
async function certified(
  model: tf.LayersModel,
  { name, noise, votes }: Defence,
  images: Digits,
): Promise<DefenceResult> {
  const g = new DerandomizedClassifier(model, { noise, numClasses: NUM_CLASSES, votes });
  const rows: CertifiedRow[] = [];
  const begun = performance.now();
  for await (const row of certifyDataset(g, toDataset(images), {})) {
    const { valid, faults } = verifyCertificate(row.certificate, noise);
    if (!valid) throw new Error(`image ${row.index}: ${faults.join('; ')}`);
    rows.push(row);
  }
  const seconds = (performance.now() - begun) / 1000;
  const isRight = ({ certificate, label }: CertifiedRow): boolean => certificate.cAHat === label;
  const bySide = (holds: (row: CertifiedRow) => boolean): number[] =>
    Array.from({ length: SIDES }, (_, i) => rows.filter((row) => row.certificate.radius > i && holds(row)).length);
  return {
    name,
    copies: noise.copies,
    images: rows.length,
    clean: rows.filter(isRight).length,
    certified: bySide(isRight),
    certifiedWrong: bySide((row) => !isRight(row)),
    seconds,
  };
}

const line = ({ name, copies, images, clean, certified, certifiedWrong, seconds }: DefenceResult): string =>
  `${name}: ${clean} of ${images} right, certified for 2 × 2 ${certified[1]}, 5 × 5 ${certified[4]}; wrong and certified ${certifiedWrong[1]}, ${certifiedWrong[4]}; ${copies} passes, ${((1000 * seconds) / images).toFixed(0)} ms an image`;

/** Corners of a staircase that holds up to each side, closed. */
function staircase(shares: readonly number[]): { radius: number; accuracy: number }[] {
  return shares.flatMap((accuracy, side) => [
    ...(side === 0 ? [] : [{ radius: side - 1, accuracy }]),
    { radius: side, accuracy },
  ]);
}

const [, started, ...given] = process.argv;
if (started !== undefined && pathToFileURL(started).href === import.meta.url) {
  const at = given.indexOf('--out');
  await main({ fast: given.includes('--fast'), folder: given[at + 1 || given.length] ?? 'build/patches' });
}

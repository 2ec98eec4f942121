/**
 * Certifies the type of a fragment of a file against edits of its bytes: the files are those of the npm packages that this repository installs.
 *
 * Run it with `npx tsx examples/file-types/main.ts` after `npm run build`; with a folder as argument it writes logs and a picture there.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  certificationLog,
  type CertifiedRow,
  certifyDataset,
  createKey,
  DeletionNoise,
  foldIn,
  SmoothedClassifier,
} from 'catrs';
import { arrayDataset } from 'catrs/data';
import { useWasm } from 'catrs/wasm';
import { loadFragments, TYPES } from './data.ts';
import { copyClassifier, PAD, train } from './model.ts';
import { picture, table } from './report.ts';

const FRAGMENT = 480;
/** Fragments may grow by 32 bytes. */
const LENGTH = 512;
const settings = [
  { deletion: 0.9, columns: 96 },
  { deletion: 0.97, columns: 48 },
] as const;

/** One noise, and what was certified with it. */
export interface Outcome {
  readonly deletion: number;
  readonly rows: readonly CertifiedRow[];
}

async function main(folder: string | undefined): Promise<void> {
  await useWasm();
  const key = createKey(0);
  const data = loadFragments({ length: FRAGMENT, training: 1500, evaluation: 60, key: foldIn(key, 0) });
  const outcomes: Outcome[] = [];
  for (const [index, { deletion, columns }] of settings.entries()) {
    const noise = new DeletionNoise({ length: LENGTH, deletion, padId: PAD });
    const network = copyClassifier(columns, index);
    const begun = performance.now();
    await train(network, data.training, {
      noise,
      epochs: 40,
      batchSize: 128,
      learningRate: 2e-3,
      key: foldIn(key, 10 + index),
      onEpoch: (epoch, loss) => console.error(`p = ${deletion}, epoch ${epoch}: loss ${loss.toFixed(3)}`),
    });
    console.error(`trained in ${((performance.now() - begun) / 1000).toFixed(0)} s`);
    const { bytes, labels } = data.evaluation;
    const inputs = Float32Array.from(bytes.flatMap((fragment) => Array.from(noise.pad(fragment))));
    const dataset = arrayDataset({ values: inputs, labels, shape: [LENGTH] });
    const g = new SmoothedClassifier(network.classifier, { noise, numClasses: TYPES.length });
    const rows: CertifiedRow[] = [];
    const certified = performance.now();
    for await (const row of certifyDataset(g, dataset, { key: foldIn(key, 20 + index), n0: 100, n: 2000, alpha: 0.001 })) rows.push(row); // prettier-ignore
    console.error(`certified in ${((performance.now() - certified) / 1000).toFixed(0)} s`);
    outcomes.push({ deletion, rows });
  }
  console.log(table(outcomes));
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'certified-edits.svg'), await picture(outcomes));
  for (const { deletion, rows } of outcomes)
    await writeFile(join(folder, `deletion-${deletion}.tsv`), certificationLog(rows));
}

await main(process.argv[2]);

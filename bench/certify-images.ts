import { type Certifier, certifyDataset, type CertifyOptions, foldIn } from 'catrs';
import { arrayDataset } from 'catrs/data';
import { type StartWorkersOptions, startWorkers, type WorkerCertifier } from 'catrs/node';
import type { CertifierData } from './certifier-module.ts';
import { imageValues, key, labelsOf, SHAPE } from './subjects.ts';

/** Node 20 lets a thread load TypeScript only so. */
export const execArgv: NonNullable<StartWorkersOptions['execArgv']> = [
  '--import',
  new URL('../examples/digits/register-tsx.mjs', import.meta.url).href,
];

/** Worker threads that certify LeNet. */
export function startCertifiers(workers: number, data: CertifierData = {}): Promise<WorkerCertifier> {
  return startWorkers({ module: new URL('certifier-module.ts', import.meta.url), workers, data, execArgv });
}

/** How much to certify. */
export interface CertifyWork {
  readonly images: number;
  /** Samples of each image, the selection sample included. */
  readonly samples: number;
  readonly batch: number;
}

/** Certifies images with a fixed sample. Throws if a sample was saved, because the rates count them all. */
export async function certifyImages(
  g: Certifier<CertifyOptions>,
  { images, samples, batch }: CertifyWork,
): Promise<void> {
  const dataset = arrayDataset({ values: imageValues(images), shape: SHAPE, labels: labelsOf(images) });
  const n0 = Math.min(batch, samples / 2);
  const options = { key: foldIn(key, 2), n0, n: samples - n0, batchSize: batch };
  for await (const { certificate } of certifyDataset(g, dataset, options)) {
    const drawn = certificate.n0 + certificate.nUsed;
    if (drawn !== samples) throw new Error(`an image took ${drawn} samples of ${samples}`);
  }
}

import { type Certifier, certifyDataset, type CertifyOptions, foldIn } from 'catrs';
import { arrayDataset } from 'catrs/data';
import { type StartWorkersOptions, startWorkers, type WorkerCertifier } from 'catrs/node';
import type { SubjectData } from '../subject-files.ts';
import { key } from '../subjects.ts';
import type { ClassifierData } from './classifier.ts';
import type { CertifyWork } from './setting.ts';

/** Node 20 lets a thread load TypeScript only so. */
export const execArgv: NonNullable<StartWorkersOptions['execArgv']> = [
  '--import',
  new URL('../../examples/digits/register-tsx.mjs', import.meta.url).href,
];

/** Worker threads that certify. */
export function startCertifiers(workers: number, data: ClassifierData): Promise<WorkerCertifier> {
  return startWorkers({ module: new URL('certifier-module.ts', import.meta.url), workers, data, execArgv });
}

/**
 * Certifies images with a fixed sample.
 *
 * @returns the share of the samples that was drawn: an image that cannot be certified any more stops early
 */
export async function certifyImages(
  g: Certifier<CertifyOptions>,
  data: SubjectData,
  { images, samples, batch }: Omit<CertifyWork, 'work' | 'network'>,
): Promise<number> {
  const size = data.images.length / data.labels.length;
  const values = data.images.slice(0, images * size);
  const dataset = arrayDataset({ values, shape: data.shape, labels: data.labels.slice(0, images) });
  const n0 = Math.min(batch, samples / 2);
  const options = { key: foldIn(key, 2), n0, n: samples - n0, batchSize: batch };
  let drawn = 0;
  for await (const { certificate } of certifyDataset(g, dataset, options)) drawn += certificate.n0 + certificate.nUsed;
  return drawn / (images * samples);
}

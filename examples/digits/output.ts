/**
 * The files of a run: one certification log for each method and one plot of both.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { certificationLog, certifiedAccuracyCurve } from 'catrs';
import { certifiedAccuracySpec, renderSvg } from 'catrs/plots';
import type { Outcome } from './experiment.ts';
import type { Report } from './report.ts';
import type { Settings } from './settings.ts';

/** Writes the logs and the plot into a folder; returns their paths, relative to the working directory if inside it. */
export async function writeOutput(folder: string, outcome: Outcome, settings: Settings): Promise<Report['files']> {
  const { gaussian, catrs } = outcome;
  const curves = [
    { name: 'Gaussian', points: certifiedAccuracyCurve(gaussian.rows) },
    { name: 'CAT-RS', points: certifiedAccuracyCurve(catrs.rows) },
  ];
  const title = `${gaussian.rows.length} digits, noise σ = ${settings.sigma}`;
  const files = {
    gaussianLog: join(folder, 'gaussian.tsv'),
    catrsLog: join(folder, 'catrs.tsv'),
    plot: join(folder, 'certified-accuracy.svg'),
  };
  await mkdir(folder, { recursive: true });
  await writeFile(files.gaussianLog, certificationLog(gaussian.rows));
  await writeFile(files.catrsLog, certificationLog(catrs.rows));
  await writeFile(files.plot, await renderSvg(certifiedAccuracySpec(curves, { title })));
  const shown = (path: string): string => {
    const fromHere = relative(process.cwd(), path);
    return fromHere.startsWith('..') ? path : fromHere;
  };
  return { gaussianLog: shown(files.gaussianLog), catrsLog: shown(files.catrsLog), plot: shown(files.plot) };
}

/**
 * Reads the stored logs of the comparison and the official ones beside them.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeCertificationLog } from 'catrs';
import type { LoggedRow } from 'catrs';
import { LONGER, METHODS } from '../certification.ts';
import { ablationRuns, readConfig, readKeptConfig } from '../config.ts';
import type { RunConfig } from '../config.ts';
import type { EpochRow } from '../training-log.ts';
import { methods, type PublishedMethod } from 'catrs/recipes';
import type { AblationResults } from './ablation-table.ts';
import { certifiedLog } from './certified-log.ts';
import type { CertifiedLog } from './certified-log.ts';
import type { LongerResults } from './longer-table.ts';
import { parseTrainingLog } from './parse-training-log.ts';

const fromHere = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** Where the stored results are. */
export const RESULTS_FOLDER: string = fromHere('docs/results/fmnist-0.25');

/** Where the official logs are. */
export const OFFICIAL_FOLDER: string = fromHere('test/fixtures/logs/fmnist');

/** What the official code logged while it trained, one entry for each epoch. */
export interface OfficialTraining {
  /** From 0. */
  readonly epoch: readonly number[];
  readonly learningRate: readonly number[];
  readonly testLoss: readonly number[];
  /** Percent, under noise. */
  readonly testAccuracy: readonly number[];
}

/** All that is known of a method; what was not run is absent. */
/** How papers write a method. */
export const titleOf = (method: PublishedMethod): string => methods[method].title;

/** How the official repository calls the methods. */
export const OFFICIAL: Readonly<Record<PublishedMethod, string>> = {
  gaussian: 'cohen',
  stability: 'stab',
  smoothadv: 'salman',
  macer: 'macer',
  consistency: 'consistency',
  smoothmix: 'smoothmix',
  catrs: 'cat-rs',
};

export interface MethodResults {
  readonly method: PublishedMethod;
  readonly log?: CertifiedLog | undefined;
  /** With n = 100 000, on fewer images. */
  readonly largeLog?: CertifiedLog | undefined;
  readonly training?: readonly EpochRow[] | undefined;
  /** Epochs that the configuration asks for. */
  readonly epochs: number;
  /** All test images, n = 100 000. */
  readonly official: readonly LoggedRow[];
  readonly officialTraining: OfficialTraining;
}

/** All that the report is made of. */
export interface Results {
  readonly methods: readonly MethodResults[];
  /** Runs with more epochs. */
  readonly longer: readonly LongerResults[];
  /** The runs of the ablation. */
  readonly ablation: readonly AblationResults[];
}

/** Folders to read from; by default those of the repository. */
export interface ResultsPlaces {
  readonly folder?: string;
  readonly official?: string;
}

/** Reads everything. Throws an error that names the file for a log that cannot be read or is not of this comparison. */
export async function readResults(places: ResultsPlaces = {}): Promise<Results> {
  const { folder = RESULTS_FOLDER, official = OFFICIAL_FOLDER } = places;
  const trainings = JSON.parse(await readFile(join(official, 'official-training-0.25.json'), 'utf8')) as {
    readonly methods: Readonly<Record<string, OfficialTraining>>;
  };
  const read = METHODS.map(async (method): Promise<MethodResults> => {
    const config = configOf(folder, method);
    const name = OFFICIAL[method];
    const officialFile = join(official, `${name}__0.25.tsv.gz`);
    const officialTraining = trainings.methods[name];
    if (officialTraining === undefined) throw new Error(`official-training-0.25.json must have ${name}`);
    const rowsOf = await readRows(officialFile);
    if (rowsOf === undefined) throw new Error(`${officialFile} must be there (it is a part of the repository)`);
    const logOf = async (file: string): Promise<CertifiedLog | undefined> => {
      const rows = await readRows(file);
      return rows && certifiedLog(file, rows, { sigma: config.sigma, official: rowsOf });
    };
    return {
      method,
      epochs: config.training.epochs,
      log: await logOf(join(folder, `${method}.tsv`)),
      largeLog: await logOf(join(folder, `${method}-100k.tsv`)),
      training: await readTraining(folder, method),
      official: rowsOf,
      officialTraining,
    };
  });
  const results = await Promise.all(read);
  const labels = results[0]?.official ?? [];
  const logOf = async (
    run: string,
  ): Promise<{ readonly config: RunConfig; readonly log?: CertifiedLog | undefined }> => {
    const [config, file] = [configOf(folder, run), join(folder, `${run}.tsv`)];
    const rows = await readRows(file);
    return { config, log: rows && certifiedLog(file, rows, { sigma: config.sigma, official: labels }) };
  };
  const ablation = ablationRuns().map(async (run) => ({ run: run.replace('ablation/', ''), ...(await logOf(run)) }));
  return {
    methods: results,
    longer: await Promise.all(
      LONGER.map(async (run) => ({ ...(await logOf(run)), training: await readTraining(folder, run) })),
    ),
    ablation: await Promise.all(ablation),
  };
}

async function readRows(file: string): Promise<readonly LoggedRow[] | undefined> {
  if (!existsSync(file)) return undefined;
  try {
    return await decodeCertificationLog(await readFile(file));
  } catch (cause) {
    throw new Error(`${file}: ${(cause as Error).message}`, { cause });
  }
}

/** The configuration that was kept with the results; where the run is not there yet, the one that it would have. */
function configOf(folder: string, run: string): RunConfig {
  return readKeptConfig(join(folder, 'training', `${run}.json`)) ?? readConfig(run);
}

async function readTraining(folder: string, name: string): Promise<readonly EpochRow[] | undefined> {
  const file = join(folder, 'training', `${name}.tsv`);
  return existsSync(file) ? parseTrainingLog(file, await readFile(file, 'utf8')) : undefined;
}

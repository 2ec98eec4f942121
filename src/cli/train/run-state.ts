import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { decodeSafetensors } from '../../data/safetensors.ts';
import { METADATA } from '../../recipes/checkpoint-format.ts';
import type { TrainingState } from '../../recipes/training-steps.ts';
import type { Json } from '../../types.ts';
import type { EarlierRun } from '../engines.ts';
import { CliError } from '../io.ts';
import type { TrainSettings } from './train-settings.ts';

/** Where a run stands, always between two batches. @internal */
export interface Standing extends TrainingState {
  /** Accuracy after the last whole epoch. */
  readonly accuracy: number | null;
  /** Mean loss of the last whole epoch. */
  readonly loss: number | null;
  /** Length of the log of scalars, in bytes. */
  readonly logBytes: number;
}

/** Where every run begins. @internal */
export const BEGINNING: Standing = {
  epoch: 0,
  batch: 0,
  step: 0,
  sum: 0,
  count: 0,
  accuracy: null,
  loss: null,
  logBytes: 0,
};

/** What a run is: its bits depend on all of it, but the number of epochs. @internal */
export interface RunRecord {
  readonly settings: TrainSettings;
  readonly data: Readonly<Record<string, Json>>;
  readonly architecture: string;
  readonly backend: string;
  /** The backend with its version; catrs 0.5 did not say it. */
  readonly engine?: string | undefined;
  /** Threads that share a step: the sums are rounded by shares. */
  readonly workers: number;
}

/** What the checkpoint of a run keeps beside weights and optimizer. @internal */
export function stateOf(record: RunRecord, standing: Standing): Json {
  return asJson({ catrs: 'train', record, standing });
}

function asJson(value: object): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

/** What the checkpoint of a run was made on; undefined where there is none, or one of something else. @internal */
export async function earlierTraining(file: string): Promise<EarlierRun | undefined> {
  const bytes = await readFile(file).catch(() => undefined);
  if (bytes === undefined) return undefined;
  try {
    const state = decodeSafetensors(bytes).metadata.get(METADATA.state) ?? 'null';
    const { backend, engine = backend } = (JSON.parse(state) as { readonly record: RunRecord }).record;
    return { file, engine };
  } catch {
    return undefined; // what is wrong with it is said where it is read
  }
}

/** Reads the state of a checkpoint. Throws CliError if it is one of another run. @internal */
export function standingIn(state: Json, record: RunRecord, file: string): Standing {
  const found = state as { readonly catrs?: unknown; readonly record: RunRecord; readonly standing: Standing } | null;
  if (found?.catrs !== 'train') {
    throw new CliError(
      `${file}: must be a checkpoint of catrs train, got one of something else (choose another --out)`,
    );
  }
  const { engine = record.engine } = found.record;
  const difference = differenceOf(withoutEpochs({ ...found.record, engine }), withoutEpochs(record), '');
  if (difference !== undefined) {
    throw new CliError(
      `${file}: must be of the same run to go on with, got another ${difference} (give the options of before, or choose another --out)`,
    );
  }
  const { epochs } = record.settings.loop;
  if (found.standing.epoch <= epochs) return found.standing;
  throw new CliError(`--epochs must be at least the ${found.standing.epoch} that are done in ${file}, got ${epochs}`);
}

function withoutEpochs({ settings, ...rest }: RunRecord): Json {
  return asJson({ ...rest, settings: { ...settings, loop: { ...settings.loop, epochs: 0 } } });
}

/** The first place where two values differ, as `settings.loop.batchSize (64, now 32)`. */
function differenceOf(before: Json | undefined, now: Json | undefined, path: string): string | undefined {
  if (isDeepStrictEqual(before, now)) return undefined;
  const isObject = (value: unknown): value is Readonly<Record<string, Json>> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject(before) || !isObject(now)) {
    return `${path} (${JSON.stringify(before) ?? 'none'}, now ${JSON.stringify(now) ?? 'none'})`;
  }
  for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const found = differenceOf(before[name], now[name], path === '' ? name : `${path}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

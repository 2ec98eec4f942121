/**
 * Where a training stands, in its checkpoint.
 */
import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type * as tf from '@tensorflow/tfjs';
import { loadCheckpoint, saveCheckpoint } from 'catrs/node';
import type { Sgd } from 'catrs/recipes';
import type { RunConfig } from './config.ts';
import type { EpochRow } from './training-log.ts';

/** Where a run stands. */
export interface Standing {
  readonly epoch: number;
  /** Batches of this epoch that are done. */
  readonly batch: number;
  /** Sum of the losses of the steps of this epoch, their number, and the time they took. */
  readonly sum: number;
  readonly steps: number;
  readonly seconds: number;
  /** The epochs that are done. */
  readonly rows: readonly EpochRow[];
}

/** Where every run begins. */
export const BEGINNING: Standing = { epoch: 0, batch: 0, sum: 0, steps: 0, seconds: 0, rows: [] };

/** What the bits of a run depend on, beside the data. */
export interface RunRecord {
  readonly config: RunConfig;
  /** CRC-32 of the soft targets. */
  readonly softTargets: number | null;
}

/** What is saved. */
export interface RunSubject {
  readonly model: tf.LayersModel;
  readonly optimizer: Sgd;
  readonly record: RunRecord;
}

/** The checkpoints of a run. */
export interface RunFiles {
  /** The last one. */
  readonly checkpoint: string;
  /** That of the end of the phase with the first learning rate. */
  readonly trunk: string;
}

/** Saves the run; a kill leaves the checkpoint before or this one. */
export function saveStanding(
  file: string,
  { model, optimizer, record }: RunSubject,
  standing: Standing,
): Promise<void> {
  return saveCheckpoint(file, { model, optimizer, state: plain({ ...record, standing }) });
}

/**
 * Takes the run up where it was: from its checkpoint; or, where the configuration has other epochs by now, from the end of the phase with the
 * first learning rate, which is the same run however long it is. Throws an error for a checkpoint of another configuration.
 */
export async function goOn(files: RunFiles, subject: RunSubject, say: (line: string) => void): Promise<Standing> {
  const { model, optimizer, record } = subject;
  for (const name of ['checkpoint', 'trunk'] as const) {
    const file = files[name];
    if (!existsSync(file)) continue;
    const state = (await loadCheckpoint(file, { model, optimizer })) as unknown as RunRecord & {
      readonly standing: Standing;
    };
    if (!canGoOn(state, state.standing, record)) continue;
    say(`going on from ${name}, after ${state.standing.epoch} epochs and ${state.standing.batch} batches`);
    return state.standing;
  }
  if (!existsSync(files.checkpoint)) return BEGINNING;
  throw new Error(`${files.checkpoint} must be of this configuration, got one of another (move its folder away)`);
}

function canGoOn(before: RunRecord, { epoch, batch }: Standing, now: RunRecord): boolean {
  const isSame = isDeepStrictEqual(partsOf(before), partsOf(now));
  const sameLength = isDeepStrictEqual(lengthOf(before), lengthOf(now));
  const firstDrop = Math.min(...[before, now].map(({ config }) => config.training.drops[0] ?? config.training.epochs));
  return isSame && (sameLength || epoch < firstDrop || (epoch === firstDrop && batch === 0));
}

/** All but the length of the run. */
function partsOf({ config, softTargets }: RunRecord): object {
  return plain({
    ...config,
    training: { ...config.training, epochs: undefined, drops: undefined },
    softTargets: softTargets ?? null,
  });
}

function lengthOf({ config: { training } }: RunRecord): object {
  return [training.epochs, training.drops];
}

/** As it comes back from a file: without what is undefined. */
function plain(value: object): Record<string, never> {
  return JSON.parse(JSON.stringify(value)) as Record<string, never>;
}

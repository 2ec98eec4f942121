import { stat } from 'node:fs/promises';
import { type SoftTargetsProgress, softTargetsToNpy } from '../node/soft-targets-to-npy.ts';
import { createKey } from '../random/key.ts';
import { CliError, type CliIo, EXIT, note, printJson, showProgress } from './io.ts';
import {
  type DataOptions,
  type ModelOptions,
  type SelectionOptions,
  selectionOf,
  type SmoothingOptions,
} from './common-options.ts';
import { formatDuration } from '../node/run-progress.ts';
import { openClassifier, probeClassifier } from './open-classifier.ts';
import { openData } from './open-data.ts';
import { smoothed } from './smoothing-settings.ts';

type Smoothing = Omit<SmoothingOptions, 'alpha'>;

/** The options of `catrs soft-targets`. @internal */
export interface SoftTargetsSettings extends DataOptions, ModelOptions, Smoothing, SelectionOptions {
  readonly out: string;
  readonly resume?: true;
  readonly recheck: boolean;
  readonly durable?: true;
  readonly json?: true;
}

/** Writes the soft targets of a data set. @internal */
export async function softTargets(settings: SoftTargetsSettings, io: CliIo): Promise<void> {
  const { out, seed, n, recheck, durable = false } = settings;
  await checkOut(settings);
  const { dataset } = await openData(settings);
  const opened = await openClassifier(settings);
  const display = showProgress(io);
  try {
    note(io, `running on ${opened.runtime}`);
    const numClasses = await probeClassifier(opened, { dataset, options: settings });
    const g = smoothed(opened.classifier, { ...settings, numClasses });
    const { file, done, resumed } = await softTargetsToNpy(g, dataset, {
      select: selectionOf(settings),
      key: createKey(seed),
      n,
      file: out,
      recheck,
      durable,
      signal: io.signal,
      onProgress: (progress) => display.update(lineOf(progress)),
    });
    display.end();
    if (settings.json)
      printJson(io, { file, runtime: opened.runtime, resumed, done, shape: [dataset.size, numClasses] });
    else io.stdout(`${file}: soft targets [${dataset.size}, ${numClasses}] of ${done} images, ${n} votes each\n`);
  } catch (error) {
    display.end();
    if (!io.signal.aborted || error !== io.signal.reason) throw error;
    throw new CliError(
      `interrupted; ${out}.part is valid, and the same command with --resume goes on`,
      EXIT.interrupted,
    );
  } finally {
    await opened.dispose();
  }
}

async function checkOut({ out, resume }: SoftTargetsSettings): Promise<void> {
  for (const file of [out, `${out}.part`]) {
    const isThere = (await stat(file).catch(() => undefined)) !== undefined;
    if (!isThere || resume === true) continue;
    throw new CliError(`--out must be a new file, got ${file}, which exists (add --resume to go on with it)`);
  }
}

function lineOf({ done, total, millisecondsLeft }: SoftTargetsProgress): string {
  const left = millisecondsLeft === undefined ? '' : `, ${formatDuration(millisecondsLeft)} left`;
  return `${done}/${total} ${total === 0 ? 100 : Math.floor((100 * done) / total)} %${done === total ? ', done' : left}`;
}

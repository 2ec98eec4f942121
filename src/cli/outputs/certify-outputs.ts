import { readFile } from 'node:fs/promises';
import { outputFigures } from '../../evaluate/output-figures.ts';
import { parseOutputLog } from '../../evaluate/output-log.ts';
import type { OutputLogSummary } from '../../node/outputs-to-log.ts';
import type { OutputTask } from '../../smoothed/outputs/types.ts';
import { isThere } from '../begun-log-file.ts';
import type { CertifySettings } from '../commands/certify.ts';
import { type CliIo, printJson } from '../io.ts';
import type { EarlierRun } from '../engines.ts';
import { checkNoiseChoice } from '../noise-options.ts';
import { outputsIntoLog } from './outputs-into-log.ts';
import { openOutputRun } from './open-output-run.ts';
import type { OutputSettings } from './output-settings.ts';
import { openOutputThreads, outputCertifier, preparedFrom } from './output-certifier.ts';
import { figuresText } from './output-figures-text.ts';
import type { OutputTaskName } from './task-options.ts';
import { TASK_RUNS } from './task-runs.ts';
import { inTask } from './task-words.ts';

/** Certifies outputs of a data set, other than classes, into a log. @internal */
export function certifyOutputs(settings: CertifySettings & OutputSettings, io: CliIo): Promise<void> {
  return inTask(settings.task, () => certifyAll(settings, io));
}

async function certifyAll(settings: CertifySettings & OutputSettings, io: CliIo): Promise<void> {
  const { out } = settings;
  checkNoiseChoice({ ...settings, radius: undefined });
  const isNew = !(await isThere(settings));
  const earlier = isNew ? undefined : await earlierRun(out);
  await using run = await openOutputRun(settings, io, { earlier });
  const prepared = await TASK_RUNS[settings.task].prepare?.(preparedFrom(run, settings), settings, io);
  await using threads = await openOutputThreads(run, settings, { io, prepared });
  const g = threads ?? outputCertifier(run.opened, settings, { ...run, prepared });
  const options = TASK_RUNS[settings.task].options(settings);
  const summary = await outputsIntoLog(g, run.data.dataset, options, { settings, isNew, io, what: 'input' });
  const { runtime, engine } = run.opened;
  await reportOutputs(summary, { ...settings, runtime, engine }, io);
}

/** What the log that is gone on with was made on. @internal */
export async function earlierRun(out: string): Promise<EarlierRun | undefined> {
  const [, first = ''] = (await readFile(out, 'utf8').catch(() => '')).split('\n', 2);
  try {
    return { file: out, engine: (JSON.parse(first) as { readonly engine?: string }).engine };
  } catch {
    return undefined; // what is wrong with it is said where it is read
  }
}

/** What is said of a run at its end. */
interface ReportedRun extends Pick<OutputSettings, 'json' | 'inputRange'> {
  readonly task: OutputTaskName | OutputTask;
  readonly runtime: string;
  readonly engine: string;
}

/** What the whole log says now, rows of earlier runs included. @internal */
export async function reportOutputs(
  { resumed, done, file }: OutputLogSummary,
  { task, json, runtime, engine, inputRange = [0, 1] }: ReportedRun,
  io: CliIo,
): Promise<void> {
  const figures = done === 0 ? undefined : outputFigures(parseOutputLog(await readFile(file, 'utf8')).rows);
  if (json) printJson(io, { file, runtime, engine, resumed, done, inputRange, ...figures, task });
  else if (figures === undefined) io.stdout(`${file}: no input in this part of the run\n`);
  else io.stdout(figuresText(file, figures));
}

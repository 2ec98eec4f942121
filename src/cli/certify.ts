import { readFile, rm, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { certificationLogHeader } from '../evaluate/certification-log.ts';
import { parseCertificationLog } from '../evaluate/parse-certification-log.ts';
import { certifyToLog, type LogSummary } from '../node/certify-to-log.ts';
import { progressLine } from '../node/run-progress.ts';
import { startWorkers } from '../node/start-workers.ts';
import { createKey } from '../random/key.ts';
import type { CertifyOptions } from '../smoothed/call-options.ts';
import type { Certifier } from '../smoothed/types.ts';
import { CliError, type CliIo, EXIT, note, printJson, showProgress } from './io.ts';
import {
  type DataOptions,
  type ModelOptions,
  type SelectionOptions,
  selectionOf,
  type SmoothingOptions,
} from './common-options.ts';
import { openClassifier, type OpenedClassifier, probeClassifier } from './open-classifier.ts';
import { openData } from './open-data.ts';
import { type RuleOptions, ruleFor, smoothed, type SmoothingSettings } from './smoothing-settings.ts';
import { logFigures, summaryText } from './log-figures.ts';

/** The options of `catrs certify`. @internal */
export interface CertifySettings extends DataOptions, ModelOptions, SmoothingOptions, SelectionOptions, RuleOptions {
  readonly out: string;
  readonly n0: number;
  readonly workers: number;
  readonly resume?: true;
  readonly recheck: boolean;
  readonly durable?: true;
  readonly json?: true;
}

/** Certifies a data set into a log. @internal */
export async function certify(settings: CertifySettings, io: CliIo): Promise<void> {
  const isNew = !(await isThere(settings));
  const rule = ruleFor(settings);
  const { dataset } = await openData(settings);
  const opened = await openClassifier(settings);
  note(io, `running on ${opened.runtime}`);
  const numClasses = await probeClassifier(opened, { dataset, options: settings });
  const { seed, n, n0, alpha, out, recheck, durable = false } = settings;
  await using certifier = await certifierOf(opened, { ...settings, numClasses, shape: dataset.shape }, settings, io);

  const display = showProgress(io);
  let summary: LogSummary;
  try {
    summary = await certifyToLog(certifier.g, dataset, {
      select: selectionOf(settings),
      key: createKey(seed),
      n,
      n0,
      alpha,
      rule,
      file: out,
      recheck,
      durable,
      signal: io.signal,
      onProgress: (progress) => display.update(progressLine(progress)),
    });
  } catch (error) {
    display.end();
    const isEmpty = isNew && (await removeEmpty(out));
    if (!io.signal.aborted) throw error;
    const what = isEmpty
      ? 'before the first image was done'
      : `; ${out} is valid, and the same command with --resume goes on`;
    throw new CliError(`interrupted${isEmpty ? ' ' : ''}${what}`, EXIT.interrupted);
  }
  display.end();
  await report(summary, { settings, runtime: opened.runtime, io });
}

/** Whether the log is there. Throws CliError if it is, and the command is not to go on with it. */
async function isThere({ out, resume }: CertifySettings): Promise<boolean> {
  const found = await stat(out).catch(() => undefined);
  if (found === undefined || resume === true) return found !== undefined;
  throw new CliError(`--out must be a new file, got ${out}, which exists (add --resume to go on with it)`);
}

/** Removes a log that this run began, if it has no row yet. */
async function removeEmpty(out: string): Promise<boolean> {
  const content = await readFile(out, 'utf8').catch(() => undefined);
  if (content === undefined || !`${certificationLogHeader()}\n`.startsWith(content)) return false;
  await rm(out);
  return true;
}

/** The classifier of this thread, or several threads with one each. */
async function certifierOf(
  opened: OpenedClassifier,
  smoothing: SmoothingSettings & { readonly shape: readonly number[] },
  { model, output, layout, workers }: CertifySettings,
  io: CliIo,
): Promise<AsyncDisposable & { readonly g: Certifier<CertifyOptions> }> {
  if (workers === 1) {
    return { g: smoothed(opened.classifier, smoothing), [Symbol.asyncDispose]: async () => opened.dispose() };
  }
  await opened.dispose();
  const { runtime } = opened;
  const { sigma, numClasses, batchSize, inputRange, shape } = smoothing;
  const g = await startWorkers({
    module: new URL(`./worker-certifier${extname(import.meta.url)}`, import.meta.url),
    workers,
    data: {
      model: { model, output, layout, ...(runtime !== 'onnxruntime' && { backend: runtime }) },
      smoothing: { sigma, numClasses, output, batchSize, inputRange },
      shape: [...shape],
    },
    ...(io.workerArguments && { execArgv: io.workerArguments }),
  });
  return { g, [Symbol.asyncDispose]: () => g.close() };
}

/** What the whole log says now, rows of earlier runs included. */
async function report(
  { resumed, done, file }: LogSummary,
  { settings, runtime, io }: { readonly settings: CertifySettings; readonly runtime: string; readonly io: CliIo },
): Promise<void> {
  const figures = done === 0 ? undefined : logFigures(parseCertificationLog(await readFile(file, 'utf8')));
  if (settings.json) printJson(io, { file, runtime, resumed, done, ...figures });
  else io.stdout(figures === undefined ? `${file}: no image in this part of the run\n` : summaryText(file, figures));
}

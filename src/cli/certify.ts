import { readFile, rm, stat } from 'node:fs/promises';
import { certificationLogHeader } from '../evaluate/certification-log.ts';
import { parseCertificationLog } from '../evaluate/parse-certification-log.ts';
import { certifyToLog, type LogSummary } from '../node/certify-to-log.ts';
import { progressLine } from '../node/run-progress.ts';
import { createKey } from '../random/key.ts';
import type { CertifySettings } from './commands/certify.ts';
import { selectionOf } from './common-options.ts';
import { CliError, type CliIo, EXIT, printJson, withProgress } from './io.ts';
import { logFigures, summaryText } from './log-figures.ts';
import { gaussianOf, openRun, openThreads, ruleFor } from './open-run.ts';

/** Certifies a data set into a log. @internal */
export async function certify(settings: CertifySettings, io: CliIo): Promise<void> {
  const isNew = !(await isThere(settings));
  const rule = ruleFor(settings);
  await using run = await openRun(settings, io);
  await using threads = await openThreads(run, settings, io);
  const { seed, n, n0, alpha, out, recheck, durable } = settings;

  const summary = await withProgress(
    io,
    (display) =>
      certifyToLog(threads ?? run.smoothed(gaussianOf(settings)), run.data.dataset, {
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
      }),
    () => `; ${out} is valid, and the same command with --resume goes on`,
  ).catch(async (error: unknown) => {
    const isEmpty = isNew && (await removeEmpty(out));
    if (!isEmpty || !io.signal.aborted) throw error;
    throw new CliError('interrupted before the first image was done', EXIT.interrupted);
  });
  await report(summary, { settings, runtime: run.opened.runtime, io });
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

/** What the whole log says now, rows of earlier runs included. */
async function report(
  { resumed, done, file }: LogSummary,
  { settings, runtime, io }: { readonly settings: CertifySettings; readonly runtime: string; readonly io: CliIo },
): Promise<void> {
  const figures = done === 0 ? undefined : logFigures(parseCertificationLog(await readFile(file, 'utf8')));
  if (settings.json) printJson(io, { file, runtime, resumed, done, ...figures });
  else io.stdout(figures === undefined ? `${file}: no image in this part of the run\n` : summaryText(file, figures));
}

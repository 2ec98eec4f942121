import { extname } from 'node:path';
import { selectedIndices } from '../../data/dataset-selection.ts';
import { outputLogHeader } from '../../evaluate/output-log.ts';
import { certifyToLog } from '../../node/certify-to-log.ts';
import { progressLine } from '../../node/run-progress.ts';
import { type OutputWorkers, startWorkers } from '../../node/start-workers.ts';
import type { Noise } from '../../noise/types.ts';
import { createKey } from '../../random/key.ts';
import { Recertifier, type RecertifierRunOptions } from '../../smoothed/incremental/recertifier.ts';
import type { IncrementalCertificate } from '../../smoothed/incremental/types.ts';
import { isThere, removeEmpty } from '../begun-log-file.ts';
import type { CertifySettings } from '../commands/certify.ts';
import { selectionOf } from '../common-options.ts';
import { CliError, type CliIo, EXIT, withProgress } from '../io.ts';
import { type OpenedRun, openRun, sigmaOf, workerData } from '../open-run.ts';
import { earlierRun, reportOutputs } from '../outputs/certify-outputs.ts';
import { loggedNoise } from '../redraw-rows.ts';
import { checkChangedOptions } from './check-changed-options.ts';
import { checkNoiseOfLog, checkRowsOfLog, rangeOfLog, samplesOf } from './check-old-log.ts';
import { type OldLog, readOldLog } from './old-log.ts';

const TASK = 'incremental';

/** The settings of a run that goes on from an old log. */
type ChangedSettings = CertifySettings & { readonly fromLog: string };

/** Certifies a changed model over a data set from the log of the old one, into a log of JSON lines. @internal */
export async function certifyChanged(settings: ChangedSettings, io: CliIo): Promise<void> {
  checkChangedOptions(settings);
  const isNew = !(await isThere(settings));
  const { out, fromLog, recheck, durable, json } = settings;
  const old = await readOldLog(fromLog, settings.seed);
  const n = samplesOf(old, settings.n);
  const inputRange = rangeOfLog(old, settings.inputRange);
  const noise = loggedNoise(old.certificate.noise) as Noise;
  const earlier = isNew ? undefined : await earlierRun(out);
  const asLogged = { ...settings, inputRange, sigma: sigmaOf(noise) };
  await using run = await openRun(asLogged, io, { earlier, noise });
  const { dataset } = run.data;
  checkNoiseOfLog(old, settings, dataset.shape);
  const select = selectionOf(settings);
  const indices = [...selectedIndices(dataset.size, select)];
  await checkRowsOfLog(old, run, { indices, settings });
  await using threads = await openThreads(run, settings, { io, old });
  const g = threads ?? new Recertifier(run.sampled(), { from: (index) => old.rows.get(index)?.certificate });
  const { alphaZeta, until, keepVotes } = settings;
  const summary = await withProgress(
    io,
    (display) =>
      certifyToLog<RecertifierRunOptions, IncrementalCertificate>(g, dataset, {
        ...{ key: createKey(old.seed), n, alphaZeta, until, keepVotes },
        ...{ select, file: out, recheck, durable, signal: io.signal },
        onProgress: (progress) => display.update(progressLine(progress), { isMinor: progress.image !== undefined }),
      }),
    () => `; ${out} is valid, and the same command with --resume goes on`,
  ).catch(async (error: unknown) => {
    const isEmpty = isNew && (await removeEmpty(out, outputLogHeader(TASK)));
    if (!isEmpty || !io.signal.aborted) throw error;
    throw new CliError('interrupted before the first image was done', EXIT.interrupted);
  });
  const { runtime, engine } = run.opened;
  await reportOutputs(summary, { task: TASK, json, inputRange, runtime, engine }, io);
}

/** Several threads with the changed model each, which read the old log themselves; undefined for one. */
async function openThreads(
  run: OpenedRun,
  settings: ChangedSettings,
  { io, old: { file, seed } }: { readonly io: CliIo; readonly old: OldLog },
): Promise<OutputWorkers<RecertifierRunOptions, IncrementalCertificate> | undefined> {
  const { workers } = settings;
  if (workers === 1) return undefined;
  await run.close();
  return startWorkers<RecertifierRunOptions, IncrementalCertificate>({
    module: new URL(`./worker-changed${extname(import.meta.url)}`, import.meta.url),
    workers,
    data: { ...workerData(run, settings), file, seed },
    execArgv: io.workerArguments,
  });
}

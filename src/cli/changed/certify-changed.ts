import { extname } from 'node:path';
import { selectedIndices } from '../../data/dataset-selection.ts';
import { type OutputWorkers, startWorkers } from '../../node/start-workers.ts';
import type { Noise } from '../../noise/types.ts';
import { createKey } from '../../random/key.ts';
import { Recertifier, type RecertifierRunOptions } from '../../smoothed/incremental/recertifier.ts';
import type { IncrementalCertificate } from '../../smoothed/incremental/types.ts';
import type { OutputCertifier } from '../../smoothed/outputs/types.ts';
import { isThere } from '../begun-log-file.ts';
import type { CertifySettings } from '../commands/certify.ts';
import { selectionOf } from '../common-options.ts';
import type { CliIo } from '../io.ts';
import { type OpenedRun, openRun, sigmaOf } from '../open-run.ts';
import { workerData } from '../open-threads.ts';
import { earlierRun, reportOutputs } from '../outputs/certify-outputs.ts';
import { outputsIntoLog } from '../outputs/outputs-into-log.ts';
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
  const { out, fromLog, json } = settings;
  const old = await readOldLog(fromLog, settings.seed);
  const n = samplesOf(old, settings.n);
  const inputRange = rangeOfLog(old, settings.inputRange);
  const noise = loggedNoise(old.certificate.noise) as Noise;
  const earlier = isNew ? undefined : await earlierRun(out);
  const asLogged = { ...settings, inputRange, sigma: sigmaOf(noise) };
  await using run = await openRun(asLogged, io, { earlier, noise });
  const { dataset } = run.data;
  checkNoiseOfLog(old, settings, dataset.shape);
  const indices = [...selectedIndices(dataset.size, selectionOf(settings))];
  await checkRowsOfLog(old, run, { indices, settings });
  await using threads = await openThreads(run, settings, { io, old });
  const g: OutputCertifier<object> =
    threads ?? new Recertifier(run.sampled(), { from: (index) => old.rows.get(index)?.certificate });
  const { alphaZeta, until, keepVotes } = settings;
  const options = { key: createKey(old.seed), n, alphaZeta, until, keepVotes };
  const summary = await outputsIntoLog(g, dataset, options, { settings, isNew, io, what: 'image' });
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

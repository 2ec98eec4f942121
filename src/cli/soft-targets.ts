import { stat } from 'node:fs/promises';
import { engineOfRecord } from '../node/earlier-engine.ts';
import { formatDuration } from '../node/run-progress.ts';
import { type SoftTargetsProgress, softTargetsToNpy } from '../node/soft-targets-to-npy.ts';
import { createKey } from '../random/key.ts';
import { SOFT_TARGET_SAMPLES } from '../smoothed/call-options.ts';
import type { SoftTargetsSettings } from './commands/soft-targets.ts';
import { selectionOf } from './common-options.ts';
import { CliError, type CliIo, printJson, withProgress } from './io.ts';
import { openRun } from './open-run.ts';
import { openThreads } from './open-threads.ts';

/** Writes the soft targets of a data set. @internal */
export async function softTargets(settings: SoftTargetsSettings, io: CliIo): Promise<void> {
  const { out, seed, n = SOFT_TARGET_SAMPLES, recheck, durable, json } = settings;
  await checkOut(settings);
  const before = settings.resume === true ? await engineOfRecord(out) : undefined;
  const earlier = before && { ...before, file: out };
  await using run = await openRun(settings, io, { usualPart: 'train', earlier });
  await using threads = await openThreads(run, settings, io);
  const { dataset } = run.data;
  const { file, done, resumed } = await withProgress(
    io,
    (display) =>
      softTargetsToNpy(threads ?? run.sampled(), dataset, {
        select: selectionOf(settings),
        key: createKey(seed),
        n,
        file: out,
        recheck,
        durable,
        signal: io.signal,
        onProgress: (progress) => display.update(lineOf(progress)),
      }),
    () => `; ${out}.part is valid, and the same command with --resume goes on`,
  );
  const shape = [dataset.size, run.smoothing.numClasses];
  const { runtime, engine } = run.opened;
  if (json) printJson(io, { file, runtime, engine, denoiser: settings.denoiser, resumed, done, shape });
  else io.stdout(`${file}: soft targets [${shape.join(', ')}] of ${done} images, ${n} votes each, on ${engine}\n`);
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

/**
 * One job of the comparison, in a process of its own so that jobs run side by side and none takes another down.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createKey } from 'catrs';
import { certifyToLog, progressLine, softTargetsToNpy } from 'catrs/node';
import { useWasm } from 'catrs/wasm';
import { CERTIFICATION_SEED, SOFT_TARGET_SEED } from './certification.ts';
import type { Certification } from './certification.ts';
import { quickened, readConfig } from './config.ts';
import type { RunConfig } from './config.ts';
import { firstImages, readFashionMnist } from './data.ts';
import { openSmoothed } from './open-smoothed.ts';
import { train } from './train.ts';

/** What a job does. */
export type Job =
  /** Trains `configs/RUN.json` into the folder `RUN`. */
  | { readonly kind: 'train'; readonly run: string }
  /** Has the model of a run vote on its training images: `RUN/soft-targets.npy`. */
  | { readonly kind: 'soft-targets'; readonly run: string; readonly votes: number }
  /** Writes `NAME.tsv` into the folder of the results. */
  | ({ readonly kind: 'certify' } & Certification);

/** Where jobs read and write. */
export interface Places {
  /** Folder of the data set. */
  readonly data: string;
  /** Folder of the trainings. */
  readonly runs: string;
  /** Folder of the results. */
  readonly results: string;
  /** Whether all is taken down to a minute or two. */
  readonly quick: boolean;
}

/** Runs a job in this process. */
export async function runJob(job: Job, places: Places, say: (line: string) => void): Promise<void> {
  await useWasm({ threads: 1 });
  const { data, runs, results } = places;
  const config = configOf(job.run, places);
  const folder = join(runs, job.run);
  switch (job.kind) {
    case 'train': {
      const training = firstImages(await readFashionMnist(data, 'train'), config.images);
      const test = firstImages(await readFashionMnist(data, 't10k'), places.quick ? 500 : undefined);
      const softTargets = config.softTargets && join(runs, config.softTargets.run, 'soft-targets.npy');
      const init = config.init && join(runs, config.init);
      return train({ config, training, test, softTargets, init, folder, say });
    }
    case 'soft-targets': {
      const training = firstImages(await readFashionMnist(data, 'train'), config.images);
      await softTargetsToNpy(await openSmoothed(folder, config.sigma), training, {
        key: createKey(SOFT_TARGET_SEED),
        n: job.votes,
        file: join(folder, 'soft-targets.npy'),
        onProgress: everyMinute(({ done, total }: { done: number; total: number }) =>
          say(`${done} of ${total} images`),
        ),
      });
      return;
    }
    case 'certify': {
      const { name, n0, n, alpha, skip, max } = job;
      const file = join(results, `${name}.tsv`);
      await mkdir(dirname(file), { recursive: true });
      await certifyToLog(await openSmoothed(folder, config.sigma), await readFashionMnist(data, 't10k'), {
        key: createKey(CERTIFICATION_SEED),
        n0,
        n,
        alpha,
        select: { skip, max },
        file,
        onProgress: everyMinute((progress) => say(progressLine(progress))),
      });
    }
  }
}

function configOf(run: string, { quick }: Places): RunConfig {
  const config = readConfig(run);
  return quick ? quickened(config) : config;
}

function everyMinute<T>(tell: (progress: T) => void): (progress: T) => void {
  let last = performance.now();
  return (progress) => {
    if (performance.now() - last < 60_000) return;
    last = performance.now();
    tell(progress);
  };
}

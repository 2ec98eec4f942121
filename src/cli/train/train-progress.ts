import { formatDuration } from '../../node/run-progress.ts';
import type { ProgressDisplay } from '../io.ts';
import type { Standing } from './run-state.ts';
import type { TrainRun } from './train-epochs.ts';
import type { TrainSettings } from './train-settings.ts';

/** What the progress of a run is told from. @internal */
export interface ProgressOf {
  readonly display: ProgressDisplay;
  readonly settings: TrainSettings;
  /** Images of the data set. */
  readonly size: number;
  readonly from: Standing;
}

/** Shows batches and epochs, with the time left by the mean time of a batch so far. @internal */
export function trainProgress({ display, settings, size, from }: ProgressOf): Pick<TrainRun, 'onBatch' | 'onEpoch'> {
  const { epochs, batchSize } = settings.loop;
  const batches = Math.ceil(size / batchSize);
  const begun = performance.now();
  const doneAt = ({ epoch, batch }: Standing): number => epoch * batches + batch;
  const left = (now: Standing): string => {
    const perBatch = (performance.now() - begun) / (doneAt(now) - doneAt(from));
    return `${formatDuration(perBatch * (epochs * batches - doneAt(now)))} left`;
  };
  return {
    onBatch: (now) => {
      const loss = (now.sum / now.count).toFixed(4);
      display.update(`epoch ${now.epoch + 1}/${epochs}, batch ${now.batch}/${batches}, loss ${loss}, ${left(now)}`);
    },
    onEpoch: (now) => {
      const accuracy = `accuracy under noise ${(100 * (now.accuracy ?? 0)).toFixed(1)} %`;
      const state = now.epoch === epochs ? 'done' : left(now);
      display.update(`epoch ${now.epoch}/${epochs} done, loss ${(now.loss ?? 0).toFixed(4)}, ${accuracy}, ${state}`);
    },
  };
}

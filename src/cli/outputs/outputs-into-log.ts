import type { DatasetSelection } from '../../data/dataset-selection.ts';
import type { LabelledDataset } from '../../data/labelled-dataset.ts';
import type { TargetDataset } from '../../data/target-dataset.ts';
import { outputLogHeader } from '../../evaluate/output-log.ts';
import { certifyToLog } from '../../node/certify-to-log.ts';
import type { OutputLogSummary } from '../../node/outputs-to-log.ts';
import { progressLine } from '../../node/run-progress.ts';
import type { OutputCertifier } from '../../smoothed/outputs/types.ts';
import { removeEmpty } from '../begun-log-file.ts';
import { selectionOf } from '../common-options.ts';
import { CliError, type CliIo, EXIT, withProgress } from '../io.ts';

/** Where a run goes, and over which inputs. */
interface IntoLog {
  readonly settings: DatasetSelection & {
    readonly out: string;
    readonly recheck: boolean;
    readonly durable?: true | undefined;
  };
  /** Whether the log is begun by this run. */
  readonly isNew: boolean;
  readonly io: CliIo;
  /** What an example is called. */
  readonly what: 'input' | 'image';
}

/** Certifies a data set into a log of JSON lines, with progress; a log that has no row yet at an interruption is removed. @internal */
export async function outputsIntoLog(
  g: OutputCertifier<object>,
  dataset: LabelledDataset | TargetDataset<unknown>,
  options: object,
  { settings, isNew, io, what }: IntoLog,
): Promise<OutputLogSummary> {
  const { out, recheck, durable } = settings;
  return withProgress(
    io,
    (display) =>
      certifyToLog(g, dataset, {
        ...options,
        ...{ select: selectionOf(settings), file: out, recheck, durable, signal: io.signal },
        onProgress: (progress) => display.update(progressLine(progress), { isMinor: progress.image !== undefined }),
      }),
    () => `; ${out} is valid, and the same command with --resume goes on`,
  ).catch(async (error: unknown) => {
    const isEmpty = isNew && (await removeEmpty(out, outputLogHeader(g.task)));
    if (!isEmpty || !io.signal.aborted) throw error;
    throw new CliError(`interrupted before the first ${what} was done`, EXIT.interrupted);
  });
}

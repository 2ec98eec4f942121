import { type DatasetRunOptions, type DatasetSelection, selectField } from '../data/dataset-selection.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, parseField, type WithDefaults } from '../options/parse.ts';
import { type OwnParts, ownParts } from './row-verifier.ts';
import type { RunFigures, RunProgress } from './run-progress.ts';

/** Options of `certifyToLog` beside those of `certifyDataset`. */
export interface LogRunOptions<Told = RunProgress> {
  /** The log, in a folder that exists. A log that is there already is gone on with. */
  readonly file: string | URL;
  /**
   * Told after the earlier rows are read, after each new row is written and, in the middle of an image, twice a second at most. What it
   * throws ends the run.
   */
  readonly onProgress?: ((progress: Told) => void) | undefined;
  /**
   * Wait after each row until it is on the disk (`fdatasync`): a power failure then loses at most one row. A killed process never loses
   * a row.
   * @defaultValue false
   */
  readonly durable?: boolean | undefined;
  /**
   * Before going on with a log, certify one of its images again, the one with the least clear vote (of other outputs the one with the longest line), and refuse the log unless the row is
   * the same: the model or the images are not in the log. Turn it off to save the time of that image. Of an
   * image in whose middle the earlier run ended, a few copies are always drawn again; where they vote otherwise, the log is refused or, with
   * `false`, that image is drawn anew.
   * @defaultValue true
   */
  readonly recheck?: boolean | undefined;
  /**
   * A noise or a rule of one's own, where only the threads of `startWorkers` have it: rows that are taken over are derived again from their
   * votes.
   * @defaultValue those of `g` and of the options
   */
  readonly verifyWith?: OwnParts | undefined;
}

const logRunOptions = optionsOf<LogRunOptions>()({
  file: fields.file,
  onProgress: fields.optional(fields.callback<NonNullable<LogRunOptions['onProgress']>>('must be a function')),
  durable: fields.withDefault(fields.boolean, false),
  recheck: fields.withDefault(fields.boolean, true),
  verifyWith: fields.optional(ownParts),
});

/** The options in three parts; those of the certifier are parsed by it. @internal */
export interface ParsedRun<Options, Told = RunProgress> {
  readonly run: WithDefaults<LogRunOptions<Told>, 'onProgress' | 'verifyWith'>;
  readonly selection: DatasetSelection;
  readonly certify: Options;
}

/** Checks the options that are not the certifier's. Throws OptionError naming `call`. @internal */
export function parseRun<Options extends object, Told>(
  call: string,
  given: Options & DatasetRunOptions & LogRunOptions<Told>,
): ParsedRun<Options, Told> {
  const {
    select,
    file,
    onProgress,
    durable,
    recheck,
    verifyWith,
    ...certify
  }: DatasetRunOptions & LogRunOptions<Told> & object = (given as typeof given | undefined) ?? ({} as typeof given);
  return {
    run: logRunOptions.parse(call, { file, onProgress, durable, recheck, verifyWith } as LogRunOptions) as ParsedRun<
      Options,
      Told
    >['run'],
    selection: parseField(call, 'select', selectField, select),
    certify: certify as Options,
  };
}

/** What `certifyToLog` and `mergeLogs` return: what the log holds now. */
export interface LogSummary extends RunFigures {
  /** The log. */
  readonly file: string;
  /** Rows that were in the log before. */
  readonly resumed: number;
}

/** Names of the options that are not the certifier's. @internal */
export const RUN_NAMES: readonly string[] = ['select', ...logRunOptions.names];

/** In the middle of an image a run is told about at most so often. */
const IN_BETWEEN_MS = 500;

/** Tells of the progress of a run, after each row, and in between. @internal */
export function tellerOf<Told>(
  onProgress: ((progress: Told) => void) | undefined,
  tally: { progress(): Told },
): { readonly tell: () => void; readonly tellInBetween: () => void } {
  let told = performance.now();
  const tell = (): void => {
    told = performance.now();
    onProgress?.(tally.progress());
  };
  const tellInBetween = (): void => {
    if (performance.now() - told >= IN_BETWEEN_MS) tell();
  };
  return { tell, tellInBetween };
}

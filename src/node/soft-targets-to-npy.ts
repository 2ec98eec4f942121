import { fullSelection, selectedIndices } from '../data/dataset-selection.ts';
import { type LabelledDataset, OwnDataset } from '../data/labelled-dataset.ts';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import {
  type SoftTargetRow,
  type SoftTargetSource,
  type SoftTargetThreads,
  softTargetsFields,
  type SoftTargetsOptions,
  softTargetsOf,
} from '../recipes/soft-targets.ts';
import { pathOf } from './files.ts';
import { recordOf } from './run-record.ts';
import { SoftTargetsFile } from './soft-targets-file.ts';

/** How far a run of {@link softTargetsToNpy} is. */
export interface SoftTargetsProgress {
  /** Examples whose soft targets are in the file. */
  readonly done: number;
  /** Examples of the whole run. */
  readonly total: number;
  /** Examples that were in the file already when this run began. */
  readonly resumed: number;
  /** Expected time to the end by the mean time so far; undefined before the first example of this run. */
  readonly millisecondsLeft: number | undefined;
}

/** What {@link softTargetsToNpy} returns. */
export interface SoftTargetsSummary {
  /** The finished file. */
  readonly file: string;
  /** Examples whose soft targets are in it; the other rows are uniform. */
  readonly done: number;
  /** Examples that earlier runs had made. */
  readonly resumed: number;
}

/** Options of {@link softTargetsToNpy}: those of `softTargets`, and the file. */
export interface SoftTargetsToNpyOptions extends SoftTargetsOptions {
  /** The NPY file, in a folder that exists. An unfinished one of the same run is gone on with. */
  readonly file: string | URL;
  /** Told at the beginning and after each example. What it throws ends the run. */
  readonly onProgress?: ((progress: SoftTargetsProgress) => void) | undefined;
  /**
   * Wait after each example until its row is on the disk: a power failure then loses at most one. A killed process never loses a row.
   * @defaultValue false
   */
  readonly durable?: boolean | undefined;
  /**
   * Before going on, make one row again, the least clear one, and refuse the file unless it is the same: the model and the images are not
   * in the file. Turn it off to save the time of that row.
   * @defaultValue true
   */
  readonly recheck?: boolean | undefined;
}

const softTargetsToNpyOptions = optionsOf<SoftTargetsToNpyOptions>()({
  ...softTargetsFields,
  file: fields.file,
  onProgress: fields.optional(
    fields.callback<NonNullable<SoftTargetsToNpyOptions['onProgress']>>('must be a function'),
  ),
  durable: fields.withDefault(fields.boolean, false),
  recheck: fields.withDefault(fields.boolean, true),
});

const CALL = 'softTargetsToNpy';

/**
 * Writes the soft targets of a data set to an NPY file, and goes on where an earlier run stopped.
 *
 * The file holds [size, numClasses] float64, little endian, C order: row i the class probabilities of example i under noise, and 1 / numClasses
 * where the selection leaves example i out. It is the file that the official code writes and trains with
 * (`model_conf_0.25_train.npy`). While the run goes on, the rows are in `FILE.part`; it gets its name when it is whole. The process can be
 * killed at any moment: run the same call again, and the file becomes byte for byte that of a run without interruption.
 *
 * `FILE.json` says what the rows were made from: key, n, selection, noise, shapes, and the engine. A run with other settings is refused, and nothing that
 * exists is overwritten; a run that finds its file finished changes nothing. One process at a time can write: it holds `FILE.lock`.
 *
 * @param g - the smoothed classifier of a model trained on Gaussian noise, or threads with one each (`startWorkers`)
 * @throws OptionError for an option, a file that cannot be opened, is locked, or is there already from something else or another run
 * @throws DataError for a damaged file, and when a row cannot be written (disk full): rows before stay valid
 * @throws all that `softTargets` throws, and the abort reason of `signal`; the file can then be gone on with
 * @example
 * ```ts
 * import { softTargetsToNpy } from 'catrs/node';
 *
 * await softTargetsToNpy(g, trainingSet, { key, n: 10_000, file: 'model_conf_0.25_train.npy' });
 * ```
 * @see alinlab/smoothing-catrs, code/smooth_prediction.py
 */
export async function softTargetsToNpy(
  g: SoftTargetSource | SoftTargetThreads,
  dataset: LabelledDataset,
  options: SoftTargetsToNpyOptions,
): Promise<SoftTargetsSummary> {
  const { file, onProgress, durable, recheck, select, ...settings } = softTargetsToNpyOptions.parse(CALL, options);
  const { key, n, signal } = settings;
  const own = OwnDataset.of(CALL, dataset);
  const shape = [own.size, g.numClasses] as const;
  const indices = [...selectedIndices(own.size, select)];
  const selection = fullSelection(select);
  const max = Math.min(selection.max, own.size);
  const record = recordOf(g, { key, n, ...selection, max, shape, inputShape: own.shape });
  const made = (some: Iterable<number>): AsyncGenerator<SoftTargetRow, void, undefined> =>
    softTargetsOf(CALL, g, own, { ...settings, indices: some });

  const path = pathOf(CALL, file);
  const rows = await SoftTargetsFile.open({ call: CALL, path, record, shape });
  try {
    const { done: resumed, leastClear } = await rows.check(indices, signal);
    if (recheck && leastClear) await recheckRow(leastClear, made, rows.current);
    await rows.begin();
    const begun = performance.now();
    const tell = (done: number): void => {
      const perRow = (performance.now() - begun) / (done - resumed);
      const millisecondsLeft = done === resumed ? undefined : perRow * (indices.length - done);
      onProgress?.({ done, total: indices.length, resumed, millisecondsLeft });
    };
    let done = resumed;
    tell(done);
    for await (const row of made(indices.slice(resumed))) {
      await rows.append(row);
      if (durable) await rows.sync();
      tell(++done);
    }
    await rows.finish();
    return { file: path, done, resumed };
  } finally {
    await rows.close();
  }
}

/** Makes a row again and throws OptionError unless it is the same. */
async function recheckRow(
  earlier: Pick<SoftTargetRow, 'index' | 'probabilities'>,
  made: (indices: Iterable<number>) => AsyncIterable<SoftTargetRow>,
  path: string,
): Promise<void> {
  for await (const { index, probabilities } of made([earlier.index])) {
    if (probabilities.every((value, c) => value === earlier.probabilities[c])) continue;
    const got = `${path} where row ${index} now comes out differently`;
    const way = 'take another file; to go on all the same set `recheck: false`';
    const details = { call: CALL, field: 'file', value: path, got, way };
    throw refusal(OptionError, details, 'must be soft targets of this model, these images and this backend');
  }
}

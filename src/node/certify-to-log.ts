import { realpath } from 'node:fs/promises';
import type { CertificationRule } from '../certify/rule.ts';
import { type DatasetRunOptions, selectedIndices } from '../data/dataset-selection.ts';
import { type LabelledDataset, OwnDataset } from '../data/labelled-dataset.ts';
import type { TargetDataset } from '../data/target-dataset.ts';
import { OptionError, refusal } from '../errors.ts';
import { type FullForm, fullHeader, fullRowText } from '../evaluate/certification-log.ts';
import { type CertifiedRow, certifyIndices, isOutputCertifier } from '../evaluate/certify-dataset.ts';
import type { Noise } from '../noise/types.ts';
import type { KeptSamples } from '../smoothed/earlier-samples.ts';
import { isOfInferenceForm } from '../smoothed/form-assumption.ts';
import type { OutputCertifier, OutputRecord } from '../smoothed/outputs/types.ts';
import type { Certifier } from '../smoothed/types.ts';
import type { Key } from '../types.ts';
import {
  checkEarlierRows,
  checkEngine,
  checkSettings,
  recheckRow,
  type RunSettings,
  statedSettings,
} from './earlier-rows.ts';
import { checkJournal, RunSamples } from './kept-samples.ts';
import { formOf, type LogContent, LogFile, readRows } from './log-file.ts';
import { pathOf } from './files.ts';
import { type LogRunOptions, type LogSummary, parseRun, RUN_NAMES, tellerOf } from './log-run.ts';
import type { OutputProgress } from './output-progress.ts';
import { type OutputLogSummary, outputsToLog } from './outputs-to-log.ts';
import { RunTally } from './run-progress.ts';
import { type KnownParts, type OwnParts, rowVerifier } from './row-verifier.ts';
import { journalOf, SampleJournal } from './sample-journal.ts';
import { SamplesUnderWay } from './samples-under-way.ts';

const CALL = 'certifyToLog';

/** Certifies a data set for other outputs than one label into a log. */
export async function certifyToLog<Options extends object, C extends OutputRecord>(
  g: OutputCertifier<Options, C>,
  dataset: TargetDataset<unknown> | LabelledDataset,
  options: Options & DatasetRunOptions & LogRunOptions<OutputProgress>,
): Promise<OutputLogSummary>;
/**
 * Certifies a data set into a log on disk, one row for each image in the order of `certifyDataset`, and goes on where an earlier run
 * stopped.
 *
 * A row is written as soon as it and all before it are certain. The process can be killed at any moment: run the same call again, and
 * the file becomes byte for byte that of a run without interruption, but for the `time` column and for rules with a deadline. The votes of
 * images that have no row yet are in a journal, `FILE.partial`, which is written every two seconds, at an abort and at an error, and removed at
 * the end: a killed run loses the votes of two seconds, an aborted one those of the batches under way. A line
 * that was not written to its end is cut off; all others are checked before anything is changed: their form, the sequence of the
 * images, key, settings, engine and labels, and each certificate is derived again from its votes. One process at a time can write to a log: it holds the lock `file.lock`, which is taken over if
 * that process has ended.
 *
 * Each row says what ran the classifier (`engine`), since engines round differently: each computes a function of its own. So a log is gone on with on
 * the engine and the version that it was begun on, and no certificate mixes two. Logs of catrs 0.5 and before do not say it; they are gone on with
 * as they are, without that column.
 *
 * Of an `OutputCertifier` (one with a `task`) the log is one of JSON lines, which `parseOutputLog` reads, and targets stand in the place of labels. All
 * else is the same, but that there is no journal: a run that is stopped in the middle of an example draws that example anew.
 *
 * @param g - a `SmoothedClassifier`, `SoftSmoothedClassifier` or `DerandomizedClassifier`, or an `OutputCertifier`, whose options it takes, or the
 * workers of `startWorkers`
 * @param options - those of `certifyDataset` (with `select`), and {@link LogRunOptions}
 * @throws OptionError for an option, a file that cannot be opened, a lock that another run holds, a log with other settings or of another engine
 * @throws DataError for a file that is not a whole log of this run, and when a row cannot be written (disk full): rows before stay valid
 * @throws all that `certifyDataset` throws, and the abort reason of `signal`; the log can then be gone on with
 * @example
 * ```ts
 * const options = { key, n: 10_000, file: 'runs/digits.tsv' };
 * const { accuracy } = await certifyToLog(g, testSet, { ...options, onProgress: (p) => console.log(progressLine(p)) });
 * ```
 */
export async function certifyToLog<Options extends object>(
  g: Certifier<Options>,
  dataset: LabelledDataset,
  options: Options & DatasetRunOptions & LogRunOptions,
): Promise<LogSummary>;
export async function certifyToLog<Options extends object>(
  g: Certifier<Options> | OutputCertifier<Options>,
  dataset: LabelledDataset | TargetDataset<unknown>,
  options: Options & DatasetRunOptions & LogRunOptions<never>,
): Promise<LogSummary | OutputLogSummary> {
  // The signatures say what is told to whom.
  if (isOutputCertifier(g)) return outputsToLog(CALL, g, dataset, options as never);
  return classesToLog(g, dataset as LabelledDataset, options as never);
}

async function classesToLog<Options extends object>(
  g: Certifier<Options>,
  dataset: LabelledDataset,
  options: Options & DatasetRunOptions & LogRunOptions,
): Promise<LogSummary> {
  const { run, selection, certify } = parseRun(CALL, options);
  const own = OwnDataset.of(CALL, dataset);
  const { key, signal } = certify as { readonly key?: Key; readonly signal?: AbortSignal };
  let inferenceForm: boolean | undefined;
  const certified = (
    some: Iterable<number>,
    keptOf?: (index: number) => KeptSamples,
  ): AsyncGenerator<CertifiedRow, void, undefined> =>
    certifyIndices(g, own, some, certify, { call: CALL, known: RUN_NAMES, keptOf, inferenceForm });

  // The options are checked before a file is touched: by workers, on the way to the first row.
  const check = certified([]);
  if (!signal?.aborted) await check.next();

  const path = pathOf(CALL, run.file);
  const indices = [...selectedIndices(own.size, selection)];
  const settings = statedSettings(g, own.shape, certify);

  const log = await LogFile.open({ call: CALL, path, durable: run.durable });
  let begun: SampleJournal | undefined;
  try {
    const journal = await SampleJournal.open({
      call: CALL,
      path: journalOf(await realpath(path)),
      durable: run.durable,
    });
    const earlier = readRows(log.content, { call: CALL, field: 'file', path });
    const faultsOf = rowVerifier(knownParts(g, settings, certify, run.verifyWith));
    const form = formFor(log.content, certify as { readonly keepVotes?: number }, path);
    const engine = { name: g.engine, isLogged: form !== 'version 0.5' };
    await checkEarlierRows(earlier, {
      call: CALL,
      path,
      indices,
      key,
      settings,
      engine,
      faultsOf,
      dataset: own,
      signal,
    });
    const [first] = earlier;
    const before = { engine: g.engine, numClasses: g.numClasses, first: first?.certificate };
    checkJournal(journal, { call: CALL, key, settings, ...before });
    const [[, begunRecord] = []] = journal.records();
    const begunBefore = first?.certificate ?? begunRecord;
    // A log in which the models themselves voted, as before release 0.6, goes on with them.
    if (begunBefore && !isOfInferenceForm(begunBefore.assumptions)) inferenceForm = false;
    const left = indices.slice(earlier.length);
    journal.keepOnly(left);
    begun = journal;

    const { workers } = g as { readonly workers?: number };
    const underWay = new SamplesUnderWay();
    const tally = new RunTally(indices.length, earlier, workers, underWay);
    const { tell, tellInBetween } = tellerOf(run.onProgress, tally);
    const kept = { journal, engine: engine.name, underWay };
    const samples = new RunSamples({ call: CALL, ...kept, recheck: run.recheck, tell: tellInBetween });
    if (run.recheck) await recheckRow(earlier, (some) => certified(some, samples.comparedOf), { call: CALL, path });
    underWay.endComparison();
    await log.cutTail();
    if (log.content.lines.length === 0) await log.append(fullHeader(form));

    tell();
    for await (const row of certified(left, samples.keptOf)) {
      if (first) checkSettings(first, { call: CALL, at: `${path}, line 2,`, settings: row.certificate });
      checkEngine(engine.name, row.engine, { call: CALL, at: `${path}, of this run,` }); // the host may set another backend
      await log.append(fullRowText(CALL, row, form));
      journal.forget(row.index);
      tally.add(row);
      tell();
    }
    journal.close();
    return { file: path, resumed: earlier.length, ...tally.figures() };
  } catch (error) {
    closeQuietly(begun);
    throw error;
  } finally {
    await log.close();
  }
}

/** The form of the log: with a column of votes where the run keeps them. */
function formFor(content: LogContent, { keepVotes = 0 }: { readonly keepVotes?: number }, path: string): FullForm {
  if (content.lines.length === 0) return keepVotes > 0 ? 'full with votes' : 'full';
  const form = formOf(content);
  if ((form === 'full with votes') === keepVotes > 0) return form;
  const got = `${keepVotes} where ${path} has ${form === 'full with votes' ? 'votes' : 'none'}`;
  const details = { call: CALL, field: 'keepVotes', value: keepVotes, got, way: 'take another file' };
  throw refusal(OptionError, details, 'must be as in the run that began the log');
}

/** Leaves in the journal what was drawn before an error, which is the one to be told, even where the disk is full now. */
function closeQuietly(journal: SampleJournal | undefined): void {
  try {
    journal?.close();
  } catch {
    // The next run goes on from what was written before.
  }
}

/** What the run knows about its rows; a certifier of other threads has but the record of its noise. */
function knownParts(
  g: object,
  { dimension }: RunSettings,
  options: object,
  { noise, rule }: OwnParts = {},
): KnownParts {
  const parts = g as { readonly noise?: Partial<Noise>; readonly numClasses?: number };
  const ownNoise = noise ?? (typeof parts.noise?.radius === 'function' ? (parts.noise as Noise) : undefined);
  const ownRule = rule ?? (options as { readonly rule?: CertificationRule }).rule;
  return { noise: ownNoise, rule: ownRule, dimension, numClasses: parts.numClasses };
}

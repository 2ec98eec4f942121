import type { OutputLog } from '../../evaluate/output-log.ts';
import { outputSettings } from '../../node/earlier-outputs.ts';
import { outputVerifier } from '../../node/row-verifier.ts';
import { readRecord, type RobustSetsRecord } from '../../smoothed/conformal/robust-sets-record.ts';
import type { OutputRecord } from '../../smoothed/outputs/types.ts';
import { verifyCommand, type VerifySettings } from '../commands/verify.ts';
import { CliError, type CliIo, EXIT, printJson } from '../io.ts';
import { inFile } from '../read-data-file.ts';
import { failureText, imagesText, type LogRun, logRun, type RowFaults, withFaults } from '../log-run.ts';
import { truthOptions } from '../truth-options.ts';
import { calibrationRange } from './calibrated-sets.ts';
import { refuseOtherTasks } from './check-task-options.ts';
import { type DrawnOutputs, redrawnTask, redrawOutputs, taskOf } from './redraw-outputs.ts';
import { readSetsRecord } from './sets-file.ts';
import { outputOptions } from './task-options.ts';
import { inTask } from './task-words.ts';

/** A log of outputs, and where it is. */
interface LogToVerify extends OutputLog {
  readonly file: string;
}

/** Throws CliError for an option of other outputs where a log is of classes. @internal */
export function refuseOutputOptions(settings: VerifySettings, file: string): void {
  const given = settings as Readonly<Record<string, unknown>>;
  const stranger = Object.keys({ ...outputOptions, ...truthOptions }).find((name) => given[name] !== undefined);
  if (stranger === undefined) return;
  const flag = verifyCommand.wordsFor(stranger) ?? stranger;
  throw new CliError(`${flag} is for logs of other outputs than classes, got ${file} of classes (leave it out)`);
}

/** Checks the certificates of a log of outputs; one that does not hold ends with exit code 1. @internal */
export async function verifyOutputs(
  settings: VerifySettings,
  io: CliIo,
  { file, task, rows }: LogToVerify,
): Promise<void> {
  const [first, ...others] = rows;
  if (first === undefined) throw new CliError(`${file}: must have at least one row, got none`);
  const run = logRun<OutputRecord>([first, ...others], settings.seed, outputSettings);
  if (settings.model !== undefined) redrawnTask(run.certificate, file);
  refuseOtherTasks(settings, taskOf(run.certificate), file);
  refuseUnused(settings);
  const { model, data } = settings;
  const drawn =
    model === undefined || data === undefined
      ? undefined
      : await inTask(taskOf(run.certificate), () => redrawOutputs(rows, run, { ...settings, model, data, file }, io));
  const sets = drawn === undefined ? await givenSets(settings) : drawn.sets;
  const faultsOf = outputVerifier({ dimension: drawn?.dimension, sets });
  const derived = rows.flatMap((row) => withFaults(row, faultsOf(row.certificate)));
  const found = { run, rows: rows.length, drawn, sets, wrong: [...run.faults, ...derived, ...(drawn?.wrong ?? [])] };
  if (settings.json) {
    const { first: from, last, step } = run.images;
    const images = { first: from, last, step };
    const made = { settings: outputSettings(run.certificate), images, seed: run.seed };
    const checked = { rows: rows.length, redrawn: drawn?.count ?? 0, calibration: settings.calibration };
    printJson(io, { file, task, ...checked, ...made, wrong: found.wrong });
  } else io.stdout(text(file, found, settings));
  const message = failureText(found);
  if (message !== undefined) throw new CliError(`${file}: ${message}`, EXIT.failed);
}

/** Throws CliError for an option that has no use here, or none without the model. */
function refuseUnused(settings: VerifySettings): void {
  const { sets, model } = settings;
  if (sets !== undefined) {
    throw new CliError(`--sets is for certify, which writes the file, got ${sets} (--calibration ${sets} reads it)`);
  }
  if (model !== undefined) return;
  const given = settings as Readonly<Record<string, unknown>>;
  const names = [...Object.keys({ ...outputOptions, ...truthOptions }), 'target', 'features'].filter(
    (name) => name !== 'calibration',
  );
  const unused = names.find((name) => given[name] !== undefined);
  if (unused === undefined) return;
  const flag = verifyCommand.wordsFor(unused) ?? unused;
  throw new CliError(`${flag} is for the model of the run, got no --model (add it, and --data)`);
}

/** The calibration in the file of `--calibration`, against which thresholds are held without a model. */
async function givenSets({ calibration }: VerifySettings): Promise<RobustSetsRecord | undefined> {
  if (calibration === undefined) return undefined;
  if (calibrationRange(calibration) === undefined) {
    const record = await readSetsRecord(calibration);
    await inFile(calibration, () => void readRecord('catrs', record, undefined));
    return record;
  }
  const way = 'add them, or give the file of --sets';
  throw new CliError(`--calibration must be a file without --model and --data, got inputs ${calibration} (${way})`);
}

/** What was checked, and what was found. */
interface Found {
  readonly run: LogRun<OutputRecord>;
  readonly rows: number;
  readonly drawn: DrawnOutputs | undefined;
  readonly sets: RobustSetsRecord | undefined;
  readonly wrong: readonly RowFaults[];
}

function text(file: string, { run, rows, drawn, sets, wrong }: Found, { calibration }: VerifySettings): string {
  const { certificate, images, seed } = run;
  const lines = wrong.flatMap(({ index, faults }) => faults.map((fault) => `input ${index}: ${fault}`));
  const isSecret = 'secret' in certificate && certificate.secret === true;
  const calibrated = sets === undefined ? '' : `, their threshold from the scores of --calibration ${calibration}`;
  const keys = isSecret ? 'none drawn again: their keys are secret, and not in the log' : undefined;
  const redrawn = drawn && `, ${keys ?? `${drawn.count} drawn again from their keys`}`;
  const whole = `${file}: all of ${rows} certificates follow from their evidence${calibrated}${redrawn ?? ''}`;
  const { task, noise } = certificate;
  const others = Object.entries(outputSettings(certificate)).filter(
    ([name, value]) => !['task', 'noise', 'assumptions'].includes(name) && value !== null && value !== undefined,
  );
  const shown = others.map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const parameters = Object.entries(noise.parameters).map(([name, value]) => ` ${name} ${String(value)}`);
  const about = [
    `  ${task}, ${noise.name}${parameters.join(',')}`,
    `  ${shown.join(', ')}`,
    `  ${rows} rows: ${imagesText(images)}, ${isSecret ? 'secret keys' : keysText(certificate, seed)}`,
  ];
  return [...lines, ...(wrong.length === 0 ? [whole] : []), ...about].map((line) => `${line}\n`).join('');
}

function keysText({ key }: OutputRecord, seed: number | undefined): string {
  if (key === null) return 'no keys';
  return seed === undefined ? 'keys of an unknown seed' : `keys of seed ${seed}`;
}

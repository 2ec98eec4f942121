import { isDeepStrictEqual } from 'node:util';
import { OptionError } from '../../errors.ts';
import type { OutputRow } from '../../evaluate/output-rows.ts';
import type { Noise } from '../../noise/types.ts';
import type { RobustSetsRecord } from '../../smoothed/conformal/robust-sets-record.ts';
import type { ConformalCertificate } from '../../smoothed/conformal/set-certificate.ts';
import type { ReproducibleCertifier } from '../../smoothed/outputs/reproduce-output.ts';
import type { OutputCertifier, OutputRecord } from '../../smoothed/outputs/types.ts';
import { reproduceCertificate } from '../../smoothed/reproduce-certificate.ts';
import { tensorOver } from '../../tensors/own-tensor.ts';
import type { VerifySettings } from '../commands/verify.ts';
import { CliError, type CliIo, showProgress } from '../io.ts';
import { type LogRun, type RowFaults, withFaults } from '../log-run.ts';
import { loggedNoise, spread } from '../redraw-rows.ts';
import { type OpenedOutputs, openOutputRun } from './open-output-run.ts';
import { outputCertifier, preparedFrom } from './output-certifier.ts';
import type { OutputSettings } from './output-settings.ts';
import type { OutputTaskName } from './task-options.ts';
import { TASK_RUNS } from './task-runs.ts';

/** What is known once the data and the model are. @internal */
export interface DrawnOutputs {
  /** Rows that were drawn again. */
  readonly count: number;
  readonly dimension: number;
  /** The calibration on which they rest, made again or read. */
  readonly sets: RobustSetsRecord | undefined;
  readonly wrong: readonly RowFaults[];
}

/** The settings of a check by data and model. */
type RedrawnBy = VerifySettings & { readonly model: string; readonly data: string; readonly file: string };

/** The task of the command that makes such certificates. @internal */
export function taskOf(certificate: OutputRecord): OutputTaskName | OutputRecord['task'] {
  return 'boxes' in certificate ? 'boxes' : certificate.task;
}

/** The task by which rows are drawn again. Throws CliError for certificates that hold others, which rest on several models. @internal */
export function redrawnTask(certificate: OutputRecord, file: string): OutputTaskName {
  const task = taskOf(certificate);
  if (Object.hasOwn(TASK_RUNS, task)) return task as OutputTaskName;
  const way = 'leave --model and --data out; reproduceCertificate draws them again in code';
  throw new CliError(`${file}: must be of one model, got a log of task ${task} (${way})`);
}

/** The checks that know inputs, targets and the model: rows whose keys are in the log are drawn again. @internal */
export async function redrawOutputs(
  rows: readonly OutputRow[],
  { certificate, seed }: LogRun<OutputRecord>,
  settings: RedrawnBy,
  io: CliIo,
): Promise<DrawnOutputs> {
  const { file, backend = 'auto', batchSize } = settings;
  const task = redrawnTask(certificate, file);
  const engines = [...new Set(rows.map(({ engine }) => engine))];
  const earlier = engines.length > 1 ? undefined : { file, engine: engines[0], allowsOther: true };
  const shared = { noise: 'gaussian', wrap: true, workers: 1, recheck: true, seed: undefined } as const;
  const own: OutputSettings = {
    ...TASK_RUNS[task].recorded(certificate as never),
    ...settings,
    ...shared,
    backend,
    task,
  };
  await using opened = await openOutputRun(own, io, { earlier, noise: loggedNoise(certificate.noise) as Noise });
  const { dataset } = opened.data;
  const dimension = dataset.shape.reduce((product, length) => product * length, 1);
  const targets = await otherTargets(rows, opened);
  const log = {
    certificate: certificate as ConformalCertificate,
    seed: seed ?? settings.seed,
    signal: io.signal,
  };
  const sets = await TASK_RUNS[task].prepareAgain?.(preparedFrom(opened, own), own, log);
  const found = { dimension, sets };
  // Of another calibration every set may be another one, which the certificates are held against by themselves.
  if (sets !== undefined && sets.digest !== log.certificate.digest) return { ...found, count: 0, wrong: targets };
  const keyed = rows.filter((row) => row.certificate.key !== null);
  const some = spread(keyed, settings.rows).filter(({ index }) => index < dataset.size);
  const g = outputCertifier(opened.opened, own, { ...opened, prepared: sets });
  const wrong: RowFaults[] = [...targets];
  if (some.length === 0) return { ...found, count: 0, wrong: targets };
  const display = showProgress(io);
  try {
    for (const [done, row] of some.entries()) {
      display.update(`${done}/${some.length} drawn again, ${wrong.length} wrong`);
      wrong.push(...withFaults(row, await faultsOf(row, g, dataset, { batchSize, signal: io.signal })));
    }
    display.update(`${some.length}/${some.length} drawn again, ${wrong.length} wrong`);
  } finally {
    display.end();
  }
  return { ...found, count: some.length, wrong };
}

/** Rows with another target than the data, and those of no input of it. */
async function otherTargets(rows: readonly OutputRow[], { data }: OpenedOutputs): Promise<RowFaults[]> {
  const { dataset } = data;
  const wrong: RowFaults[] = [];
  for (const row of rows) {
    if (row.index >= dataset.size) {
      wrong.push(...withFaults(row, [`is no input of the data, which has ${dataset.size}`]));
      continue;
    }
    const { target } = await dataset.example(row.index);
    if (!isDeepStrictEqual(target, row.target)) wrong.push(...withFaults(row, ['target is another one in the data']));
  }
  return wrong;
}

async function faultsOf(
  { index, certificate }: OutputRow,
  g: OutputCertifier<object>,
  dataset: OpenedOutputs['data']['dataset'],
  options: { readonly batchSize?: number | undefined; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const { x: values } = await dataset.example(index);
  const x = tensorOver(Float32Array.from(values), dataset.shape, 'float32');
  try {
    const again = await reproduceCertificate(
      g as OutputCertifier<object> & ReproducibleCertifier,
      x,
      certificate,
      options,
    );
    return again.differences.map((difference) => `drawn again: ${difference}`);
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof OptionError) return [`cannot be drawn again: ${error.message}`];
    throw error;
  } finally {
    x.dispose();
  }
}

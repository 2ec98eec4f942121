import { isDeepStrictEqual } from 'node:util';
import { OptionError } from '../../errors.ts';
import type { OutputLog } from '../../evaluate/output-log.ts';
import type { OutputRow } from '../../evaluate/output-rows.ts';
import { outputSettings } from '../../node/earlier-outputs.ts';
import { outputVerifier } from '../../node/row-verifier.ts';
import type { Noise } from '../../noise/types.ts';
import type { OutputCertifier, OutputRecord } from '../../smoothed/outputs/types.ts';
import type { ReproducibleCertifier } from '../../smoothed/outputs/reproduce-output.ts';
import { reproduceCertificate } from '../../smoothed/reproduce-certificate.ts';
import { tensorOver } from '../../tensors/own-tensor.ts';
import { verifyCommand, type VerifySettings } from '../commands/verify.ts';
import { CliError, type CliIo, EXIT, printJson, showProgress } from '../io.ts';
import { failureText, imagesText, type LogRun, logRun, type RowFaults, withFaults } from '../log-run.ts';
import { loggedNoise, spread } from '../redraw-rows.ts';
import { truthOptions } from '../truth-options.ts';
import { type OpenedOutputs, openOutputRun } from './open-output-run.ts';
import type { OutputSettings } from './output-settings.ts';
import { outputCertifier } from './output-certifier.ts';
import { outputOptions } from './task-options.ts';
import { TASK_RUNS } from './task-runs.ts';

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
  const { model, data } = settings;
  const drawn =
    model === undefined || data === undefined
      ? undefined
      : await withModel(rows, run, { ...settings, model, data, file }, io);
  const faultsOf = outputVerifier({ dimension: drawn?.dimension });
  const derived = rows.flatMap((row) => withFaults(row, faultsOf(row.certificate)));
  const found = { run, rows: rows.length, wrong: [...run.faults, ...derived, ...(drawn?.wrong ?? [])] };
  if (settings.json) {
    const { first: from, last, step } = run.images;
    const images = { first: from, last, step };
    const made = { settings: outputSettings(run.certificate), images, seed: run.seed };
    printJson(io, { file, task, rows: rows.length, redrawn: drawn?.count ?? 0, ...made, wrong: found.wrong });
  } else io.stdout(text(file, found, drawn?.count));
  const message = failureText(found);
  if (message !== undefined) throw new CliError(`${file}: ${message}`, EXIT.failed);
}

/** What is known once the data and the model are. */
interface Drawn {
  readonly count: number;
  readonly dimension: number;
  readonly wrong: readonly RowFaults[];
}

/** The checks that know inputs, targets and the model. */
async function withModel(
  rows: readonly OutputRow[],
  { certificate }: LogRun<OutputRecord>,
  settings: VerifySettings & { readonly model: string; readonly data: string; readonly file: string },
  io: CliIo,
): Promise<Drawn> {
  const { file, backend = 'auto', batchSize } = settings;
  const task: OutputSettings['task'] = 'boxes' in certificate ? 'boxes' : certificate.task;
  if (TASK_RUNS[task].recorded === undefined) {
    const way = 'leave --model and --data out';
    throw new CliError(
      `${file}: must be of draws that follow from keys alone, got a log of ${task}, which rests on a calibration (${way})`,
    );
  }
  const engines = [...new Set(rows.map(({ engine }) => engine))];
  const earlier = engines.length > 1 ? undefined : { file, engine: engines[0], allowsOther: true };
  const shared = { noise: 'gaussian', wrap: true, workers: 1, recheck: true, seed: undefined } as const;
  const own: OutputSettings = {
    ...TASK_RUNS[task].recorded?.(certificate as never),
    ...settings,
    ...shared,
    backend,
    task,
  };
  await using opened = await openOutputRun(own, io, { earlier, noise: loggedNoise(certificate.noise) as Noise });
  const { dataset } = opened.data;
  const dimension = dataset.shape.reduce((product, length) => product * length, 1);
  const targets = await otherTargets(rows, opened);
  const some = spread(rows, settings.rows).filter(({ index }) => index < dataset.size);
  const g = outputCertifier(opened.opened, own, opened);
  const wrong: RowFaults[] = [...targets];
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
  return { count: some.length, dimension, wrong };
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

function text(
  file: string,
  {
    run,
    rows,
    wrong,
  }: { readonly run: LogRun<OutputRecord>; readonly rows: number; readonly wrong: readonly RowFaults[] },
  redrawn: number | undefined,
): string {
  const { certificate, images, seed } = run;
  const lines = wrong.flatMap(({ index, faults }) => faults.map((fault) => `input ${index}: ${fault}`));
  const drawn = redrawn === undefined ? '' : `, ${redrawn} drawn again from their keys`;
  const end = wrong.length === 0 ? [`${file}: all of ${rows} certificates follow from their evidence${drawn}`] : [];
  const { task, noise } = certificate;
  const others = Object.entries(outputSettings(certificate)).filter(
    ([name, value]) => !['task', 'noise', 'assumptions'].includes(name) && value !== null,
  );
  const shown = others.map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const parameters = Object.entries(noise.parameters).map(([name, value]) => ` ${name} ${String(value)}`);
  const keys =
    certificate.key === null ? 'no keys' : seed === undefined ? 'keys of an unknown seed' : `keys of seed ${seed}`;
  const about = [
    `  ${task}, ${noise.name}${parameters.join(',')}`,
    `  ${shown.join(', ')}`,
    `  ${rows} rows: ${imagesText(images)}, ${keys}`,
  ];
  return [...lines, ...end, ...about].map((line) => `${line}\n`).join('');
}

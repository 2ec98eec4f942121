import { chosenRule } from '../certify/chosen-rule.ts';
import type { CertifiedRow } from '../evaluate/certify-dataset.ts';
import { rowVerifier } from '../node/row-verifier.ts';
import { isOfOneSample } from '../smoothed/certify-one-sample.ts';
import { CliError, type CliIo, EXIT, printJson } from './io.ts';
import { verifyCommand, type VerifySettings } from './commands/verify.ts';
import { openRun, type RunSettings } from './open-run.ts';
import { failureText, type LogRun, logRun, type RowFaults, runText, settingsOfClasses, withFaults } from './log-run.ts';
import { readLog } from './log-figures.ts';
import { refuseOutputOptions, verifyOutputs } from './outputs/verify-outputs.ts';
import { readOutputs } from './outputs/read-outputs.ts';
import { loggedNoise, otherLabels, redrawRows } from './redraw-rows.ts';

/** What came of the checks. */
interface Found {
  readonly run: LogRun;
  readonly rows: number;
  readonly redrawn?: number | undefined;
  readonly wrong: readonly RowFaults[];
}

/** Checks the certificates of a log; one that does not hold ends with exit code 1. @internal */
export async function verify(settings: VerifySettings, io: CliIo, [file = '']: readonly string[]): Promise<void> {
  const { model, data, seed, json } = settings;
  if ((model === undefined) !== (data === undefined)) {
    const [given, missing] = model === undefined ? ['--data', '--model'] : ['--model', '--data'];
    throw new CliError(`${missing} must be given with ${given} (or neither, to check the votes only)`);
  }
  if (data === undefined) refuseDataOptions(settings);
  if (model === undefined) refuseModelOptions(settings);
  const outputs = await readOutputs(file);
  if (outputs !== undefined) return verifyOutputs(settings, io, { ...outputs, file });
  refuseOutputOptions(settings, file);
  const rows = wholeRows(file, await readLog(file));
  const run = logRun(rows, seed, settingsOfClasses);
  if (seed !== undefined && isOfOneSample(run.certificate)) {
    throw new CliError(`--seed is for logs with keys, got ${file} of counts that were drawn elsewhere (leave it out)`);
  }
  const found: Found =
    model === undefined || data === undefined
      ? { run, rows: rows.length, wrong: [...run.faults, ...fromVotes(rows, {})] }
      : await withModel(rows, run, { ...settings, model, data, file }, io);
  if (json) printJson(io, { file, ...report(found) });
  else io.stdout(text(file, found));
  const message = failureText(found);
  if (message !== undefined) throw new CliError(`${file}: ${message}`, EXIT.failed);
}

/** Throws CliError for an option of data that are not given. */
function refuseDataOptions(settings: VerifySettings): void {
  for (const name of ['labels', 'xName', 'yName', 'split', 'classes', 'resize', 'crop'] as const) {
    if (settings[name] === undefined) continue;
    throw new CliError(
      `${verifyCommand.wordsFor(name) ?? name} is for the data of the run, got no --data (add it, and --model)`,
    );
  }
}

/** Throws CliError for an option of a model that is not given. */
function refuseModelOptions(settings: VerifySettings): void {
  for (const name of ['arch', 'stateDict', 'denoiser', 'layout', 'mean', 'std', 'backend'] as const) {
    if (settings[name] === undefined) continue;
    throw new CliError(
      `${verifyCommand.wordsFor(name) ?? name} is for the model of the run, got no --model (add it, and --data)`,
    );
  }
}

/** The checks that know the input and the classifier. */
async function withModel(
  rows: readonly CertifiedRow[],
  run: LogRun,
  settings: VerifySettings & Omit<RunSettings, 'backend'> & { readonly file: string },
  io: CliIo,
): Promise<Found> {
  const { smoothing, noise } = run.certificate;
  if (isOfOneSample(run.certificate)) {
    const way = 'leave --model and --data out: the certificates are derived from their counts';
    throw new CliError(
      `${settings.file}: must have keys to draw samples again, got counts that were drawn elsewhere (${way})`,
    );
  }
  if (smoothing === 'soft') {
    throw new CliError(
      `${settings.file}: must be a log of hard smoothing, got soft smoothing (leave --model and --data out)`,
    );
  }
  const { file, backend = 'auto' } = settings;
  const engines = [...new Set(rows.map(({ engine }) => engine))];
  const earlier = engines.length > 1 ? undefined : { file, engine: engines[0], allowsOther: true };
  const threshold = run.certificate.rule.parameters['threshold'] as number | undefined;
  const own = { ...settings, backend, seed: undefined, threshold };
  await using opened = await openRun(own, io, { earlier, noise: loggedNoise(noise) });
  const { dataset } = opened.data;
  const { numClasses } = opened.smoothing;
  const g = opened.smoothed();
  const dimension = dataset.shape.reduce((product, length) => product * length, 1);
  const derived = fromVotes(rows, { dimension, numClasses });
  const labels = otherLabels(rows, opened.data.labels?.numbers ?? []);
  const redrawn = await redrawRows(rows, { g, dataset }, settings, io);
  const wrong = [...run.faults, ...derived, ...labels, ...redrawn.wrong];
  return { run, rows: rows.length, redrawn: redrawn.count, wrong };
}

function wholeRows(
  file: string,
  rows: Awaited<ReturnType<typeof readLog>>,
): readonly [CertifiedRow, ...CertifiedRow[]] {
  if (rows.every((row) => row.certificate !== undefined)) return rows as [CertifiedRow, ...CertifiedRow[]];
  throw new CliError(
    `${file}: must be a log in the full format, got one without votes and keys, which cannot be checked`,
  );
}

function fromVotes(
  rows: readonly CertifiedRow[],
  known: { readonly dimension?: number; readonly numClasses?: number },
): RowFaults[] {
  const faultsOf = rowVerifier(known);
  return rows.flatMap((row) => withFaults(row, faultsOf(row.certificate)));
}

function report({ run, rows, redrawn = 0, wrong }: Found): object {
  const { smoothing, noise, norm, n0, n, alpha, checkEvery, dimension, counts } = run.certificate;
  const { first, last, step } = run.images;
  const rule = chosenRule(run.certificate.rule);
  const settings = { smoothing, noise, norm, rule, n0, n, alpha, checkEvery, dimension, numClasses: counts.length };
  return {
    rows,
    redrawn,
    settings,
    images: { first, last, step },
    seed: run.seed,
    wrong,
  };
}

function text(file: string, { run, rows, redrawn, wrong }: Found): string {
  const lines = wrong.flatMap(({ index, faults }) => faults.map((fault) => `image ${index}: ${fault}`));
  const drawn = redrawn === undefined ? '' : `, ${redrawn} drawn again from their keys`;
  const end = wrong.length === 0 ? [`${file}: all of ${rows} certificates follow from their votes${drawn}`] : [];
  return [...lines, ...end, runText(run, rows)].map((line) => `${line}\n`).join('');
}

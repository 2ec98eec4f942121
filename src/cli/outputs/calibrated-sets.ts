import { type DatasetSelection, selectedIndices } from '../../data/dataset-selection.ts';
import { calibrateRobustSets, type CalibrateRobustSetsOptions } from '../../evaluate/calibrate-robust-sets.ts';
import { createKey } from '../../random/key.ts';
import type { RobustSets } from '../../smoothed/conformal/robust-sets.ts';
import type { RobustSetsRecord } from '../../smoothed/conformal/robust-sets-record.ts';
import type { ConformalCertificate } from '../../smoothed/conformal/set-certificate.ts';
import { selectionOf } from '../common-options.ts';
import { CliError, type CliIo, note } from '../io.ts';
import { inFile } from '../read-data-file.ts';
import type { OutputSettings, PreparedFrom } from './output-settings.ts';
import { readSets, writeSets } from './sets-file.ts';

/** The calibration of `--task conformal`: of inputs of the data, or of a file; with `--sets` it is written. @internal */
export async function calibratedSets(
  from: PreparedFrom,
  settings: OutputSettings,
  io: CliIo,
): Promise<RobustSetsRecord> {
  const { radius = [], seed, sets: file, calibration = '', alpha = 0, delta, draws } = settings;
  const [only] = radius;
  if (only === undefined || radius.length > 1)
    throw new CliError(`--radius must be one number for --task conformal, got ${radius.length}`);
  const range = calibrationRange(calibration);
  if (range === undefined) refuseOfCalibration(settings);
  const sets = range
    ? await calibrated(from, settings, {
        ...{ ...optionsOf(settings), range, radius: only, seed, signal: io.signal },
        certified: selectionOf(settings),
      })
    : await readSets(calibration, from, settings);
  const chosen = sets.at({
    alpha,
    radius: only,
    delta,
    draws: draws === undefined ? undefined : { prediction: draws },
  });
  note(io, calibrationText(chosen));
  if (seed !== undefined) note(io, 'with --seed the draws are known: an evaluation, and no answers to an attacker');
  const record = chosen.toJSON();
  if (file !== undefined) await writeSets(file, record, settings.resume === true);
  return record;
}

/**
 * The calibration on which a log rests: of a file, or of inputs of the data, whose scores are drawn again, in the setting of the log.
 * @internal
 */
export async function calibratedAgain(
  from: PreparedFrom,
  settings: OutputSettings,
  { certificate, seed, signal }: CalibratedFor,
): Promise<RobustSetsRecord> {
  const { calibration } = settings;
  if (calibration === undefined) {
    const way = 'or leave --model and --data out';
    throw new CliError(
      `--calibration must be given for a log of conformal: the file of --sets, or the inputs that set the threshold (${way})`,
    );
  }
  const { alpha, radius, norm, delta, draws } = certificate;
  const range = calibrationRange(calibration);
  const many = draws && { prediction: draws.prediction, eta1: draws.eta1, eta2: draws.eta2 };
  if (range === undefined) {
    const sets = await readSets(calibration, from, settings);
    const setting = { alpha, radius, norm, delta, draws: many ?? undefined };
    return inFile(calibration, () => sets.at(setting).toJSON());
  }
  const { calibration: each, orderStatistic } = draws ?? {};
  const own = many && each !== undefined ? { ...many, calibration: each, orderStatistic } : undefined;
  return (await calibrated(from, settings, { alpha, norm, delta, draws: own, range, radius, seed, signal })).toJSON();
}

/** The log for which a calibration is made again. @internal */
export interface CalibratedFor {
  /** One of its certificates. */
  readonly certificate: ConformalCertificate;
  /** That of the run, where it had one. */
  readonly seed: number | undefined;
  readonly signal: AbortSignal;
}

/** What was calibrated, for people. */
function calibrationText({
  calibration,
  draws,
  threshold,
  index,
  alphaPrime,
}: RobustSets<ConformalCertificate>): string {
  const score = draws
    ? `a score of at most ${shown(threshold)} in ${draws.leastCount} of ${draws.prediction} draws`
    : `a score of at most ${shown(threshold)}`;
  return `${calibration} inputs of calibration: labels with ${score} are in the set (number ${index}, level ${shown(alphaPrime)})`;
}

const shown = (value: number): string => String(Number(value.toPrecision(4)));

/** First and last index of the inputs of `--calibration`; undefined for a file. @internal */
export function calibrationRange(text: string): readonly [first: number, last: number] | undefined {
  const [, first, last] = /^(?:(\d+):)?(\d+)$/.exec(text) ?? [];
  if (last === undefined) return undefined;
  return first === undefined ? [0, Number(last) - 1] : [Number(first), Number(last)];
}

/** What the options of a run say of its calibration. */
function optionsOf({
  alpha = 0,
  delta,
  draws: prediction,
  calibrationDraws: calibration = prediction,
  orderStatistic,
}: OutputSettings): Pick<CalibrateRobustSetsOptions, 'alpha' | 'delta' | 'draws'> {
  if (prediction !== undefined && calibration !== undefined)
    return { alpha, delta, draws: { calibration, prediction, orderStatistic } };
  const flag = calibration === undefined ? '--order-statistic' : '--calibration-draws';
  if (calibration === undefined && orderStatistic === undefined) return { alpha, delta };
  throw new CliError(`--draws must be given with ${flag}: how many each set has`);
}

/** Throws CliError for what a calibration in a file has settled. */
function refuseOfCalibration({ calibration, calibrationDraws, orderStatistic }: OutputSettings): void {
  const given = { '--calibration-draws': calibrationDraws, '--order-statistic': orderStatistic };
  const found = Object.entries(given).find(([, value]) => value !== undefined);
  if (found === undefined) return;
  throw new CliError(`${found[0]} is for a calibration that is made, got that of ${calibration} (leave it out)`);
}

/** What is calibrated. */
interface CalibrationPlan extends Pick<
  CalibrateRobustSetsOptions,
  'alpha' | 'delta' | 'radius' | 'norm' | 'draws' | 'signal'
> {
  readonly range: readonly [first: number, last: number];
  /** That of the run: 0 where it had none. The key of a calibration is no secret. */
  readonly seed: number | undefined;
  /** Which inputs are certified, and so must be others. */
  readonly certified?: DatasetSelection;
}

async function calibrated(
  { model, noise, numbers, output, isOfRows, data: { dataset, truthFrom } }: PreparedFrom,
  { calibration, data, score, inputRange, batchSize }: OutputSettings,
  { range: [first, last], seed = 0, certified, ...plan }: CalibrationPlan,
): Promise<RobustSets<ConformalCertificate>> {
  if (truthFrom === undefined) {
    throw new CliError(
      `${data}: must have what is true of the inputs of --calibration ${calibration}, got inputs only`,
    );
  }
  if (first > last || last >= dataset.size) {
    const must = `--calibration must be inputs of ${data}, which are 0 to ${dataset.size - 1}`;
    throw new CliError(`${must}, got ${first} to ${last}`);
  }
  if (certified) assertOthers(selectedIndices(dataset.size, certified), [first, last]);
  const asked = isOfRows ? { outputs: numbers } : { numClasses: numbers, output };
  return calibrateRobustSets(model, {
    ...{ ...asked, noise, score: (score ?? 'aps') as 'aps', inputRange, batchSize },
    ...{ data: dataset, select: { start: first, max: last - first + 1 }, key: createKey(seed) },
    ...plan,
  }) as Promise<RobustSets<ConformalCertificate>>;
}

/** Throws CliError if an input of the calibration is certified. */
function assertOthers(certified: Iterable<number>, [first, last]: readonly [number, number]): void {
  const both = [...certified].find((index) => index >= first && index <= last);
  if (both === undefined) return;
  const way = first === 0 ? `add --start ${last + 1}` : 'choose others by --start, --skip and --max';
  const must = '--calibration must take other inputs than those that are certified';
  throw new CliError(`${must}, got ${first} to ${last} with input ${both} (${way})`);
}

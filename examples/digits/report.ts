/**
 * What the comparison says: figures for machines (JSON), a table and plain sentences for people.
 */
import { averageCertifiedRadius, certifiedAccuracy } from 'catrs';
import type { PairedRadiusDifference } from 'catrs';
import type { MethodOutcome, Outcome } from './experiment.ts';
import { formatSeconds } from './progress.ts';
import { tableRadii } from './settings.ts';
import type { Settings } from './settings.ts';

/** The figures of one method. */
export interface MethodReport {
  readonly averageCertifiedRadius: number;
  /** Share of digits that are correct and certified at least to the radius, by radius with two decimals. */
  readonly certifiedAccuracy: Readonly<Record<string, number>>;
  /** Number of digits on which the certifier declined to answer. */
  readonly abstained: number;
  /** Number of certified digits. */
  readonly images: number;
  /** Further epochs of this method, after the shared pre-training. */
  readonly epochs: number;
  /** Time of the further epochs and the certificates, summed over the threads. */
  readonly seconds: number;
  readonly trainingSeconds: number;
  readonly certificationSeconds: number;
}

/** The figures of the comparison: what `--json` prints. */
export interface Report {
  readonly methods: { readonly gaussian: MethodReport; readonly catrs: MethodReport };
  /** Average certified radius of CAT-RS minus that of Gaussian training, paired by digit, with its 95 % interval. */
  readonly difference: PairedRadiusDifference;
  /** What the difference says, in words. */
  readonly conclusion: string;
  readonly backend: string;
  readonly seed: number;
  readonly settings: Settings;
  /** Time of the whole run, from the start of the program. */
  readonly seconds: number;
  readonly pretrainingSeconds: number;
  readonly softTargetSeconds: number;
  /** Where the logs and the plot are, relative to the working directory if inside it. */
  readonly files: { readonly gaussianLog: string; readonly catrsLog: string; readonly plot: string };
}

/** Puts the figures together. */
export function makeReport(outcome: Outcome, rest: Pick<Report, 'seed' | 'settings' | 'seconds' | 'files'>): Report {
  const { gaussian, catrs, difference, ...shared } = outcome;
  return {
    methods: { gaussian: methodReport(gaussian, rest.settings), catrs: methodReport(catrs, rest.settings) },
    difference,
    conclusion: conclude(difference),
    ...shared,
    ...rest,
  };
}

function methodReport({ rows, ...times }: MethodOutcome, settings: Settings): MethodReport {
  const radii = tableRadii(settings);
  const accuracies = certifiedAccuracy(rows, radii);
  return {
    averageCertifiedRadius: averageCertifiedRadius(rows),
    certifiedAccuracy: Object.fromEntries(radii.map((radius, i) => [radius.toFixed(2), accuracies[i] ?? 0])),
    abstained: rows.filter(({ abstained }) => abstained).length,
    images: rows.length,
    epochs: settings.furtherEpochs,
    seconds: times.trainingSeconds + times.certificationSeconds,
    ...times,
  };
}

function conclude({ low, high }: PairedRadiusDifference): string {
  if (low > 0) return 'CAT-RS has the larger average certified radius: the whole interval is above 0.';
  if (high < 0) return 'Gaussian training has the larger average certified radius: the whole interval is below 0.';
  return 'This run does not separate the two methods: the interval contains 0.';
}

/** The table and the sentences below it. */
export function formatReport(report: Report): string {
  const { methods, difference, settings, seed, conclusion, files } = report;
  const { images } = methods.gaussian;
  const { pretrainingEpochs, furtherEpochs, trainingDigits, n0, n, alpha } = settings;
  const epochs = furtherEpochs === 1 ? '1 further epoch' : `${furtherEpochs} further epochs`;
  return `
${formatTable(report)}

Average certified radius, CAT-RS minus Gaussian: ${signed(difference.mean)}
95 % interval: ${signed(difference.low)} to ${signed(difference.high)}, paired over the ${images} digits
${conclusion}

How they were compared: after ${pretrainingEpochs} shared epochs of Gaussian training, each method
took ${epochs} from the same weights, over the same ${trainingDigits} digits, with
the same optimizer. Both were certified on the same ${images} digits, held out from
training and from the choice of settings, with the same noise (n0 = ${n0},
n = ${n}, alpha = ${alpha}, seed ${seed}). The interval covers the choice of the digits,
not the randomness of training.

Written: ${files.gaussianLog}
         ${files.catrsLog}
         ${files.plot}
Finished in ${formatSeconds(report.seconds)} (backend ${report.backend}).
`;
}

function formatTable({ methods }: Report): string {
  const radii = Object.keys(methods.gaussian.certifiedAccuracy);
  const left = (name: string, radius: string, abstained: string): string =>
    `${name.padEnd(8)}  ${radius.padStart(7)}  ${abstained.padStart(11)}`;
  const right = (cells: readonly string[]): string => cells.map((cell) => `  ${cell.padStart(5)}`).join('');
  const line = (name: string, method: MethodReport): string =>
    left(name, method.averageCertifiedRadius.toFixed(3), `${method.abstained} of ${method.images}`) +
    right(Object.values(method.certifiedAccuracy).map((accuracy) => accuracy.toFixed(3)));
  return [
    `${left('', 'average', '')}   certified accuracy at radius`,
    left('', 'radius', 'abstained') + right(radii),
    line('Gaussian', methods.gaussian),
    line('CAT-RS', methods.catrs),
  ].join('\n');
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`;
}

import { topClass } from '../../certify/vote-counts.ts';
import type { Noise } from '../../noise/types.ts';
import * as fields from '../../options/fields.ts';
import { formOf } from '../../options/parse.ts';
import { grantedSettings } from '../certificates.ts';
import type { OutputDerivation, OutputKind } from '../outputs/output-kind.ts';
import { recordFields, taskField, wholeField } from '../outputs/record-form.ts';
import { isClassGiven, isEnough, rangeOfScore, runOf, scoreCertificate } from './score-certificate.ts';
import { areLooks, type ScoreCertifyOptions } from './score-options.ts';
import type { ScoreCertificate, ScoreEvidence, ScoreTally } from './types.ts';

const isNumbers = (v: unknown): v is readonly number[] => Array.isArray(v) && v.every(fields.isFiniteNumber);
const isFields = (v: unknown): v is Readonly<Record<string, unknown>> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);

const isTally = (v: unknown): v is ScoreTally =>
  isFields(v) && ['thresholds', 'counts', 'bounds'].every((name) => isNumbers(v[name])) && Object.keys(v).length === 3;

const evidence = fields.optional(
  fields.field<ScoreEvidence>(
    'must be { thresholds, band }, each with lists of thresholds and counts',
    (v) =>
      isFields(v) &&
      Object.keys(v).every((name) => name === 'thresholds' || name === 'band') &&
      Object.values(v).every(isTally),
  ),
);

const bounds = fields.field<readonly number[] | null>(
  'must be a list of numbers, or null',
  (v) => v === null || isNumbers(v),
);

const form = formOf<ScoreCertificate>()({
  ...recordFields,
  task: taskField('confidence'),
  label: wholeField,
  score: fields.field<ScoreCertificate['score']>(
    "must be { name, beta } with the name 'softmax' or 'margin' and beta above 0",
    (v) =>
      isFields(v) &&
      Object.keys(v).length === 2 &&
      ['softmax', 'margin'].includes(v['name'] as string) &&
      fields.isFiniteNumber(v['beta']) &&
      v['beta'] > 0,
  ),
  range: fields.finiteRange,
  radii: fields.field<readonly number[]>(
    'must be a list of one or more numbers of at least 0',
    (v) => isNumbers(v) && v.length > 0 && v.every((r) => r >= 0),
  ),
  lower: bounds,
  upper: bounds,
  bound: fields.oneOf('thresholds', 'band', 'both'),
  quantiles: fields.field<number | null>(
    'must be a whole number of at least 1, or null',
    (v) => v === null || fields.isInteger(v, 1, Number.MAX_SAFE_INTEGER),
  ),
  looks: fields.optional(fields.field<readonly number[]>('must be an ascending list of multiples of 100', areLooks)),
  enough: fields.optional(fields.finite),
  nUsed: fields.optional(fields.sampleCount),
  alphaEach: fields.openFraction,
  lowerEvidence: evidence,
  upperEvidence: evidence,
  selectionSums: fields.field<readonly number[]>(
    'must be a list of numbers of at least 0',
    (v) => isNumbers(v) && v.every((sum) => sum >= 0),
  ),
  n0: wholeField,
  n: fields.sampleCount,
  failures: wholeField,
});

/** Certificates of scores. @internal */
export const scoreKind: OutputKind<ScoreCertificate> = {
  parse: (call, certificate) => form.check(call, certificate),
  derive,
  settings: [
    'noise',
    'domain',
    'norm',
    'alpha',
    'score',
    'range',
    'radii',
    'bound',
    'quantiles',
    'looks',
    'enough',
    'alphaEach',
    'n0',
    'n',
  ],
  options: (certificate): ScoreCertifyOptions => {
    const { key, n0, n, alpha, norm, radii, bound, quantiles, score, label, looks, enough } = certificate;
    const { lowerEvidence, upperEvidence } = certificate;
    if (key === null) throw new Error('a score has a key');
    const given = (lowerEvidence ?? upperEvidence)?.thresholds?.thresholds;
    return {
      ...{ key, n0, n, alpha, norm, radii, bound, looks, enough, score: score.name },
      thresholds: quantiles ?? given,
      class: isClassGiven(certificate) ? label : undefined,
      side: lowerEvidence && upperEvidence ? 'both' : lowerEvidence ? 'lower' : 'upper',
    };
  },
};

function derive(stored: ScoreCertificate, noise: Noise): OutputDerivation<ScoreCertificate> {
  const found = [
    settingFaults(stored, noise),
    lookFaults(stored),
    ...sides.map((side) => evidenceFaults(stored, side)),
  ];
  const faults = found.flat();
  if (faults.length > 0) return { faults };
  const certificate = scoreCertificate('verifyCertificate', runOf(stored, noise, grantedSettings(stored)));
  if (drawnOf(stored) < stored.n && !isEnough(certificate))
    faults.push(`nUsed is ${stored.nUsed}, but the lower bound there is not enough to end before n = ${stored.n}`);
  return { faults, certificate };
}

const sides = ['lower', 'upper'] as const;

/** The size of the estimation sample of which the evidence is. */
const drawnOf = ({ n, nUsed }: Pick<ScoreCertificate, 'n' | 'nUsed'>): number => nUsed ?? n;

function lookFaults({ looks, enough, nUsed, n, range }: ScoreCertificate): string[] {
  const given = [looks, enough, nUsed].filter((field) => field !== undefined).length;
  if (given === 0) return [];
  if (looks === undefined || enough === undefined || nUsed === undefined)
    return ['looks, enough and nUsed are given together, or none of them'];
  const faults: string[] = [];
  if (looks.at(-1) !== n) faults.push(`looks end with ${looks.at(-1)}, but n is ${n}`);
  if (!looks.includes(nUsed)) faults.push(`nUsed is ${nUsed}, where there was no look`);
  if (!(enough > range[0] && enough <= range[1])) faults.push(`enough is ${enough}, which no mean score exceeds`);
  return faults;
}

function settingFaults(stored: ScoreCertificate, noise: Noise): string[] {
  const { norm, alpha, label, selectionSums, n0, failures, key, lowerEvidence, upperEvidence } = stored;
  const faults: string[] = [];
  const cannotFail = noise.fillCopies !== undefined;
  if (!noise.norms.includes(norm))
    faults.push(`norm is ${norm}, but ${noise.name} noise certifies only ${noise.norms.join(', ')}`);
  if (noise.shiftDown === undefined) faults.push(`noise is ${noise.name}, which shifts no probability`);
  if (alpha >= 0.5) faults.push(`alpha is ${alpha}, but it is below 1/2`);
  if (key === null) faults.push('key is null, but scores are drawn from one');
  if (!lowerEvidence && !upperEvidence) faults.push('there is evidence for neither lower nor upper bounds');
  const drawn = drawnOf(stored);
  if (failures > drawn) faults.push(`failures is ${failures}, more than n = ${drawn}`);
  if (cannotFail && failures > 0) faults.push(`failures is ${failures}, but ${noise.name} noise has none`);
  const isGiven = isClassGiven(stored);
  const sum = selectionSums.reduce((a, b) => a + b, 0);
  // The scores of a copy sum to 1.
  const isWhole = Math.abs(sum - Math.round(sum)) <= 1e-9 * n0 && sum <= n0 * (1 + 1e-9);
  if (!isWhole || (cannotFail && Math.round(sum) !== n0)) faults.push(`selectionSums sum to ${sum}, not to n0 = ${n0}`);
  if (n0 === 0 && !isGiven) faults.push('n0 is 0, but nothing else chose the class');
  if (n0 === 0 ? selectionSums.length > 0 : !(label < selectionSums.length))
    faults.push(`label is ${label}, but selectionSums have ${selectionSums.length} classes`);
  const top = topClass(selectionSums);
  if (!isGiven && label !== top) faults.push(`label is ${label}, but ${top} has the largest sum`);
  return faults;
}

function evidenceFaults(
  { score, bound, quantiles, n0, failures, ...stored }: ScoreCertificate,
  side: (typeof sides)[number],
): string[] {
  const evidence = stored[`${side}Evidence`];
  const n = drawnOf(stored);
  if (evidence === undefined) return [];
  const faults: string[] = [];
  const name = `${side}Evidence`;
  const wanted = { thresholds: bound !== 'band', band: bound !== 'thresholds' };
  for (const kind of ['thresholds', 'band'] as const) {
    const tally = evidence[kind];
    if ((tally !== undefined) !== wanted[kind])
      faults.push(`${name} ${tally ? 'has' : 'lacks'} ${kind}, but bound is ${bound}`);
    if (tally)
      faults.push(
        ...tallyFaults(`${name}.${kind}`, tally, { side, range: rangeOfScore(score.name), drawn: n - failures }),
      );
  }
  const { thresholds, band } = evidence;
  const m = thresholds?.thresholds.length ?? 0;
  if (quantiles !== null && (bound === 'band' || m > quantiles || n0 === 0))
    faults.push(`${name} has ${m} thresholds, but quantiles is ${quantiles}`);
  if (m > n) faults.push(`${name} has ${m} thresholds, more than n = ${n}`);
  // All scores lie beyond the outermost of them.
  const all = side === 'lower' ? band?.counts[0] : band?.counts.at(-1);
  if (band && (all ?? 0) !== n - failures)
    faults.push(`${name}.band has ${all ?? 0} scores, not n - failures = ${n - failures}`);
  return faults;
}

function tallyFaults(
  name: string,
  { thresholds, counts }: ScoreTally,
  {
    side,
    range: [a, b],
    drawn,
  }: { readonly side: 'lower' | 'upper'; readonly range: readonly [number, number]; readonly drawn: number },
): string[] {
  const faults: string[] = [];
  if (thresholds.length !== counts.length)
    faults.push(`${name} has ${thresholds.length} thresholds and ${counts.length} counts`);
  if (!fields.isAscending(thresholds) || thresholds.some((t) => !(t >= a && t <= b)))
    faults.push(`${name} has thresholds that do not ascend within [${a}, ${b}]`);
  const ordered = side === 'lower' ? counts : [...counts].reverse();
  if (!ordered.every((k, j) => fields.isInteger(k, 0, ordered[j - 1] ?? drawn)))
    faults.push(`${name} has counts that ${drawn} scores cannot have`);
  return faults;
}

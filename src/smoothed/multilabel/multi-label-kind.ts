import type { Noise } from '../../noise/types.ts';
import * as fields from '../../options/fields.ts';
import { formOf } from '../../options/parse.ts';
import { grantedSettings } from '../certificates.ts';
import type { OutputDerivation, OutputKind } from '../outputs/output-kind.ts';
import { recordFields, taskField, wholeField, wholesField } from '../outputs/record-form.ts';
import { areTargetsGiven, mostVoted, multiLabelCertificate } from './multi-label-certificate.ts';
import type { MultiLabelCertifyOptions } from './multi-label-options.ts';
import type { LabelRadius, LabelSetRule, MultiLabelCertificate } from './types.ts';

const isFields = (v: unknown): v is Readonly<Record<string, unknown>> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);
const isWhole = (v: unknown): boolean => fields.isInteger(v, 0, Number.MAX_SAFE_INTEGER);
const isShare = (v: unknown): boolean => fields.isFiniteNumber(v) && v >= 0 && v <= 1;

const entry: Readonly<Record<keyof LabelRadius, (v: unknown) => boolean>> = {
  label: isWhole,
  count: isWhole,
  lower: isShare,
  kthCount: isWhole,
  upper: isShare,
  radius: (v) => fields.isFiniteNumber(v) && v >= 0,
  abstained: (v) => typeof v === 'boolean',
};

const isEntry = (v: unknown): boolean =>
  isFields(v) &&
  Object.keys(v).every((name) => Object.hasOwn(entry, name)) &&
  Object.entries(entry).every(([name, holds]) => holds(v[name]));

function isSetRule(v: unknown): boolean {
  if (!isFields(v) || Object.keys(v).length !== 1) return false;
  const { labelsPerPass, threshold } = v;
  if (labelsPerPass !== undefined) return isWhole(labelsPerPass) && labelsPerPass !== 0;
  return fields.isFiniteNumber(threshold) || (Array.isArray(threshold) && threshold.every(fields.isFiniteNumber));
}

const form = formOf<MultiLabelCertificate>()({
  ...recordFields,
  task: taskField('multilabel'),
  numLabels: fields.classCount,
  sets: fields.field<LabelSetRule>('must be { labelsPerPass } or { threshold }', isSetRule),
  k: fields.positiveInteger,
  targets: fields.field<readonly LabelRadius[]>(
    'must be a list of one or more { label, count, lower, kthCount, upper, radius, abstained }',
    (v) => Array.isArray(v) && v.length > 0 && v.every(isEntry),
  ),
  counts: wholesField,
  countsSelection: wholesField,
  n0: wholeField,
  n: fields.sampleCount,
  failures: wholeField,
});

/** Certificates of sets of labels. @internal */
export const multiLabelKind: OutputKind<MultiLabelCertificate> = {
  parse: (call, certificate) => form.check(call, certificate),
  derive,
  settings: ['noise', 'domain', 'norm', 'alpha', 'numLabels', 'sets', 'k', 'n0', 'n'],
  options: (certificate): MultiLabelCertifyOptions => {
    const { key, n0, n, alpha, norm, k, targets } = certificate;
    if (key === null) throw new Error('labels have a key');
    const labels = targets.map(({ label }) => label);
    return { key, n0, n, alpha, norm, k, targets: areTargetsGiven(certificate) ? labels : labels.length };
  },
};

function derive(stored: MultiLabelCertificate, noise: Noise): OutputDerivation<MultiLabelCertificate> {
  const faults = faultsOf(stored, noise);
  if (faults.length > 0) return { faults };
  const targets = stored.targets.map(({ label }) => label);
  const given = { ...grantedSettings(stored), areGiven: areTargetsGiven(stored) };
  const certificate = multiLabelCertificate({ ...stored, ...given, noise, targets });
  return { faults, certificate, radius: Math.min(...certificate.targets.map(({ radius }) => radius)) };
}

/** What cannot be true together, whatever the model. */
function faultsOf(stored: MultiLabelCertificate, noise: Noise): string[] {
  const { norm, alpha, key, numLabels, sets, k, counts, countsSelection, n0, n, failures } = stored;
  const faults: string[] = [];
  const labels = stored.targets.map(({ label }) => label);
  const cannotFail = noise.fillCopies !== undefined;
  if (!noise.norms.includes(norm))
    faults.push(`norm is ${norm}, but ${noise.name} noise certifies only ${noise.norms.join(', ')}`);
  if (noise.shiftDown === undefined && noise.radiusBetween === undefined)
    faults.push(`noise is ${noise.name}, which shifts no probability`);
  if (alpha >= 0.5) faults.push(`alpha is ${alpha}, but it is below 1/2`);
  if (key === null) faults.push('key is null, but labels are drawn from one');
  if (k >= numLabels) faults.push(`k is ${k}, but there are ${numLabels} labels`);
  if (labels.some((label) => label >= numLabels) || new Set(labels).size !== labels.length)
    faults.push(`targets are ${labels.join(', ')}, but they are labels below ${numLabels}, each once`);
  if (failures > n || (cannotFail && failures > 0)) faults.push(`failures is ${failures} of n = ${n}`);
  if (counts.length !== numLabels) faults.push(`counts have ${counts.length} labels, not ${numLabels}`);
  if (n0 === 0 ? countsSelection.length > 0 : countsSelection.length !== numLabels)
    faults.push(`countsSelection have ${countsSelection.length} labels, not ${numLabels}`);
  faults.push(...setFaults('counts', counts, sets, { drawn: n - failures, isExact: true }));
  faults.push(...setFaults('countsSelection', countsSelection, sets, { drawn: n0, isExact: cannotFail }));
  if (areTargetsGiven(stored)) return faults;
  const chosen = mostVoted(countsSelection, labels.length);
  if (n0 === 0) faults.push('n0 is 0, but nothing else chose the targets');
  else if (chosen.join() !== labels.join())
    faults.push(`targets are ${labels.join(', ')}, but the selection sample chose ${chosen.join(', ')}`);
  return faults;
}

/** What is wrong with counts of so many passes. */
function setFaults(
  name: string,
  counts: readonly number[],
  sets: LabelSetRule,
  { drawn, isExact }: { readonly drawn: number; readonly isExact: boolean },
): string[] {
  const most = Math.max(0, ...counts);
  const faults = most > drawn ? [`${name} hold ${most} passes for one label, but there are ${drawn}`] : [];
  if (!('labelsPerPass' in sets)) {
    const { threshold } = sets;
    const isOther = typeof threshold === 'object' && counts.length > 0 && threshold.length !== counts.length;
    return isOther
      ? [...faults, `${name} have ${counts.length} labels, but there are ${threshold.length} thresholds`]
      : faults;
  }
  const sum = counts.reduce((a, b) => a + b, 0);
  const wanted = sets.labelsPerPass * drawn;
  const isPossible = isExact ? sum === wanted : sum <= wanted && sum % sets.labelsPerPass === 0;
  if (!isPossible)
    faults.push(`${name} sum to ${sum}, but ${drawn} passes of ${sets.labelsPerPass} labels to ${wanted}`);
  if (counts.length > 0 && sets.labelsPerPass >= counts.length)
    faults.push(`labelsPerPass is ${sets.labelsPerPass}, but there are ${counts.length} labels`);
  return faults;
}

import { OptionError, refusal } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import * as fields from '../../options/fields.ts';
import { formOf, parseField } from '../../options/parse.ts';
import { grantedSettings } from '../certificates.ts';
import type { OutputDerivation, OutputKind } from '../outputs/output-kind.ts';
import { recordFields, taskField } from '../outputs/record-form.ts';
import type { OutputRecord } from '../outputs/types.ts';
import {
  type CenterBound,
  centerCertificate,
  type CenterCertificate,
  centerSearch,
  type CenterSearch,
} from './center-certificate.ts';
import { candidatesField, deltaField } from './center-statistics.ts';

const isList = (value: unknown, holds: (entry: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(holds);
const isOrNull = (holds: (value: unknown) => boolean) => (value: unknown) => value === null || holds(value);
const isDistance = (value: unknown): boolean => fields.isFiniteNumber(value) && value >= 0;
const isCount = (value: unknown): boolean => fields.isInteger(value, 0, fields.MAX_SAMPLES);
const isFloat32 = (value: unknown): boolean => fields.isFiniteNumber(value) && Math.fround(value) === value;

const count = fields.field<number>(`must be an integer from 0 to ${fields.MAX_SAMPLES} (2^30)`, isCount);
const index = fields.field<number | null>(
  'must be an index or null',
  isOrNull((v) => isCount(v)),
);
const length = fields.field<number | null>('must be a number of at least 0, or null', isOrNull(isDistance));

/** The fields that a certificate follows from; all others are held against what follows. */
const certificateForm = formOf<
  OutputRecord &
    Pick<
      CenterCertificate,
      'task' | 'center' | 'shape' | 'metric' | 'delta' | 'n' | 'nUsed' | 'missing' | 'stopAt' | 'checkEvery'
    >
>()({
  ...recordFields,
  task: taskField('center'),
  alpha: fields.certifyAlpha,
  center: fields.field<readonly number[] | null>(
    'must be a list of float32 numbers, or null',
    isOrNull((v) => isList(v, isFloat32)),
  ),
  shape: fields.field<readonly number[]>('must be the shape of an output', (v) =>
    isList(v, (side) => fields.isInteger(side, 1, Number.MAX_SAFE_INTEGER)),
  ),
  metric: fields.text,
  delta: deltaField,
  n: fields.sampleCount,
  nUsed: count,
  missing: count,
  stopAt: length,
  checkEvery: fields.positiveInteger,
});

const boundForm = formOf<Pick<CenterBound, 'radius' | 'coveringRadius'>>()({
  radius: fields.nonNegative,
  coveringRadius: length,
});

const searchForm = formOf<
  Pick<CenterSearch, 'candidates' | 'n' | 'check' | 'alpha' | 'centerIndex' | 'ballRadius' | 'inside' | 'undrawn'>
>()({
  candidates: candidatesField,
  n: fields.sampleCount,
  check: fields.sampleCount,
  alpha: fields.openFraction,
  centerIndex: index,
  ballRadius: length,
  inside: count,
  undrawn: fields.field<CenterSearch['undrawn']>(
    'must be the numbers of { candidates, samples } that could not be drawn',
    (v) =>
      fields.hasMethods(v, []) &&
      ['candidates', 'samples'].every((name) => isCount((v as Record<string, unknown>)[name])),
  ),
});

function parse(call: string, certificate: CenterCertificate): void {
  certificateForm.check(call, certificate);
  const { bounds, prediction } = certificate as Pick<CenterCertificate, 'bounds' | 'prediction'>;
  const isOfObjects = fields.field<typeof bounds>(
    'must be a list of bounds, at least one',
    (v) => isList(v, (entry) => fields.hasMethods(entry, [])) && (v as unknown[]).length > 0,
  );
  for (const bound of parseField(call, 'bounds', isOfObjects, bounds)) boundForm.check(call, bound);
  if (prediction === null) return;
  if (!fields.hasMethods(prediction, [])) {
    throw refusal(OptionError, { call, field: 'prediction', value: prediction }, 'must be a search or null');
  }
  searchForm.check(call, prediction);
}

function derive(certificate: CenterCertificate, noise: Noise): OutputDerivation {
  const { bounds, prediction, delta, center } = certificate;
  const found = prediction && centerSearch({ ...prediction, delta });
  const evidence = {
    ...certificate,
    ...grantedSettings(certificate),
    radii: bounds.map(({ radius }) => radius),
    coveringRadii: bounds.map(({ coveringRadius }) => coveringRadius),
    prediction: found,
  };
  const derived = centerCertificate(evidence, noise);
  const faults = [...drawFaults(certificate, derived), ...(found === null ? [] : searchFaults(found))];
  if (found === null ? center === null : found.abstained !== (center === null)) {
    faults.push(`center is ${center === null ? 'null' : 'given'}, which does not fit the search for it`);
  }
  return { faults, certificate: derived, radius: derived.distance === null ? 0 : derived.radius };
}

/** Counts and distances that cannot be those of one run. */
function drawFaults(certificate: CenterCertificate, derived: CenterCertificate): string[] {
  const { center, shape, n, nUsed, missing, stopAt, checkEvery, bounds, prediction } = certificate;
  const faults: string[] = [];
  const size = shape.reduce((product, side) => product * side, 1);
  if (center !== null && center.length !== size)
    faults.push(`center has ${center.length} numbers, but ${size} by its shape`);
  const isStopped = nUsed < n;
  const isReached = derived.bounds.every(({ distance }) => distance !== null && stopAt !== null && distance <= stopAt);
  if (center === null ? nUsed !== 0 : nUsed > n || (isStopped && (nUsed % checkEvery !== 0 || !isReached))) {
    faults.push(`nUsed is ${nUsed}, which cannot be with n = ${n}`);
  }
  if (missing > nUsed) faults.push(`missing is ${missing}, but ${nUsed} were drawn`);
  for (const { radius, orderStatistic, coveringRadius } of derived.bounds) {
    const isKnown = orderStatistic !== null && orderStatistic <= nUsed - missing;
    if (isKnown && coveringRadius === null) faults.push(`coveringRadius is null within ${radius}, but it is known`);
  }
  const byIndex = derived.bounds.filter(({ coveringRadius }) => coveringRadius !== null);
  byIndex.sort((a, b) => Number(a.orderStatistic) - Number(b.orderStatistic));
  const falls = byIndex.some(
    ({ coveringRadius }, k) => Number(coveringRadius) < Number(byIndex[k - 1]?.coveringRadius ?? 0),
  );
  if (falls || bounds.length !== derived.bounds.length) faults.push('coveringRadius falls where the index rises');
  if (prediction === null && center !== null && nUsed === 0) faults.push('nUsed is 0 beside a center');
  return faults;
}

/** Counts that cannot be those of one search. */
function searchFaults(search: CenterSearch): string[] {
  const { candidates, n, check, centerIndex, ballRadius, inside, undrawn, reason } = search;
  const faults: string[] = [];
  const most = candidates === 'samples' ? n : candidates;
  if (centerIndex !== null && centerIndex >= most) faults.push(`centerIndex is ${centerIndex} of ${most} candidates`);
  if ((centerIndex === null) !== (ballRadius === null))
    faults.push('centerIndex and ballRadius must be known together');
  if (inside > check) faults.push(`inside is ${inside} of ${check} samples`);
  if (undrawn.samples > n || undrawn.candidates > (candidates === 'samples' ? 0 : candidates)) {
    faults.push('more were not drawn than were to be');
  }
  const isMeasured = centerIndex !== null;
  if (isMeasured === (reason === 'undrawn')) {
    if (isMeasured) faults.push('a center was measured though candidates or samples are missing');
  }
  if (!isMeasured && inside > 0) faults.push('inside counts samples in no ball');
  return faults;
}

/** The certificates of centers. @internal */
export const centerKind: OutputKind<CenterCertificate> = {
  parse,
  derive,
  exampleOptions: ['center'],
  settings: ['task', 'noise', 'domain', 'norm', 'alpha', 'metric', 'delta', 'n', 'stopAt', 'checkEvery'],
  options: ({ key, n, alpha, bounds, norm, stopAt, checkEvery, center, prediction }) => ({
    ...{ key, n, alpha, norm, checkEvery, radius: bounds.map(({ radius }) => radius) },
    ...(stopAt !== null && { stopAt }),
    ...(prediction === null
      ? { center }
      : {
          predict: {
            ...{ n: prediction.n, candidates: prediction.candidates },
            ...{ check: prediction.check, alpha: prediction.alpha },
          },
        }),
  }),
};

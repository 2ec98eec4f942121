import { assertCorrection, componentsIn, correctionField } from '../../certify/step-down.ts';
import { OptionError } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import { isProof } from '../../options/counting-norms.ts';
import * as fields from '../../options/fields.ts';
import { formOf } from '../../options/parse.ts';
import { grantedSettings } from '../certificates.ts';
import type { OutputKind } from '../outputs/output-kind.ts';
import { recordFields, taskField, wholeField, wholesField } from '../outputs/record-form.ts';
import {
  earlyStop,
  type SegmentationCertificate,
  segmentationCertificate,
  type SegmentationStopReason,
} from './certificate.ts';
import { assertLevels, levelsField, verticesOf } from './class-tree.ts';
import { decodeMask, type Mask } from './masks.ts';
import type { RadiusOfVotes } from './component-radii.ts';
import { stopField } from './segment-options.ts';

const orNull = (must: string, holds: (v: unknown) => boolean): fields.Field<number | null> =>
  fields.field<number | null>(`${must} or null`, (v) => v === null || holds(v));

const isPairs = (v: unknown): boolean =>
  Array.isArray(v) &&
  v.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every((n) => fields.isInteger(n, 0, 2 ** 53)));

const isRadii = (v: unknown): boolean =>
  Array.isArray(v) &&
  v.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every((n) => fields.isFiniteNumber(n) && n >= 0));

const isMask = (v: unknown): boolean =>
  typeof v === 'object' && v !== null && Object.keys(v).length === 2 && 'shape' in v && 'runs' in v;

const isFraction = (v: unknown): boolean => fields.isFiniteNumber(v) && v > 0 && v < 1;

/** The form of every field: a new one does not compile until it is here. What it says is checked elsewhere. */
const form = formOf<SegmentationCertificate>()({
  ...recordFields,
  task: taskField('segmentation'),
  alpha: fields.certifyAlpha,
  labels: fields.field<Mask>('must be { shape, runs }', isMask),
  radius: fields.nonNegative,
  tau: fields.field<number>('must be in [1/2, 1)', (v) => fields.isFiniteNumber(v) && v >= 0.5 && v < 1),
  radii: fields.optional(fields.field<'per component'>("must be 'per component'", (v) => v === 'per component')),
  votes: fields.optional(fields.field<Mask>('must be { shape, runs }', isMask)),
  radiusOfVotes: fields.optional(fields.field<RadiusOfVotes>('must be pairs [votes, radius]', isRadii)),
  certified: wholeField,
  components: wholeField,
  histogram: fields.field<SegmentationCertificate['histogram']>('must be pairs [count, components]', isPairs),
  leastCertifiedCount: orNull('must be a whole number', (v) => fields.isInteger(v, 0, fields.MAX_SAMPLES)),
  correction: correctionField,
  allowedErrors: wholeField,
  firstLevel: orNull('must be in (0, 1)', isFraction),
  lastLevel: orNull('must be in (0, 1)', isFraction),
  evidence: fields.oneOf('binomial', 'beta-mixture'),
  stopAt: fields.optional(stopField),
  looks: fields.optional(wholesField),
  checkEvery: fields.optional(fields.positiveInteger),
  stop: fields.oneOf<readonly [SegmentationStopReason, SegmentationStopReason, ...SegmentationStopReason[]]>(
    'all-drawn',
    'share-reached',
    'stalled',
    'nothing-to-test',
  ),
  numClasses: fields.classCount,
  levels: fields.optional(levelsField),
  n0: fields.sampleCount,
  n: fields.sampleCount,
  nUsed: wholeField,
  failures: wholeField,
  otherVotes: wholeField,
  votesSelection: wholesField,
  failuresSelection: wholeField,
  certifiedByLabel: wholesField,
  checksum: wholeField,
});

/** Segmentations: what the library can do with their certificates. @internal */
export const segmentationKind: OutputKind<SegmentationCertificate> = {
  parse: (call, certificate) => {
    form.check(call, certificate);
    decodeMask(certificate.labels);
    if (certificate.votes) decodeMask(certificate.votes);
    if (certificate.levels) assertLevels(call, certificate.levels, certificate.numClasses);
  },
  derive: (stored, noise) => {
    const faults = faultsOf(stored, noise);
    const { assumptions } = stored;
    const derived = segmentationCertificate({ ...stored, ...grantedSettings({ assumptions }), noise });
    return { faults, certificate: derived, radius: derived.radius };
  },
  settings: [
    'noise',
    'norm',
    'tau',
    'radii',
    'alpha',
    'correction',
    'allowedErrors',
    'evidence',
    'stopAt',
    'checkEvery',
    'numClasses',
    'levels',
    'n0',
    'n',
  ],
  options: ({ key, n0, n, tau, radii, alpha, correction, allowedErrors, norm, stopAt, checkEvery, levels }) => ({
    ...{ key, n0, n, alpha, correction, allowedErrors, norm, ...(radii ? { radii } : { tau }) },
    ...(stopAt && { stop: stopAt, checkEvery }),
    ...(levels && { levels }),
  }),
};

/** What cannot be, beside the fields that follow from others. */
function faultsOf(stored: SegmentationCertificate, noise: Noise): string[] {
  const { labels, histogram, n, nUsed, failures, failuresSelection, votesSelection, numClasses, levels } = stored;
  const { correction, allowedErrors, components, certified, norm, tau, dimension, n0 } = stored;
  const faults: string[] = [];
  const values = decodeMask(labels);
  const vertices = verticesOf(numClasses, levels?.tree).low.length;
  const claimed = values.reduce((sum, label) => sum + (label >= 0 ? 1 : 0), 0);
  if (values.some((label) => label < -1 || label >= vertices))
    faults.push(`labels must lie from -1 to ${vertices - 1}`);
  if (claimed !== certified) faults.push(`labels name ${claimed} components, but ${certified} are certified`);
  if (components > values.length) faults.push(`components are ${components}, but the mask has ${values.length}`);
  const votes = nUsed - failures;
  if (histogram.some(([count, number]) => count > votes || number === 0))
    faults.push(`histogram must hold counts of at most ${votes} votes, each of one component or more`);
  if (histogram.some(([count], i) => i > 0 && count >= (histogram[i - 1]?.[0] ?? 0)))
    faults.push('histogram must go from high to low');
  if (componentsIn(histogram) > 0 && allowedErrors >= componentsIn(histogram))
    faults.push(`allowedErrors is ${allowedErrors} of ${components} components`);
  if (votesSelection.length !== numClasses)
    faults.push(`votesSelection has ${votesSelection.length} classes, but there are ${numClasses}`);
  if (failuresSelection > n0) faults.push(`failuresSelection is ${failuresSelection} of ${n0}`);
  if (correction === 'k-fwer' && allowedErrors === 0) faults.push("correction is 'k-fwer' without errors, but 'holm'");
  if (!noise.norms.includes(norm)) faults.push(`norm is ${norm}, which ${noise.name} noise does not certify`);
  else if (
    stored.votes === undefined &&
    !(tau > 0.5 && isProof(noise.radius({ p: tau, q: 1 - tau }, { norm, dimension }), norm))
  )
    faults.push(`tau is ${tau}, at which nothing is proven`);
  try {
    assertCorrection('verifyCertificate', stored);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    faults.push(error.message);
  }
  const drawn = components === 0 ? 0 : n;
  if (nUsed > n || (stored.stopAt === undefined && nUsed !== drawn)) faults.push(`nUsed is ${nUsed} of ${n}`);
  return [...faults, ...radiiFaults(stored, values), ...lookFaults(stored)];
}

/** What is wrong with the votes of single components. */
function radiiFaults(
  { votes, histogram, stopAt, correction, ...stored }: SegmentationCertificate,
  labels: Int16Array,
): string[] {
  if (votes === undefined) return [];
  const faults: string[] = [];
  const counts = decodeMask(votes);
  if (String(votes.shape) !== String(stored.labels.shape)) return ['votes must be a mask of the shape of the labels'];
  if (stopAt !== undefined) faults.push('stopAt belongs to one radius for all');
  if (correction === 'holm') faults.push("correction is Holm's, which bounds no single component");
  if (counts.some((count, i) => count < -1 || count >= 0 !== labels[i]! >= 0))
    faults.push('votes must be those of the components that have a label');
  const found = new Map<number, number>();
  for (const count of counts) if (count >= 0) found.set(count, (found.get(count) ?? 0) + 1);
  const certified = histogram.filter(([count]) => count >= (stored.leastCertifiedCount ?? Infinity));
  if (certified.length !== found.size || certified.some(([count, number]) => found.get(count) !== number))
    faults.push('votes are not those of the histogram');
  return faults;
}

/** What is wrong with the moments at which it was looked whether the sampling may stop. */
function lookFaults({ stopAt, looks, checkEvery, n, nUsed, components, certified }: SegmentationCertificate): string[] {
  if (stopAt === undefined) return (looks ?? checkEvery) ? ['looks belong to a sampling that may stop'] : [];
  if (looks === undefined || checkEvery === undefined) return ['looks and checkEvery must be there beside stopAt'];
  if (components === 0) return looks.length === 0 ? [] : ['looks are there, but nothing was tested'];
  const faults: string[] = [];
  if (nUsed % checkEvery !== 0 && nUsed !== n) faults.push(`nUsed is ${nUsed}, between two checks`);
  if (looks.length !== Math.ceil(nUsed / checkEvery))
    faults.push(`looks are ${looks.length}, but ${Math.ceil(nUsed / checkEvery)} checks were made`);
  if (looks.some((look) => look > components)) faults.push(`looks must be at most ${components}`);
  if (looks.at(-1) !== certified) faults.push(`the last look is ${looks.at(-1)}, but ${certified} are certified`);
  const stops = looks.findIndex((_, i) => earlyStop(looks.slice(0, i + 1), stopAt, components) !== undefined);
  if (stops >= 0 ? stops !== looks.length - 1 : nUsed !== n) faults.push('the sampling does not stop where it did');
  return faults;
}

import type { Certificate } from '../../src/certify/types.ts';
import { OptionError } from '../../src/errors.ts';
import { certificateFields } from '../../src/smoothed/certificate-fields.ts';
import { kindOf } from '../../src/smoothed/derive-certificate.ts';
import { verifyCertificate } from '../../src/smoothed/verify-certificate.ts';
import { type Edit, edits } from './edits.ts';
import type { Made } from './made-certificates.ts';

/** What an edit may do and pass: it claims no more than what follows, or nobody can tell without the classifier. */
const admitted: Readonly<Partial<Record<keyof Certificate, (edited: Certificate, made: Made) => boolean>>> = {
  // Claims less.
  radius: (edited, { certificate }) =>
    edited.radius < certificate.radius * (1 + 1e-12) &&
    (['l0', 'patch', 'edit'].includes(edited.norm) ? Number.isInteger(edited.radius) : edited.radius > 0),
  pABar: (edited, { certificate }) => edited.pABar <= certificate.pABar,
  qABar: (edited, { certificate }) => edited.qABar >= certificate.qABar,
  pBBar: (edited, { certificate }) => edited.pBBar! >= certificate.pBBar!,
  // Follows as well.
  norm: (edited, { noise }) => noise.norms.includes(edited.norm),
  alpha: (edited) => edited.alpha > 0 && edited.alpha < 0.5,
  n: (edited) => edited.n >= edited.nUsed,
  rule: (edited, { certificate, noise }) =>
    (kindOf(certificate, noise) !== 'deterministic' || isOtherThreshold(edited)) &&
    edited.rule.name === certificate.rule.name,
  checkEvery: (edited) => edited.nUsed === edited.n || edited.nUsed % edited.checkEvery === 0,
  // Nobody can tell from the certificate: these are the votes and where they come from.
  key: (edited) => edited.key!.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32),
  n0: (edited, { noise }) =>
    edited.smoothing === 'soft' || noise.name === 'sound-gaussian' || noise.name === 'splitting',
  dimension: (edited) => Number.isInteger(edited.dimension) && edited.dimension >= 1,
  cAHat: (edited) => edited.smoothing === 'soft' && edited.abstained,
  failures: (edited, { noise }) =>
    edited.smoothing === 'soft' && (noise.name === 'sound-gaussian' || noise.name === 'splitting'),
  scores: (edited) =>
    edited.smoothing === 'soft' &&
    edited.scores!.sum <= edited.n &&
    edited.scores!.sumOfSquares <= edited.scores!.sum + 1e-9,
  countsSelection: ({ countsSelection, counts, n0 }) =>
    countsSelection.length === counts.length && sum(countsSelection) <= n0,
  counts: ({ counts, failures, nUsed, rule }) =>
    counts.length >= 2 && ('threshold' in rule.parameters || sum(counts) + failures === nUsed),
  steps: ({ steps = [], nUsed, n, checkEvery }) =>
    steps.every((step) => step.n <= nUsed && (step.n % checkEvery === 0 || step.n === n)),
};

/** The threshold from which on copies vote is a part of the classifier, as the beta of soft smoothing. */
const isOtherThreshold = ({ rule }: Certificate): boolean => {
  const { threshold, ...others } = rule.parameters;
  return typeof threshold === 'number' && threshold > 0 && threshold < 1 && Object.keys(others).length === 0;
};

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);

function isValid(edit: Edit, { noise }: Made): boolean {
  try {
    return verifyCertificate(edit.certificate, noise).valid;
  } catch (error) {
    if (error instanceof OptionError) return false;
    throw error;
  }
}

/** Only what need not follow, as the table has it; the rule of soft smoothing holds its beta, that of copies their threshold. */
function isLoose(name: keyof Certificate, { certificate, noise }: Made): boolean {
  const kind = kindOf(certificate, noise);
  return (
    certificateFields[name]?.[kind] !== 'follows' ||
    (name === 'rule' && (kind === 'soft' || 'threshold' in certificate.rule.parameters))
  );
}

/** Stops that depend on the clock or on the order of the votes: that one of the rule's own has stopped it can be as true as that another has. */
const ofThePath = ['stop-at-width', 'stop-at-gain', 'stop-at-deadline', 'all-of'];

function isStopOfThePath({ stop }: Certificate, { certificate }: Made): boolean {
  return ofThePath.includes(stop) && JSON.stringify(certificate.rule.parameters).includes(`"name":"${stop}"`);
}

/** Tries every `stride`-th edit of a certificate; returns those that pass and must not, and how many were tried. */
export function tryEdits(
  made: Made,
  stride: number,
  offset: number,
): { readonly wrong: string[]; readonly tried: number } {
  const wrong: string[] = [];
  let tried = 0;
  for (const edit of edits(made.certificate, stride, offset)) {
    tried++;
    if (!isValid(edit, made)) continue;
    const name = edit.field as keyof Certificate;
    const isAdmitted = isLoose(name, made) && admitted[name]?.(edit.certificate, made) === true;
    if (!isAdmitted && !(name === 'stop' && isStopOfThePath(edit.certificate, made)))
      wrong.push(`${made.name}: ${edit.what}`);
  }
  return { wrong, tried };
}

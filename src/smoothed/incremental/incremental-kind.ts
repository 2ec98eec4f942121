import type { Certificate } from '../../certify/types.ts';
import { CatrsError } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import { grantedSettings } from '../certificates.ts';
import type { OutputDerivation, OutputKind } from '../outputs/output-kind.ts';
import { differences } from '../outputs/record-differences.ts';
import { assertSameNoise, verifyVotes } from '../verify-votes.ts';
import { incrementalCertificate, isChosenFromVotes, isTwoSided, rootOf } from './incremental-certificate.ts';
import { incrementalForm } from './incremental-form.ts';
import type { IncrementalBasis, IncrementalCertificate } from './types.ts';

const CALL = 'verifyCertificate';

/** Certificates of changed classifiers. @internal */
export const incrementalKind: OutputKind<IncrementalCertificate> = {
  parse: (call, certificate) => incrementalForm.check(call, certificate),
  derive,
  settings: ['noise', 'domain', 'norm', 'alpha', 'n', 'alphaZeta', 'until'],
  options: (certificate): object => {
    const { basis, n, alphaZeta, until, votes } = certificate;
    return { from: basis, n, alphaZeta, until, keepVotes: votes?.length ?? 0 };
  },
  // An example that stops early, or is not asked about, has fewer votes to keep.
  exampleOptions: ['from', 'keepVotes'],
};

function derive(stored: IncrementalCertificate, noise: Noise): OutputDerivation<IncrementalCertificate> {
  const faults = [...basisFaults(stored.basis, noise).map((fault) => `basis: ${fault}`), ...faultsOf(stored, noise)];
  if (faults.length > 0) return { faults };
  const { basis, losses, gains = 0, failures, nUsed, n, counts, alphaZeta, until, votes } = stored;
  const certificate = incrementalCertificate({
    ...{ basis, noise, losses, gains, failures, nUsed, n, counts, alphaZeta, until },
    ...grantedSettings(stored),
  });
  const isEnd = nUsed === n || (basis.abstained ? nUsed === 0 : until !== undefined && certificate.radius >= until);
  if (!isEnd) faults.push(`nUsed is ${nUsed} of n = ${n}, but nothing ended the sampling`);
  return {
    faults,
    certificate: { ...certificate, ...(votes !== undefined && { votes }) },
    radius: certificate.radius,
  };
}

/** What is wrong with the certificate of the old classifier. */
function basisFaults(basis: IncrementalBasis, noise: Noise): readonly string[] {
  try {
    if (!('task' in basis)) {
      if (basis.smoothing !== 'hard' || basis.topK !== 1) return ['must be of hard votes and of one class'];
      if (isChosenFromVotes(basis)) return ['must have a class that its selection sample chose'];
      return verifyVotes(basis as Certificate, noise, {}).faults;
    }
    incrementalForm.check(CALL, basis);
    assertSameNoise(CALL, basis, noise);
    const { faults, certificate } = derive(basis as IncrementalCertificate, noise);
    return [...faults, ...(certificate === undefined ? [] : differences(basis as IncrementalCertificate, certificate))];
  } catch (error) {
    if (error instanceof CatrsError) return [error.message];
    throw error;
  }
}

/** What cannot be true together, whatever the classifiers. */
function faultsOf(stored: IncrementalCertificate, noise: Noise): string[] {
  const { basis, norm, dimension, key, n, nUsed, losses, gains = 0, failures, counts, votes } = stored;
  const faults: string[] = [];
  for (const name of ['norm', 'dimension', 'key'] as const) {
    if (JSON.stringify(stored[name]) !== JSON.stringify(basis[name]))
      faults.push(`${name} is ${JSON.stringify(stored[name])}, but ${JSON.stringify(basis[name])} of basis`);
  }
  if (norm === undefined || dimension === undefined || key === null) faults.push('the samples have no key');
  const { cAHat, counts: old } = rootOf(basis);
  if (counts.length !== old.length)
    return [...faults, `counts have ${counts.length} classes, but ${old.length} of basis`];
  if (basis.abstained && nUsed > 0) faults.push(`nUsed is ${nUsed}, but basis leaves nothing to keep`);
  const cast = counts.reduce((a, b) => a + b, 0);
  if (nUsed > n) faults.push(`nUsed = ${nUsed} exceeds n = ${n}`);
  if (cast > nUsed || cast + failures < nUsed)
    faults.push(`counts sum to ${cast} with ${failures} failures, not to nUsed = ${nUsed}`);
  if (failures > 0 && noise.fillCopies !== undefined)
    faults.push(`failures is ${failures}, but ${noise.name} noise has none`);
  const other = nUsed - (counts[cAHat] ?? 0);
  if (losses < failures || losses > other + failures)
    faults.push(`losses is ${losses}, but ${other} samples voted for another class`);
  const most = Math.max(0, ...counts.filter((_, c) => c !== cAHat)) + failures;
  if (isTwoSided(basis, noise) && (gains < failures || gains > most))
    faults.push(`gains is ${gains}, but no other class has more than ${most} votes`);
  if (votes !== undefined) {
    const kept = counts.map((_, c) => votes.filter((vote) => vote === c).length);
    const none = votes.filter((vote) => vote === -1).length;
    const isWrong =
      votes.length === 0 ||
      votes.length > nUsed ||
      none > failures ||
      kept.reduce((a, b) => a + b, none) !== votes.length ||
      kept.some((count, c) => count > (counts[c] ?? 0));
    if (isWrong) faults.push(`votes hold ${kept.join(', ')} and ${none} failures, more than counts`);
  }
  return faults;
}

import type { Norm } from '../types.ts';

/** Which norms count changes: their radii are whole numbers, closed, and 0 is a result. A new norm does not compile until it is here. */
const counting: Readonly<Record<Norm, boolean>> = {
  l1: false,
  l2: false,
  linf: false,
  l0: true,
  patch: true,
  edit: true,
  parameter: false,
  scaled: false,
};

/** Whether a norm counts changes; none stands for a length. @internal */
export function countsChanges(norm: Norm | undefined): boolean {
  // Of a damaged log it may be any text.
  return norm !== undefined && Object.hasOwn(counting, norm) && counting[norm];
}

/**
 * Whether a radius proves anything: of a length one above 0, of a count one of at least 0, which speaks of the input as it is.
 *
 * Noises give 0 for a length, and -1 for a count, where nothing is proven.
 * @internal
 */
export function isProof(radius: number, norm: Norm | undefined): boolean {
  return countsChanges(norm) ? radius >= 0 : radius > 0;
}

/** The radius that stands for "nothing is proven" on the way to a certificate, which never holds it. @internal */
export function nothingProven(norm: Norm | undefined): number {
  return countsChanges(norm) ? -1 : 0;
}

/** Whether a radius can be asked for: the closed ball of 0 changes is the input as it is, the open ball of length 0 is empty. @internal */
export function isAskable(radius: number, norm: Norm | undefined): boolean {
  return countsChanges(norm) ? Number.isSafeInteger(radius) && radius >= 0 : radius > 0;
}

/**
 * The methods of the comparison, in the order of all tables.
 */
import type { METHODS } from '../certification.ts';

/** A method of the comparison. */
export type Method = (typeof METHODS)[number];

/** How each method is called in the tables and in the official repository. */
export const NAMES: Readonly<Record<Method, { readonly title: string; readonly official: string }>> = {
  gaussian: { title: 'Gaussian', official: 'cohen' },
  stability: { title: 'Stability', official: 'stab' },
  smoothadv: { title: 'SmoothAdv', official: 'salman' },
  macer: { title: 'MACER', official: 'macer' },
  consistency: { title: 'Consistency', official: 'consistency' },
  smoothmix: { title: 'SmoothMix', official: 'smoothmix' },
  catrs: { title: 'CAT-RS', official: 'cat-rs' },
};

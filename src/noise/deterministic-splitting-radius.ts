/**
 * Certified ℓ1 radius of a class by the votes of all copies of a deterministic splitting noise, on the lattice of 8-bit images.
 *
 * min over c ≠ label of ⌊(n_label − n_c − 1[c < label]) / 2⌋ / 255. A change of one coordinate by one grey level changes at most one
 * copy, so D levels take at most D votes from the label and give at most D to another class; ties go to the lower index. 0 where the label
 * is not the most voted class. No distance of the lattice lies between D/255 and (D + 1)/255, so the rounding of the quotient claims
 * nothing.
 *
 * @param counts - votes per class of all copies
 * @param label - the class that is certified
 * @see Levine, Feizi, "Improved, Deterministic Smoothing for L1 Certified Robustness", ICML 2021
 */
export function deterministicSplittingRadius(counts: readonly number[], label: number): number {
  const own = counts[label] ?? 0;
  const margins = counts.map((count, c) => (c === label ? Infinity : own - count - (c < label ? 1 : 0)));
  return Math.max(0, Math.floor(Math.min(...margins) / 2)) / 255;
}

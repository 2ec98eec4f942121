/** The most voted class; the lowest index among equals, as numpy's argmax. @internal */
export function topClass(counts: readonly number[]): number {
  return counts.reduce((best, count, c) => (count > (counts[best] ?? 0) ? c : best), 0);
}

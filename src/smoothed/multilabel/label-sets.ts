import type { ValuesPiece } from '../outputs/read-values.ts';
import type { LabelSetRule } from './types.ts';

/** Adds 1 for every label in the set of each pass of a piece that was drawn; how many were not. @internal */
export function countSets(rule: LabelSetRule, { values, drawn, failed }: ValuesPiece, counts: number[]): number {
  const size = counts.length;
  const isVoid = new Set(failed);
  for (let row = 0; row < drawn; row++) {
    if (isVoid.has(row)) continue;
    for (const label of setOf(rule, values.subarray(row * size, (row + 1) * size))) {
      counts[label] = (counts[label] ?? 0) + 1;
    }
  }
  return isVoid.size;
}

/** The set of one row of logits. */
function setOf(rule: LabelSetRule, logits: Float32Array): readonly number[] {
  const labels = Array.from(logits, (_, label) => label);
  if ('threshold' in rule) {
    const { threshold } = rule;
    return labels.filter(
      (label) => (logits[label] as number) > (typeof threshold === 'number' ? threshold : (threshold[label] as number)),
    );
  }
  return labels.sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b).slice(0, rule.labelsPerPass);
}
